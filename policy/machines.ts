/** What must hold for machines that we make, and for what outlives them. */
import { all, inputsHold, isOneOf, isSecret, map, needs, optionsHold, type Rule, types } from "./graph";

/** Machines that are ours to make. */
export const machines: readonly string[] = [types.droplet, types.instance];
const disks = [types.dropletDisk, types.instanceDisk, types.diskKey];
const addresses = [types.dropletAddress, types.instanceAddress];
/** What a running machine keeps, whatever the settings say meanwhile. */
const bornWith: Readonly<Record<string, readonly string[]>> = {
  [types.droplet]: ["image", "userData", "sshKeys"],
  [types.instance]: ["ami", "userData", "keyName"],
};
const buckets = [types.awsBucket, types.awsBucketV2, types.spacesBucket, types.r2Bucket];
const isEncrypted = ({ encrypted }: Readonly<Record<string, unknown>>): boolean => encrypted === true;
const hasKey = ({ kmsKeyId }: Readonly<Record<string, unknown>>): boolean => kmsKeyId !== undefined;

export const machineRules: readonly Rule[] = [
  {
    name: "disks are protected",
    why: "the data are on them, and a destroyed stack must find them again; what encrypts them is worth as much",
    fix: "protect",
    check: optionsHold(disks, ({ protect = false }, _, { expected }) => protect === expected.keepSecrets),
  },
  {
    name: "disks outlive everything",
    why: "a disk that leaves the program, or the state, must stay at the provider",
    fix: "retainOnDelete",
    unseen: ["retainOnDelete"],
    check: optionsHold(
      disks,
      ({ retainOnDelete = false }, _, { expected }) => retainOnDelete === expected.keepSecrets,
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
    name: "an address leaves with its droplet",
    why: "the provider breaks down when it removes the assignment of an address that no droplet has",
    fix: "deletedWith the droplet, retainOnDelete",
    unseen: ["deletedWith", "retainOnDelete"],
    check: optionsHold(
      [types.dropletAssignment],
      ({ deletedWith, retainOnDelete }) => deletedWith !== undefined && retainOnDelete === true,
    ),
  },
  {
    name: "machines can be thrown away",
    why: "a destroy keeps whatever something protected needs: the machine would stay, and be paid for",
    fix: "protect nothing that has the machine among what it depends on, its provider's dependencies included",
    unseen: ["deletedWith"],
    scope: "graph",
    check: (resource, { resources, expected }) =>
      resource.options.protect !== true || expected.machines !== "made"
        ? []
        : [...needs(resource, resources)].filter(isOneOf(...machines)).map(({ name }) => `needs ${name}`),
  },
  {
    name: "old machine goes first",
    why: "a disk can't be attached to two machines, and an old one takes its time to shut down",
    fix: "deleteBeforeReplace, and customTimeouts that cover a shutdown",
    check: optionsHold(
      machines,
      ({ deleteBeforeReplace, customTimeouts = {} }) =>
        deleteBeforeReplace === true &&
        ["create", "update", "delete"].every((step) => customTimeouts[step] !== undefined),
    ),
  },
  {
    name: "a new machine can be asked for",
    why: "people must be able to have a machine made anew that Pulumi takes for unchanged",
    fix: "a replacementTrigger",
    unseen: ["replacementTrigger"],
    check: optionsHold(machines, ({ replacementTrigger }) => replacementTrigger !== undefined),
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
    fix: "droplet: volumeIds, gracefulShutdown, resizeDisk false; instance: stopInstanceBeforeDetaching",
    check: all(
      inputsHold(
        types.droplet,
        ["gracefulShutdown", "resizeDisk"],
        ({ gracefulShutdown, resizeDisk }) => gracefulShutdown === true && resizeDisk === false,
      ),
      inputsHold(types.instanceDiskAttachment, ["stopInstanceBeforeDetaching"], (inputs) =>
        Object.values(inputs).every((value) => value === true),
      ),
    ),
  },
  {
    name: "no step skips the shutdown",
    why: "an update in place would pull the disk from a running machine, and so would a machine that takes its attachment along",
    fix: "droplet: a beforeUpdate hook; instance: no deletedWith for the attachment",
    unseen: ["deletedWith", "hooks"],
    check: all(
      optionsHold([types.droplet], ({ hooks }) => (hooks?.["beforeUpdate"] ?? []).length > 0),
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
    check: all(
      inputsHold(types.instanceDisk, ["encrypted"], isEncrypted),
      inputsHold(types.instanceDisk, ["kmsKeyId"], hasKey),
      ...[isEncrypted, hasKey].map((holds) =>
        inputsHold(types.instance, ["rootBlockDevice"], ({ rootBlockDevice }) => holds(map(rootBlockDevice))),
      ),
    ),
  },
  {
    name: "buckets are protected",
    why: "backups must outlive the stack, and its machines; providers encrypt buckets themselves, and backups are encrypted before",
    fix: "protect, and no forceDestroy; better, let npm run bucket make it, outside of the stack",
    check: all(
      optionsHold(buckets, ({ protect }) => protect === true),
      ...buckets.map((type) =>
        inputsHold(type, ["forceDestroy"], ({ forceDestroy }) => forceDestroy !== true),
      ),
    ),
  },
];
