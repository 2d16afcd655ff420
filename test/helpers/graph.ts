/**
 * What a Pulumi program asked the engine for, in a form tests can read.
 *
 * Both the in-process recorder and the fake engine fill the same `RecordedResource`, so a component test and
 * a whole-program test assert on one shape.
 */

/** What an input or output shows when its value is only known after deployment. */
export const UNKNOWN = "[unknown]";

/**
 * A value that travelled to the engine as a secret. Prints and serialises as `[secret]`; equal to `{ secret
 * }`.
 */
export class SecretValue {
  constructor(readonly secret: unknown) {}

  toJSON(): string {
    return "[secret]";
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}

/** True if the value itself is a secret (a list with one secret element is not). */
export function isSecret(value: unknown): value is SecretValue {
  return value instanceof SecretValue;
}

/** Wraps a value so that the fake engine answers it as a secret. */
export function secret(value: unknown): SecretValue {
  return new SecretValue(value);
}

/** Strips every secret marker, at any depth. */
export function unwrap(value: unknown): unknown {
  return mapLeaves(value, (leaf) => (isSecret(leaf) ? unwrap(leaf.secret) : leaf));
}

/** True if the value or anything inside it is only known after deployment. */
export function hasUnknown(value: unknown): boolean {
  let found = false;
  mapLeaves(unwrap(value), (leaf) => (found ||= leaf === UNKNOWN));
  return found;
}

export interface ResourceRef {
  urn: string;
  name: string;
}

/** An alias as the program wrote it: a whole URN, or the parts that differ from today's identity. */
export type RecordedAlias =
  | string
  | { name?: string; type?: string; stack?: string; project?: string; parent?: string; noParent?: true };

/** Resource options. A field is present only if the program set it, or a parent passed it down. */
export interface RecordedOptions {
  protect?: boolean;
  retainOnDelete?: boolean;
  deleteBeforeReplace?: boolean;
  ignoreChanges?: string[];
  replaceOnChanges?: string[];
  hideDiffs?: string[];
  replaceWith?: string[];
  replacementTrigger?: unknown;
  deletedWith?: string;
  aliases?: RecordedAlias[];
  additionalSecretOutputs?: string[];
  customTimeouts?: Record<string, string>;
  /** Hook names by kind, such as `{ afterCreate: ["wait-until-ready"] }`. */
  hooks?: Record<string, string[]>;
  import?: string;
  version?: string;
}

export interface RecordedResource {
  type: string;
  name: string;
  urn: string;
  /** URN of the parent; absent for the stack itself. */
  parent?: string;
  custom: boolean;
  /** True for a look-up of something that exists already (`.get()`), which creates nothing. */
  read: boolean;
  inputs: Record<string, unknown>;
  /**
   * What the program could read back. For a component: what it passed to registerOutputs, if it called it.
   */
  outputs?: Record<string, unknown>;
  /** The explicit provider of a custom resource. Absent means the default provider of its package. */
  provider?: ResourceRef;
  /** Providers a component hands to its children, by package. */
  providers: Record<string, ResourceRef>;
  /** URNs of everything it waits for: dependsOn and whatever its inputs were built from. */
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  options: RecordedOptions;
}

export interface RecordedInvoke {
  token: string;
  args: Record<string, unknown>;
  answered: boolean;
}

export interface RecordedHook {
  name: string;
  kind: "resource" | "error";
  onDryRun: boolean;
}

export interface RecordedLog {
  severity: "info" | "warning" | "error";
  message: string;
  urn: string;
}

/**
 * The one resource with this name (and type, if several share the name); an error that lists the names
 * otherwise.
 */
export function find(resources: readonly RecordedResource[], name: string, type?: string): RecordedResource {
  const hits = resources.filter((r) => r.name === name && (type === undefined || r.type === type));
  const [hit] = hits;
  if (hit === undefined || hits.length > 1) {
    const known = resources.map((r) => `  ${r.type} ${r.name}`).join("\n");
    throw new Error(
      `${String(hits.length)} resources are called "${name}"${type ? ` (${type})` : ""}, among:\n${known}`,
    );
  }
  return hit;
}

/** `urn:pulumi:stack::project::A$B::name` → `A$B::name`: what tells resources of one stack apart. */
export function shortUrn(urn: string): string {
  return urn.replace(/^urn:pulumi:[^:]*::[^:]*::/, "");
}

// The engine marks special values with these keys; they are part of Pulumi's wire protocol and never change.
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";
const UNKNOWN_WIRE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Wire form → readable form. */
export function decode(value: unknown): unknown {
  if (value === UNKNOWN_WIRE) return UNKNOWN;
  if (Array.isArray(value)) return value.map(decode);
  if (!isObject(value)) return value;
  const { [SIGNATURE]: signature, ...rest } = value;
  const { value: inner, urn } = rest;
  if (signature === SECRET) return secret(decode(inner));
  if (signature === OUTPUT) {
    const plain = inner === undefined ? UNKNOWN : decode(inner);
    return rest["secret"] === true ? secret(plain) : plain;
  }
  if (signature === RESOURCE) return { resource: urn };
  if (signature === ASSET || signature === ARCHIVE) return { asset: decodeObject(rest) };
  return decodeObject(rest);
}

export function decodeObject(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decode(item)]));
}

/** Readable form → wire form, for what tests make the fake engine answer. */
export function encode(value: unknown): unknown {
  if (value === UNKNOWN) return UNKNOWN_WIRE;
  if (isSecret(value)) return { [SIGNATURE]: SECRET, value: encode(value.secret) };
  if (Array.isArray(value)) return value.map(encode);
  return isObject(value) ? encodeObject(value) : value;
}

export function encodeObject(value: Record<string, unknown>): Record<string, unknown> {
  const present = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(present.map(([key, item]) => [key, encode(item)]));
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Rebuilds a value with every leaf replaced; a secret counts as a leaf. */
export function mapLeaves(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => mapLeaves(item, change));
  if (isSecret(value) || !isObject(value)) return change(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapLeaves(item, change)]));
}
