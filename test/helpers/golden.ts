/**
 * Turns a recorded graph into the text of a golden file: stable order, short names, no secret ever in the
 * clear.
 */

import { createHash } from "node:crypto";
import { isSecret, mapLeaves, shortUrn, UNKNOWN, type RecordedResource } from "./graph";

const STACK = "pulumi:pulumi:Stack";
/** Shorter strings ("true", "5432") occur by chance, so finding one elsewhere proves nothing. */
const MIN_SECRET_LENGTH = 8;

/**
 * The graph as a plain object keyed by short URN, ready for JSON.
 *
 * Left out on purpose: the stack itself (it carries nothing), per-property dependencies (the plain list says
 * the same to a reader), and provider versions (an upgrade would touch every entry without changing any
 * resource).
 */
export function toGolden(resources: readonly RecordedResource[]): unknown {
  const named = shortNames(resources);
  const secrets = secretStrings(resources);
  const clean = (value: unknown): unknown =>
    sorted(
      mapLeaves(value, (leaf) => {
        if (isSecret(leaf)) return "[secret]";
        if (typeof leaf !== "string") return leaf;
        if (secrets.some((text) => leaf.includes(text))) return "[leaked secret]";
        return named.get(leaf) ?? (leaf.startsWith("urn:pulumi:") ? shortUrn(leaf) : leaf);
      }),
    );
  const entries = resources
    .filter((r) => r.type !== STACK)
    .map((r): [string, unknown] => {
      const options = { ...r.options };
      delete options.version;
      // A component answers nothing but what it registers; a custom resource's outputs are made up by the
      // tests.
      const outputs = r.custom ? undefined : r.outputs;
      return [
        shortUrn(r.urn),
        clean({
          ...(r.parent?.includes(`::${STACK}::`) ? {} : { parent: r.parent }),
          ...(r.read ? { read: true } : {}),
          ...(r.provider ? { provider: r.provider.urn } : {}),
          ...filled("providers", urns(r.providers)),
          ...filled("inputs", withoutScript(r)),
          ...filled("outputs", outputs),
          ...filled("dependencies", r.dependencies.map((urn) => named.get(urn) ?? shortUrn(urn)).sort()),
          ...filled("options", options),
        }),
      ];
    });
  return sorted(Object.fromEntries(entries));
}

/**
 * Places where a value that is a secret somewhere in the graph also appears in the clear, as `urn property`.
 * Golden files show such a place as `[leaked secret]`; an invariant test should expect none.
 */
export function leakedSecrets(resources: readonly RecordedResource[]): string[] {
  const secrets = secretStrings(resources);
  const places = new Set<string>();
  for (const resource of resources) {
    for (const [key, value] of Object.entries({ ...resource.inputs, ...resource.options })) {
      mapLeaves(value, (leaf) => {
        if (typeof leaf === "string" && secrets.some((text) => leaf.includes(text)))
          places.add(`${shortUrn(resource.urn)} ${key}`);
      });
    }
  }
  return [...places].sort();
}

/**
 * Every string that was sent as a secret. Lists are skipped: one secret in an `envs` list hides harmless ones
 * too.
 */
function secretStrings(resources: readonly RecordedResource[]): string[] {
  const found = new Set<string>();
  for (const resource of resources) {
    mapLeaves([resource.inputs, resource.outputs ?? {}, resource.options], (leaf) => {
      if (isSecret(leaf) && typeof leaf.secret === "string" && leaf.secret.length >= MIN_SECRET_LENGTH)
        if (leaf.secret !== "[unknown]") found.add(leaf.secret);
    });
  }
  return [...found];
}

/** The script that sets a machine up fills a book, and has tests of its own: here, whether it is another one. */
function withoutScript({ type, inputs }: RecordedResource): Record<string, unknown> {
  const { stdin } = inputs;
  if (type !== "command:remote:Command" || typeof stdin !== "string" || stdin === UNKNOWN) return inputs;
  return { ...inputs, stdin: `sha256:${createHash("sha256").update(stdin).digest("hex")}` };
}

/** URN → "Container mattermost"; the short URN where two resources would read the same. */
function shortNames(resources: readonly RecordedResource[]): Map<string, string> {
  const label = (r: RecordedResource): string => `${r.type.split(":").pop() ?? r.type} ${r.name}`;
  const count = new Map<string, number>();
  for (const r of resources) count.set(label(r), (count.get(label(r)) ?? 0) + 1);
  return new Map(resources.map((r) => [r.urn, count.get(label(r)) === 1 ? label(r) : shortUrn(r.urn)]));
}

function urns(refs: RecordedResource["providers"]): Record<string, string> {
  return Object.fromEntries(Object.entries(refs).map(([key, ref]) => [key, ref.urn]));
}

function filled(key: string, value: unknown): Record<string, unknown> {
  const empty = value === undefined || (typeof value === "object" && Object.keys(value ?? {}).length === 0);
  return empty ? {} : { [key]: value };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  // Code-point order, not locale order: a golden must not depend on the machine's language.
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
