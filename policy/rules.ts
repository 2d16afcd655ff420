/**
 * The graph's invariants: what must hold in every stack and what the engine won't check. Each is one function
 * over a recorded graph, for the tests and for a policy pack alike.
 */
import { containerRules } from "./containers";
import { edgeRules } from "./edge";
import { firewallRules } from "./firewall";
import {
  type Graph,
  type GraphResource,
  inputsHold,
  isMap,
  isSecret,
  leaves,
  list,
  map,
  optionsHold,
  type Rule,
  types,
  unknown,
} from "./graph";
import { imageRules } from "./images";
import { machineRules } from "./machines";
import { remoteRules } from "./remote";

export type { Expected, Graph, GraphResource, Rule } from "./graph";

/** Shorter strings occur by chance, so finding one elsewhere proves nothing. */
const leastSecretLength = 8;

const isProvider = ({ type }: GraphResource): boolean => type.startsWith("pulumi:providers:");
/** Of each host one. */
const outsideNetwork = /^network-([a-z]+-)?outside$/;
const labelled: readonly string[] = [types.container, types.network, types.volume];

const keepSecret = "keep what is derived from a secret an Output, or wrap it with pulumi.secret";

type Part = (resource: GraphResource) => unknown;
const known = new WeakMap<readonly GraphResource[], Map<Part, string[]>>();

/** Every text that travels as a secret in this part of some resource. */
function secretsIn(part: Part, { resources }: Graph): string[] {
  const ofGraph = known.get(resources) ?? new Map<Part, string[]>();
  known.set(resources, ofGraph);
  const found =
    ofGraph.get(part) ??
    resources
      .flatMap((resource) => leaves(part(resource)))
      .flatMap(({ leaf }) => (isSecret(leaf) && typeof leaf.secret === "string" ? [leaf.secret] : []))
      .filter((text) => text.length >= leastSecretLength && text !== unknown);
  ofGraph.set(part, found);
  return found;
}

/** Whether an input shows in the clear what travels as a secret elsewhere. */
const shows =
  (part: Part): Rule["check"] =>
  ({ inputs }, graph) => {
    const secrets = secretsIn(part, graph);
    return leaves(inputs)
      .filter(({ leaf }) => typeof leaf === "string" && secrets.some((secret) => leaf.includes(secret)))
      .map(({ path }) => `${path} shows a secret`);
  };

const resourceRules: readonly Rule[] = [
  {
    name: "explicit provider",
    why: "on a default provider it lands on the operator's own machine",
    fix: "pass the host's provider",
    scope: "graph",
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
    scope: "graph",
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
    fix: "protect for every volume that holds data or backups; on a machine of ours none, which would keep the machine",
    check: optionsHold(
      [types.volume],
      ({ protect = false }, { name }, { expected }) =>
        protect === (expected.keptVolumes.has(name) && expected.machines !== "made"),
    ),
  },
  {
    name: "kept volumes stay",
    why: "a volume that leaves the program, or the state, must keep what people have in it",
    fix: "retainOnDelete for every volume that holds data or backups, and for no other",
    unseen: ["retainOnDelete"],
    check: optionsHold(
      [types.volume],
      ({ retainOnDelete = false }, { name }, { expected }) =>
        retainOnDelete === expected.keptVolumes.has(name),
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
    name: "no secret in an id",
    why: "the id of random bytes is what was made, and ids stand in the state in plain text",
    fix: "make it of a RandomPassword's result",
    check: ({ type }) => (type === types.randomBytes ? ["random bytes"] : []),
  },
  {
    name: "no way out",
    why: "a service without a reason must not reach the outside, nor the others on the way out each other",
    fix: "internal: true; on the outside network, enable_icc false",
    check: inputsHold(types.network, ["internal", "options"], ({ internal, options }, { name }) =>
      outsideNetwork.test(name)
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
      const given = list(inputs["labels"]);
      if (given.some((entry) => entry === unknown || map(entry)["label"] === unknown)) return [];
      const entries = given.map(map);
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
    fix: keepSecret,
    scope: "graph",
    check: shows(({ inputs }) => inputs),
  },
  {
    name: "no generated secret in the clear",
    why: "what was made at random is known to nobody, and must stay so",
    fix: keepSecret,
    unseen: ["outputs"],
    scope: "graph",
    check: shows(({ outputs }) => outputs),
  },
];

/** Every rule there is. */
export const rules: readonly Rule[] = [
  ...containerRules,
  ...imageRules,
  ...resourceRules,
  ...machineRules,
  ...firewallRules,
  ...remoteRules,
  ...edgeRules,
];

/** A rule's name as a policy's. */
export const policyName = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll("'", "")
    .replace(/[^a-z0-9]+/g, "-");

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
