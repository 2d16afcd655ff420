/**
 * Text with late values in it: secrets and addresses that exist only while the stack is being built.
 * Plain data, so that services, plan and tests need no engine; the renderer puts the values in.
 */

/** A value that is known late. */
export type Late =
  | { secret: string; encode?: "json" }
  /** Address at which clients reach a host. */
  | { publicAddressOf: string }
  /** The host's own address, which differs behind address translation. */
  | { privateAddressOf: string }
  /** Address at which the other hosts of the stack reach it. */
  | { peerAddressOf: string }
  /** The engine's id of a service's container on the same host. */
  | { containerIdOf: string };

/** Text with late parts. Whether it may carry a secret is part of its type. */
export interface Text<L extends Late = Late> {
  readonly parts: readonly (string | L)[];
}

/** Text that is safe to show, and known before any container: environment variables and commands take nothing else. */
export type PlainText = Text<Exclude<Late, { secret: string } | { containerIdOf: string }>>;

type Value = string | number | Late | Text;
type LateOf<V> = V extends { parts: readonly (infer P)[] } ? Extract<P, Late> : Extract<V, Late>;

/** Tagged template: text`host=${address} password=${secret("database")}`. */
export function text<const V extends readonly Value[]>(
  strings: TemplateStringsArray,
  ...values: V
): Text<LateOf<V[number]>> {
  const parts = strings.flatMap<string | Late>((literal, index) => {
    const value = values[index];
    if (value === undefined) return [literal];
    if (typeof value === "string" || typeof value === "number") return [literal, String(value)];
    return "parts" in value ? [literal, ...value.parts] : [literal, value];
  });
  return { parts: join(parts) as (string | LateOf<V[number]>)[] };
}

/** Neighbouring literals become one, empty ones vanish: equal texts are equal data. */
function join(parts: readonly (string | Late)[]): (string | Late)[] {
  return parts.reduce<(string | Late)[]>((joined, part) => {
    const last = joined.at(-1);
    if (typeof part === "string" && typeof last === "string") joined[joined.length - 1] = last + part;
    else if (part !== "") joined.push(part);
    return joined;
  }, []);
}

/** A secret by the name under which a service declares it; `json` writes it as a JSON string. */
export const secret = (name: string, encode?: "json"): Extract<Late, { secret: string }> =>
  encode === undefined ? { secret: name } : { secret: name, encode };

/** Names of the secrets that a text carries. */
export const secretsIn = ({ parts }: Text): string[] =>
  parts.flatMap((part) => (typeof part === "object" && "secret" in part ? [part.secret] : []));

/** The text with every late value replaced by what `show` makes of it. */
export const fill = (source: Text, show: (late: Late) => string): string =>
  source.parts.map((part) => (typeof part === "string" ? part : show(part))).join("");

/** What JSON holds, with texts and late values in the place of strings. */
export type JsonValue<L extends Late> =
  | string
  | number
  | boolean
  | L
  | Text<L>
  | readonly JsonValue<L>[]
  | { readonly [key: string]: JsonValue<L> };

/** JSON with late values in it. An address stands in a string as it is; a secret is a string of its own. */
export function jsonText<L extends Late = never>(value: JsonValue<L>): Text<L> {
  return render(value) as Text<L>;
}

function render(value: JsonValue<Late>): Text {
  if (typeof value !== "object") return text`${JSON.stringify(value)}`;
  if (Array.isArray(value)) return text`[${commaSeparated(value.map(render))}]`;
  if ("parts" in value) return quoted(value as Text);
  if ("secret" in value) return text`${secret((value as { secret: string }).secret, "json")}`;
  if (
    "publicAddressOf" in value ||
    "privateAddressOf" in value ||
    "peerAddressOf" in value ||
    "containerIdOf" in value
  )
    return quoted(text`${value as Late}`);
  const entries = Object.entries(value as Record<string, JsonValue<Late>>);
  return text`{${commaSeparated(entries.map(([key, inner]) => text`${JSON.stringify(key)}:${render(inner)}`))}}`;
}

function quoted({ parts }: Text): Text {
  if (parts.some((part) => typeof part === "object" && "secret" in part))
    throw new Error("a secret within a longer JSON string: nothing would escape it");
  return {
    parts: join([
      '"',
      ...parts.map((part) => (typeof part === "string" ? JSON.stringify(part).slice(1, -1) : part)),
      '"',
    ]),
  };
}

const commaSeparated = (texts: readonly Text[]): Text =>
  texts.reduce<Text>((all, next, index) => text`${all}${index === 0 ? "" : ","}${next}`, text``);
