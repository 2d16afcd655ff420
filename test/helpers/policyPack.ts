/** What the rules say of a graph: as the tests ask them, and as the policy pack does, which must say the same. */
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import * as deserialize from "@pulumi/policy/deserialize";
import * as proxy from "@pulumi/policy/proxy";
import type {
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import { type Graph, type GraphResource, isMap, isSecret, unknown } from "../../policy/graph";
import { policiesOf } from "../../policy/pack";
import { policyName, rules, violations } from "../../policy/rules";

// The SDK has them, but leaves them out of its types.
const { deserializeProperties } = deserialize as unknown as {
  deserializeProperties: (struct: Struct, secrets: boolean) => object;
};
const { unknownCheckingProxy } = proxy as unknown as { unknownCheckingProxy: (props: object) => object };

// Pulumi's wire protocol.
const wire = {
  signature: "4dabf18193072939515e22adb298388d",
  secret: "1b47061264138c4ac30d75fd1eb44270",
  unknown: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
};

function encoded(value: unknown): unknown {
  if (value === unknown) return wire.unknown;
  if (isSecret(value)) return { [wire.signature]: wire.secret, value: encoded(value.secret) };
  if (Array.isArray(value)) return value.map(encoded);
  if (!isMap(value)) return value;
  const there = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(there.map(([key, inner]) => [key, encoded(inner)]));
}

/** What the SDK makes of the engine's message about one resource, for policies that may see secrets. */
export function handed({ type, name, urn, parent, custom, provider, inputs, options }: GraphResource) {
  const struct = Struct.fromJavaScript(encoded({ ...inputs, __defaults: ["a"] }) as never);
  const { protect = false, ignoreChanges = [], deleteBeforeReplace, customTimeouts = {} } = options;
  const seconds = (step: string): number => (customTimeouts[step] === undefined ? 0 : 60);
  const isProvider = type.startsWith("pulumi:providers:");
  const given =
    provider ?? (custom && !isProvider ? { urn: "urn::default", name: "default_1_2_3" } : undefined);
  return {
    type,
    name,
    urn,
    props: unknownCheckingProxy(deserializeProperties(struct, true)) as Record<string, unknown>,
    opts: {
      protect,
      ignoreChanges: [...ignoreChanges],
      ...(deleteBeforeReplace === undefined ? {} : { deleteBeforeReplace }),
      aliases: [],
      additionalSecretOutputs: [...(options.additionalSecretOutputs ?? [])],
      customTimeouts: {
        createSeconds: seconds("create"),
        updateSeconds: seconds("update"),
        deleteSeconds: seconds("delete"),
      },
      ...(parent === undefined ? {} : { parent }),
    },
    ...(given === undefined
      ? {}
      : { provider: { type: "", props: {}, name: given.urn.split("::")[1] ?? "", ...given } }),
    notApplicable: (): never => {
      throw new NotApplicable();
    },
  } as unknown as ResourceValidationArgs;
}

class NotApplicable extends Error {}

/** Names of the policies that refuse a graph, each once; and of those that don't apply. */
export function judgedByPack({ resources, expected }: Graph): { refused: string[]; left: string[] } {
  const policies = policiesOf(expected) as (ResourceValidationPolicy & StackValidationPolicy)[];
  const refused: string[] = [];
  const left: string[] = [];
  const run = (name: string, judge: (report: () => void) => unknown): void => {
    try {
      judge(() => refused.push(name));
    } catch (error) {
      if (!(error instanceof NotApplicable)) throw error;
      left.push(name);
    }
  };
  const all = resources.map(handed);
  for (const args of all) {
    for (const { remediateResource } of policies)
      (remediateResource as ((a: unknown) => void) | undefined)?.(args);
    for (const { name, validateResource } of policies)
      run(name, (report) =>
        (validateResource as ((a: unknown, r: unknown) => void) | undefined)?.(args, report),
      );
  }
  const inStack = all.map((args, at) => ({
    ...args,
    dependencies: (resources[at]?.dependencies ?? []).map((urn) => ({ urn })),
  })) as unknown as PolicyResource[];
  for (const { name, validateStack } of policies)
    run(name, (report) =>
      (validateStack as ((a: unknown, r: unknown) => void) | undefined)?.(
        { resources: inStack, notApplicable: all[0]?.notApplicable },
        report,
      ),
    );
  return { refused: [...new Set(refused)], left };
}

/**
 * Names of the rules that a graph breaks, each once.
 * @throws Error where the policy pack says anything else, but for what it can't know.
 */
export function brokenRules(graph: Graph): string[] {
  const said = violations(graph).map((line) => line.split(": ")[1] ?? "");
  const known = new Set(rules.filter(({ unseen = [] }) => unseen.length === 0).map(({ name }) => name));
  const names = [...new Set(said)];
  const here = names.filter((name) => known.has(name)).map(policyName);
  const { refused } = judgedByPack(graph);
  if (JSON.stringify(here.sort()) !== JSON.stringify(refused.sort()))
    throw new Error(`the rules say ${here.join(", ")}; the policy pack says ${refused.join(", ")}`);
  return names;
}
