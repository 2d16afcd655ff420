/** A stack's resources as the engine hands them to a policy pack: one by one before each is made, then all at once. */
import { type PolicyResource, type ResourceValidationArgs, Secret } from "@pulumi/policy";
import { type GraphResource, isMap, unknown, type UnseenPart, unseenParts } from "./graph";

/** What a policy is handed of one resource, as far as the graph needs it. */
export type Handed = Pick<ResourceValidationArgs, "type" | "name" | "urn" | "props" | "opts" | "provider">;
/** What it is handed of one among all. */
export type HandedInStack = Pick<PolicyResource, "type" | "name" | "urn" | "opts" | "provider"> & {
  dependencies: readonly { urn: string }[];
};

/** What the engine puts where a value is only known after deployment: one for each kind of value, as Pulumi's wire protocol names them. */
const unknowns: readonly unknown[] = [
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
];

/** A provider that nobody has passed. */
const defaultProvider = /^default(_|$)/;

export class Recorded {
  private readonly seen = new Map<string, GraphResource>();

  /** Takes down a resource that is about to be made; a later run of the same program takes its place. */
  add({ type, name, urn, props, opts, provider }: Handed): void {
    const { protect, ignoreChanges, deleteBeforeReplace, customTimeouts, additionalSecretOutputs } = opts;
    const timeouts = {
      create: customTimeouts.createSeconds,
      update: customTimeouts.updateSeconds,
      delete: customTimeouts.deleteSeconds,
    };
    const resource: Omit<GraphResource, "dependencies"> = {
      type,
      name,
      urn,
      ...(opts.parent === undefined ? {} : { parent: opts.parent }),
      // The engine doesn't say it; but a component has no provider.
      custom: provider !== undefined || type.startsWith("pulumi:providers:"),
      ...(provider === undefined || defaultProvider.test(provider.name)
        ? {}
        : { provider: { urn: provider.urn } }),
      inputs: inputsOf(props),
      options: unseen(
        {
          protect,
          ignoreChanges,
          additionalSecretOutputs,
          ...(deleteBeforeReplace === undefined ? {} : { deleteBeforeReplace }),
          customTimeouts: Object.fromEntries(
            Object.entries(timeouts)
              .filter(([, seconds]) => seconds > 0)
              .map(([step, seconds]) => [step, `${seconds}s`]),
          ),
        },
        unseenParts,
      ),
    };
    const withoutOutputs = unseen(resource, ["outputs"]);
    this.seen.set(urn, hidden(withoutOutputs, "dependencies", alone) as GraphResource);
  }

  /**
   * The resource that is about to be made.
   * @throws Error where it wasn't taken down before: nothing could be said of it.
   */
  one(urn: string): GraphResource {
    const found = this.seen.get(urn);
    if (found === undefined)
      throw new Error(`the engine hasn't shown the secrets of ${urn}: a newer Pulumi CLI is needed`);
    return found;
  }

  /**
   * All that this run has registered, with what they wait for. What the run leaves alone, such as whatever --target
   * leaves out, isn't there.
   */
  all(resources: readonly HandedInStack[]): GraphResource[] {
    return resources.flatMap(({ urn, dependencies }) => {
      const found = this.seen.get(urn);
      if (found === undefined) return [];
      const descriptors = Object.getOwnPropertyDescriptors(found);
      const urns = dependencies.map((other) => other.urn);
      return [
        Object.defineProperties(
          {},
          { ...descriptors, dependencies: { value: urns, enumerable: true } },
        ) as GraphResource,
      ];
    });
  }
}

const alone = "one resource alone: the rule needs scope graph";

/** A value whose `key` must not be read, instead of being taken for one that isn't set. */
function hidden<T extends object>(value: T, key: string, why: string): T {
  return Object.defineProperty(value, key, {
    configurable: true,
    get: () => {
      throw new Error(`${key} can't be known here: ${why}`);
    },
  });
}

const unseen = <T extends object>(value: T, parts: readonly UnseenPart[]): T =>
  parts.reduce((all, part) => hidden(all, part, "the engine doesn't hand it to policy packs"), value);

/** No other resources: those that come later aren't known yet. */
export const noOthers = <T extends object>(graph: T): T => hidden(graph, "resources", alone);

/**
 * The inputs, with what is unknown and what is secret marked. The values behind the SDK's proxies: those hide that a
 * value is a secret, and throw where one is unknown.
 */
function inputsOf(props: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const behind = Object.entries(Object.getOwnPropertyDescriptors(props));
  return valuesOf(behind.map(([key, { value }]) => [key, value as unknown]));
}

/** Keys with two underscores are the engine's own. */
const valuesOf = (entries: readonly (readonly [string, unknown])[]): Record<string, unknown> =>
  Object.fromEntries(
    entries.filter(([key]) => !key.startsWith("__")).map(([key, value]) => [key, marked(value)]),
  );

function marked(value: unknown): unknown {
  if (value instanceof Secret) return { secret: marked(value.value) };
  if (unknowns.includes(value)) return unknown;
  if (Array.isArray(value)) return value.map(marked);
  return isMap(value) ? valuesOf(Object.entries(value)) : value;
}
