/**
 * Text with late values in it: secrets and addresses that exist only while the stack is being built.
 * Plain data, so that services, plan and tests need no engine; the renderer puts the values in.
 */

/** A value that is known late. */
export type Late = { secret: string; encode?: "json" } | { publicAddressOf: string };

/** Text with late parts. Whether it may carry a secret is part of its type. */
export interface Text<L extends Late = Late> {
  readonly parts: readonly (string | L)[];
}

/** Text that is safe to show: environment variables and commands take nothing else. */
export type PlainText = Text<Extract<Late, { publicAddressOf: string }>>;

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
