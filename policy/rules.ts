/**
 * The graph's invariants: what must hold in every stack and what the engine won't check. Each is one function
 * over a recorded graph, for the tests and for a policy pack alike.
 */
import { containerRules } from "./containers";
import {
  type Graph,
  type GraphResource,
  inputsHold,
  isMap,
  isSecret,
  leaves,
  optionsHold,
  type Rule,
  types,
  unknown,
} from "./graph";
import { machineRules } from "./machines";
import { remoteRules } from "./remote";

export type { Expected, Graph, GraphResource, Rule } from "./graph";

/** Shorter strings occur by chance, so finding one elsewhere proves nothing. */
const leastSecretLength = 8;

const isProvider = ({ type }: GraphResource): boolean => type.startsWith("pulumi:providers:");
const labelled: readonly string[] = [types.container, types.network, types.volume];

const resourceRules: readonly Rule[] = [
  {
    name: "explicit provider",
    why: "on a default provider it lands on the operator's own machine",
    fix: "pass the host's provider",
    check: (resource, { resources }) =>
      !resource.custom ||
      isProvider(resource) ||
      resource.type === types.stack ||
      resources.some(({ urn }) => urn === resource.provider?.urn)
        ? []
        : [`provider: ${resource.provider?.urn ?? "the default one"}`],
  },
  {
    name: "a parent of its own",
    why: "without one, options and aliases of its component don't reach it",
    fix: "parent: this; only the outermost component stands directly under the stack",
    check: ({ type, parent, custom }, { resources }) => {
      if (type === types.stack) return [];
      const found = resources.find(({ urn }) => urn === parent);
      if (found === undefined) return [`parent: ${parent ?? "missing"}`];
      return custom && found.type === types.stack ? ["parent: the stack itself"] : [];
    },
  },
  {
    name: "one engine, named",
    why: "without an address, DOCKER_HOST of whoever runs it decides where containers land",
    fix: "host: the engine's address",
    check: inputsHold(types.dockerProvider, ["host"], ({ host }) => /^(unix|ssh):\/\/./.test(String(host))),
  },
  {
    name: "no stray context",
    why: "DOCKER_CONTEXT of whoever runs it would win over the host",
    fix: 'context: ""',
    check: inputsHold(types.dockerProvider, ["context"], ({ context }) => context === ""),
  },
  {
    name: "images stay on the host",
    why: "removing an image that another container runs fails",
    fix: "keepLocally: true",
    check: inputsHold(types.image, ["keepLocally"], ({ keepLocally }) => keepLocally === true),
  },
  {
    name: "kept volumes",
    why: "people's messages and files must outlive a destroy",
    fix: "protect and retainOnDelete for every volume that holds data or backups; on a machine of ours no protect, which would keep the machine",
    check: optionsHold(
      [types.volume],
      ({ protect = false, retainOnDelete = false }, { name }, { expected }) => {
        const keep = expected.keptVolumes.has(name);
        return protect === (keep && expected.machines !== "made") && retainOnDelete === keep;
      },
    ),
  },
  {
    name: "kept secrets",
    why: "a new password doesn't open the old database, and a machine with a new key is a stranger",
    fix: "protect",
    check: optionsHold(
      [types.password, types.randomId, types.privateKey],
      ({ protect = false }, _, { expected }) => protect === expected.keepSecrets,
    ),
  },
  {
    name: "no way out",
    why: "a service without a reason must not reach the outside, nor the others on the way out each other",
    fix: "internal: true; on the outside network, enable_icc false",
    check: inputsHold(types.network, ["internal", "options"], ({ internal, options }, { name }) =>
      name === "network-outside"
        ? internal === false && isMap(options) && options["com.docker.network.bridge.enable_icc"] === "false"
        : internal === true,
    ),
  },
  {
    name: "networks are replaced in place",
    why: "a network's name can't be held twice",
    fix: "deleteBeforeReplace: true",
    check: optionsHold([types.network], ({ deleteBeforeReplace }) => deleteBeforeReplace === true),
  },
  {
    name: "labelled as ours",
    why: "strays are found, and told from another installation's, by these labels alone",
    fix: "labels muster.stack, muster.instance and muster.service",
    check: ({ type, inputs }) => {
      if (!labelled.includes(type) || inputs["labels"] === unknown) return [];
      const entries = Array.isArray(inputs["labels"]) ? inputs["labels"].filter(isMap) : [];
      return ["muster.stack", "muster.instance", "muster.service"].flatMap((label) =>
        entries.some(
          (entry) => entry["label"] === label && ![undefined, ""].includes(entry["value"] as string),
        )
          ? []
          : [`label ${label}: missing`],
      );
    },
  },
  {
    name: "no secret in the clear",
    why: "state, logs and diffs show it to everyone who may see those",
    fix: "keep what is derived from a secret an Output, or wrap it with pulumi.secret",
    check: ({ inputs }, graph) => {
      const secrets = secretsOf(graph);
      return leaves(inputs)
        .filter(({ leaf }) => typeof leaf === "string" && secrets.some((secret) => leaf.includes(secret)))
        .map(({ path }) => `${path} shows a secret`);
    },
  },
];

const known = new WeakMap<readonly GraphResource[], string[]>();

/** Every text that travels as a secret somewhere in the graph. */
function secretsOf({ resources }: Graph): string[] {
  const found =
    known.get(resources) ??
    resources
      .flatMap(({ inputs, outputs }) => leaves({ inputs, outputs: outputs ?? {} }))
      .flatMap(({ leaf }) => (isSecret(leaf) && typeof leaf.secret === "string" ? [leaf.secret] : []))
      .filter((text) => text.length >= leastSecretLength && text !== unknown);
  known.set(resources, found);
  return found;
}

/** Every rule there is. */
export const rules: readonly Rule[] = [...containerRules, ...resourceRules, ...machineRules, ...remoteRules];

/** Everything in a graph that breaks a rule, one line each. */
export function violations(graph: Graph): string[] {
  return graph.resources.flatMap((resource) =>
    rules.flatMap((rule) =>
      rule
        .check(resource, graph)
        .map((what) => `${resource.type} ${resource.name}: ${rule.name}: ${what} (fix: ${rule.fix})`),
    ),
  );
}
