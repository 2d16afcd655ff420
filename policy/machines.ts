/** What must hold for machines that we make, and for what outlives them. */
import {
  type Graph,
  type GraphResource,
  inputsHold,
  isKnown,
  isSecret,
  list,
  map,
  needs,
  optionsHold,
  type Rule,
  types,
} from "./graph";

const isOneOf =
  (...ofTypes: readonly string[]) =>
  ({ type }: GraphResource): boolean =>
    ofTypes.includes(type);
/** Checks that hold for some resources, each with what it says where it doesn't. */
const all =
  (...checks: readonly Rule["check"][]): Rule["check"] =>
  (resource, graph) =>
    checks.flatMap((check) => check(resource, graph));

/** Machines that are ours to make. */
export const machines: readonly string[] = [types.droplet, types.instance];
const disks = [types.dropletDisk, types.instanceDisk, types.diskKey];
const addresses = [types.dropletAddress, types.instanceAddress];
/** What a running machine keeps, whatever the settings say meanwhile. */
const bornWith: Readonly<Record<string, readonly string[]>> = {
  [types.droplet]: ["image", "userData", "sshKeys"],
  [types.instance]: ["ami", "userData", "keyName"],
};
const otherHosts = "other hosts";
/** Networks to which a DigitalOcean firewall opens ports. */
const inboundTexts = (rules: unknown): string[] =>
  list(rules)
    .map(map)
    .filter(({ protocol }) => protocol !== "icmp")
    .flatMap(({ protocol, portRange, sourceAddresses, sourceTags }) => {
      const [first = "", last = first] = String(portRange).split("-");
      return list(sourceTags === undefined ? sourceAddresses : [otherHosts]).map(
        (from) => `${String(protocol)} ${first}-${last} from ${String(from)}`,
      );
    });
const ingressTexts = (rules: readonly GraphResource[]): string[] =>
  rules
    .filter(({ inputs }) => inputs["ipProtocol"] !== "icmp")
    .map(({ inputs: { ipProtocol, fromPort, toPort, cidrIpv4 } }) =>
      [ipProtocol, `${String(fromPort)}-${String(toPort)}`, "from", cidrIpv4 ?? otherHosts]
        .map(String)
        .join(" "),
    );
const planned = (texts: readonly string[], { name }: GraphResource, { expected }: Graph): boolean =>
  JSON.stringify([...texts].sort()) ===
  JSON.stringify([...(expected.openings.get(name.replace(/^firewall-/, "")) ?? [])].sort());

export const machineRules: readonly Rule[] = [
  {
    name: "disks outlive everything",
    why: "the data are on them, and a destroyed stack must find them again; what encrypts them is worth as much",
    fix: "protect and retainOnDelete",
    check: optionsHold(
      disks,
      ({ protect = false, retainOnDelete = false }, _, { expected }) =>
        protect === expected.keepSecrets && retainOnDelete === expected.keepSecrets,
    ),
  },
  {
    name: "addresses outlive machines",
    why: "names and clients know the address; one that names its machine would be changed with it",
    fix: "protect, and no dropletId or instance in it",
    check: all(
      optionsHold(addresses, ({ protect = false }, _, { expected }) => protect === expected.keepSecrets),
      (resource) =>
        isOneOf(...addresses)(resource)
          ? ["dropletId", "instance"].filter((key) => resource.inputs[key] !== undefined)
          : [],
    ),
  },
  {
    name: "machines can be thrown away",
    why: "a destroy keeps whatever something protected needs: the machine would stay, and be paid for",
    fix: "protect nothing that has the machine among what it depends on, its provider's dependencies included",
    check: (resource, { resources, expected }) =>
      resource.options.protect !== true || expected.machines !== "made"
        ? []
        : [...needs(resource, resources)].filter(isOneOf(...machines)).map(({ name }) => `needs ${name}`),
  },
  {
    name: "old machine goes first",
    why: "a disk can't be attached to two machines; and people must be able to ask for a new one",
    fix: "deleteBeforeReplace, a replacementTrigger, and customTimeouts that cover a shutdown",
    check: optionsHold(
      machines,
      ({ deleteBeforeReplace, replacementTrigger, customTimeouts = {} }) =>
        deleteBeforeReplace === true &&
        replacementTrigger !== undefined &&
        ["create", "update", "delete"].every((step) => customTimeouts[step] !== undefined),
    ),
  },
  {
    name: "machines keep what they were born with",
    why: "a newer image, or another key, would throw a running machine away",
    fix: "ignoreChanges: the image, userData and the SSH key",
    check: optionsHold(machines, ({ ignoreChanges = [] }, { type }) =>
      (bornWith[type] ?? []).every((key) => ignoreChanges.includes(key)),
    ),
  },
  {
    name: "machines shut down before they lose a disk",
    why: "a disk that is pulled from a running machine loses what wasn't written yet",
    fix: "droplet: volumeIds, gracefulShutdown, resizeDisk false, a beforeUpdate hook; instance: stopInstanceBeforeDetaching, and no deletedWith",
    check: all(
      inputsHold(
        types.droplet,
        ["gracefulShutdown", "resizeDisk"],
        ({ gracefulShutdown, resizeDisk }) => gracefulShutdown === true && resizeDisk === false,
      ),
      optionsHold([types.droplet], ({ hooks }) => (hooks?.["beforeUpdate"] ?? []).length > 0),
      inputsHold(types.instanceDiskAttachment, ["stopInstanceBeforeDetaching"], (inputs) =>
        Object.values(inputs).every((value) => value === true),
      ),
      optionsHold([types.instanceDiskAttachment], ({ deletedWith }) => deletedWith === undefined),
    ),
  },
  {
    name: "a machine's birth is secret",
    why: "its private host key is in its user data",
    fix: "pulumi.secret(userData)",
    check: (resource) =>
      isOneOf(...machines)(resource) && !isSecret(resource.inputs["userData"]) ? ["userData: plain"] : [],
  },
  {
    name: "firewall as planned",
    why: "a port that the topology doesn't know is in no table and no one's mind; one that is missing is an outage",
    fix: "cloudRules(); by tag, so that a droplet is born behind it; no inline rules, which fight with others",
    check: (resource, graph) => {
      const { type, inputs, urn } = resource;
      if (type === types.dropletFirewall) {
        const { inboundRules, tags, dropletIds } = inputs;
        const byTag = list(tags).length > 0 && dropletIds === undefined;
        return byTag && (!isKnown(inboundRules) || planned(inboundTexts(inboundRules), resource, graph))
          ? []
          : ["inboundRules or tags"];
      }
      if (type !== types.securityGroup) return [];
      const own = graph.resources.filter(({ parent }) => parent === urn);
      const ingress = own.filter(isOneOf(types.ingressRule));
      const holds =
        inputs["ingress"] === undefined &&
        inputs["egress"] === undefined &&
        own.some(isOneOf(types.egressRule)) &&
        planned(ingressTexts(ingress), resource, graph);
      return holds ? [] : ["rules"];
    },
  },
  {
    name: "containers can't ask for the machine's role",
    why: "the metadata service gives credentials to whoever asks",
    fix: "metadataOptions: httpTokens required, httpPutResponseHopLimit 1",
    check: inputsHold(types.instance, ["metadataOptions"], ({ metadataOptions }) => {
      const { httpTokens, httpPutResponseHopLimit } = map(metadataOptions);
      return httpTokens === "required" && httpPutResponseHopLimit === 1;
    }),
  },
  {
    name: "encrypted disks",
    why: "whoever gets at a disk or at a copy of one must not read it",
    fix: "encrypted: true and kmsKeyId, for the data and for the machine's own disk",
    check: (resource) => {
      const { type, inputs } = resource;
      const disk = type === types.instanceDisk ? inputs : map(inputs["rootBlockDevice"]);
      return isOneOf(types.instanceDisk, types.instance)(resource) &&
        !(disk["encrypted"] === true && disk["kmsKeyId"] !== undefined)
        ? ["encrypted or kmsKeyId"]
        : [];
    },
  },
];
