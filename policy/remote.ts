/** What must hold for whatever is done on a machine over SSH, and stands on it. */
import {
  type Graph,
  type GraphResource,
  inputsHold,
  isKnown,
  isSecret,
  leaves,
  list,
  map,
  type Rule,
  types,
  unknown,
} from "./graph";
import { machines } from "./machines";

const onMachine: readonly string[] = [types.container, types.image, types.network, types.volume];
/** Without these, somebody's agent, configuration or known hosts decide where containers land. */
const sshOptions = [
  /^-F$/,
  /^\/dev\/null$/,
  /^IdentitiesOnly=yes$/,
  /^IdentityAgent=none$/,
  /^BatchMode=yes$/,
  /^StrictHostKeyChecking=yes$/,
  /^UserKnownHostsFile=\/dev\/null$/,
  /^GlobalKnownHostsFile=\/dev\/null$/,
  /^UpdateHostKeys=no$/,
  /^KnownHostsCommand=\/bin\/echo \S+ (ssh-ed25519|ecdsa-sha2-nistp256) \S+$/,
  /^ForwardAgent=no$/,
];

/** The machine that a command or a container stands on, where it is one of ours. */
const goesWithMachine = ({ options }: GraphResource, { resources, expected }: Graph): boolean =>
  expected.machines !== "made" ||
  resources.some(({ type, urn }) => machines.includes(type) && urn === options.deletedWith);

export const remoteRules: readonly Rule[] = [
  {
    name: "private keys are secrets",
    why: "state, logs and diffs show what isn't one to everyone who may see those",
    fix: "wrap it with pulumi.secret",
    check: ({ inputs }) =>
      leaves(inputs)
        .filter(({ leaf }) => typeof leaf === "string" && leaf.includes("PRIVATE KEY-----"))
        .map(({ path }) => `${path} is a private key`),
  },
  {
    name: "only the expected machine",
    why: "without a host key, whoever answers at the address is given the commands and their secrets",
    fix: "connection.hostKey, Ed25519 or ECDSA",
    check: inputsHold(types.command, ["connection"], ({ connection }) => {
      const { host, hostKey } = map(connection);
      // What the provider makes of an address that isn't known yet; it leaves out a key that isn't.
      return host === "" || /^(ssh-ed25519|ecdsa-sha2-nistp256) \S+$/.test(String(hostKey));
    }),
  },
  {
    name: "no secret in a command",
    why: "errors print the command, and its answers are no secrets by themselves",
    fix: 'secrets on stdin alone, then logging: "none" and additionalSecretOutputs stdout and stderr; addPreviousOutputInEnv: false',
    check: ({ type, inputs, options }) => {
      if (type !== types.command) return [];
      const shown = ["create", "update", "delete", "environment", "triggers"];
      const found = shown.filter((key) => leaves(inputs[key]).some(({ leaf }) => isSecret(leaf)));
      const hidden = ["stdout", "stderr"].every((key) => options.additionalSecretOutputs?.includes(key));
      const silent = ["none", unknown].includes(inputs["logging"] as string);
      if (isSecret(inputs["stdin"]) && !(silent && hidden)) found.push("stdin");
      if (![false, unknown].includes(inputs["addPreviousOutputInEnv"] as boolean))
        found.push("addPreviousOutputInEnv");
      return found;
    },
  },
  {
    name: "a new machine is set up anew",
    why: "a new machine has nothing of the old one's, and one that is gone can't be asked to undo anything",
    fix: "triggers: the machine's id; deleteBeforeReplace; no delete command",
    check: ({ type, inputs, options }) => {
      if (type !== types.command) return [];
      const holds =
        options.deleteBeforeReplace === true &&
        (!isKnown(inputs["triggers"]) || list(inputs["triggers"]).length > 0) &&
        inputs["delete"] === undefined;
      return holds ? [] : ["deleteBeforeReplace, triggers or delete"];
    },
  },
  {
    name: "commands go with their machine",
    why: "whatever was done on a machine that is gone must not be waited for",
    fix: "deletedWith the machine",
    unseen: ["deletedWith"],
    scope: "graph",
    check: (resource, graph) =>
      resource.type !== types.command || goesWithMachine(resource, graph) ? [] : ["deletedWith"],
  },
  {
    name: "nobody's own SSH settings",
    why: "an agent, a configuration or known hosts of whoever runs it would decide where containers land",
    fix: "sshOpts: sshOptions()",
    check: inputsHold(types.dockerProvider, ["host", "sshOpts"], ({ host, sshOpts }) => {
      const given = list(typeof sshOpts === "string" ? JSON.parse(sshOpts) : sshOpts).map(String);
      return (
        !String(host).startsWith("ssh://") ||
        sshOptions.every((option) => given.some((text) => option.test(text)))
      );
    }),
  },
  {
    name: "what is on a machine goes with it",
    why: "the address stays the same, and the engine would think that the containers of the old machine are still there",
    fix: "replacementTrigger: the machine's id, deletedWith: the machine; only kept volumes have neither",
    unseen: ["deletedWith", "replacementTrigger", "retainOnDelete"],
    scope: "graph",
    check: (resource, graph) => {
      const { type, options } = resource;
      if (!onMachine.includes(type) || graph.expected.machines === "none") return [];
      const { deletedWith, replacementTrigger } = options;
      const stays = type === types.volume && options.retainOnDelete === true;
      const holds = stays
        ? deletedWith === undefined && replacementTrigger === undefined
        : replacementTrigger !== undefined && goesWithMachine(resource, graph);
      return holds ? [] : ["deletedWith or replacementTrigger"];
    },
  },
];
