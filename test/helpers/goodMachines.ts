/** Graphs of machines that break no rule: tests change one thing in them. */
import { type Expected, type GraphResource, types } from "../../policy/graph";
import { expected as expectedOnEngine, labels, part, stack } from "./goodGraph";

const hostKey = "ssh-ed25519 AAAA";
const sshOpts = [
  ...["-F", "/dev/null", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", "BatchMode=yes"],
  ...["-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=/dev/null"],
  ...["-o", "GlobalKnownHostsFile=/dev/null", "-o", "UpdateHostKeys=no", "-o", "ForwardAgent=no"],
  ...["-o", `KnownHostsCommand=/bin/echo muster-test-main ${hostKey}`],
];
const userData = { secret: "#cloud-config with -----BEGIN OPENSSH PRIVATE KEY-----" };
const outlives = { protect: true, retainOnDelete: true };
const machineOptions = {
  deleteBeforeReplace: true,
  replacementTrigger: 1,
  customTimeouts: { create: "15m", update: "30m", delete: "20m" },
};
const cloud = { parent: "urn::host", provider: { urn: "urn::cloud" } };
const onMachine = { replacementTrigger: "1001", deletedWith: "urn::machine-main" };

/** What every host over SSH has. */
const common = {
  stack,
  host: part("muster:host:Host", "host", { custom: false, parent: "urn::stack" }),
  platform: part("muster:platform:Platform", "platform", { custom: false, parent: "urn::stack" }),
  cloud: part("pulumi:providers:cloud", "cloud", { parent: "urn::host" }),
  hostKey: part(types.privateKey, "host-key-main", { ...cloud, options: { protect: true } }),
  bootstrap: part(types.command, "bootstrap-main", {
    ...cloud,
    inputs: {
      connection: { secret: { host: "203.0.113.10", hostKey } },
      create: "sh -s",
      stdin: "true",
      logging: "stderr",
      triggers: ["1001"],
      addPreviousOutputInEnv: false,
    },
    dependencies: ["urn::machine-main"],
    options: { deleteBeforeReplace: true, deletedWith: "urn::machine-main" },
  }),
  engine: part(types.dockerProvider, "engine", {
    parent: "urn::host",
    inputs: { host: "ssh://root@203.0.113.10:22", context: "", sshOpts },
    dependencies: ["urn::bootstrap-main"],
  }),
  network: part(types.network, "network-app", {
    inputs: { internal: true, labels },
    options: { deleteBeforeReplace: true, ...onMachine },
  }),
  volume: part(types.volume, "app-data", { inputs: { labels }, options: { retainOnDelete: true } }),
  scratch: part(types.volume, "app-run", { inputs: { labels }, options: onMachine }),
} satisfies Record<string, GraphResource>;

export const droplet = {
  ...common,
  disk: part(types.dropletDisk, "disk-main", { ...cloud, options: outlives }),
  address: part(types.dropletAddress, "address-main", { ...cloud, options: { protect: true } }),
  assignment: part(types.dropletAssignment, "assignment-main", {
    ...cloud,
    options: { deleteBeforeReplace: true, deletedWith: "urn::machine-main", retainOnDelete: true },
  }),
  bucket: part(types.spacesBucket, "bucket", {
    ...cloud,
    inputs: { forceDestroy: false },
    options: outlives,
  }),
  firewall: part(types.dropletFirewall, "firewall-main", {
    ...cloud,
    inputs: {
      tags: ["muster-test-main"],
      inboundRules: [
        { protocol: "tcp", portRange: "22", sourceAddresses: ["198.51.100.0/24", "192.0.2.0/24"] },
        { protocol: "udp", portRange: "49160-49239", sourceAddresses: ["0.0.0.0/0"] },
        { protocol: "icmp", sourceAddresses: ["0.0.0.0/0"] },
      ],
    },
  }),
  machine: part(types.droplet, "machine-main", {
    ...cloud,
    inputs: { gracefulShutdown: true, resizeDisk: false, userData },
    dependencies: ["urn::disk-main", "urn::firewall-main", "urn::host-key-main"],
    options: {
      ...machineOptions,
      ignoreChanges: ["image", "userData", "sshKeys"],
      hooks: { beforeUpdate: ["shut-down"] },
    },
  }),
} satisfies Record<string, GraphResource>;

const rule = (name: string, fromPort: number, toPort: number, cidrIpv4: string, ipProtocol: string) =>
  part(types.ingressRule, name, {
    ...cloud,
    parent: "urn::firewall-main",
    inputs: { ipProtocol, fromPort, toPort, cidrIpv4 },
  });

export const instance = {
  ...common,
  diskKey: part(types.diskKey, "disk-key", { ...cloud, options: outlives }),
  disk: part(types.instanceDisk, "disk-main", {
    ...cloud,
    inputs: { encrypted: true, kmsKeyId: "arn" },
    options: outlives,
  }),
  address: part(types.instanceAddress, "address-main", { ...cloud, options: { protect: true } }),
  firewall: part(types.securityGroup, "firewall-main", cloud),
  ssh: rule("in-1", 22, 22, "198.51.100.0/24", "tcp"),
  sshToo: rule("in-2", 22, 22, "192.0.2.0/24", "tcp"),
  relay: rule("in-3", 49160, 49239, "0.0.0.0/0", "udp"),
  icmp: rule("in-4", -1, -1, "0.0.0.0/0", "icmp"),
  out: part(types.egressRule, "out", { ...cloud, parent: "urn::firewall-main" }),
  machine: part(types.instance, "machine-main", {
    ...cloud,
    inputs: {
      metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
      rootBlockDevice: { encrypted: true, kmsKeyId: "arn" },
      userData,
    },
    dependencies: ["urn::host-key-main"],
    options: { ...machineOptions, ignoreChanges: ["ami", "userData", "keyName"] },
  }),
  attachment: part(types.instanceDiskAttachment, "attachment-main", {
    ...cloud,
    inputs: { stopInstanceBeforeDetaching: true },
    dependencies: ["urn::machine-main"],
  }),
} satisfies Record<string, GraphResource>;

/** What the topology of both would say. */
export const expected: Expected = {
  ...expectedOnEngine,
  services: new Set(),
  published: new Map(),
  machines: "made",
  proxied: new Set(),
  openings: new Map([
    [
      "main",
      ["tcp 22-22 from 192.0.2.0/24", "tcp 22-22 from 198.51.100.0/24", "udp 49160-49239 from 0.0.0.0/0"],
    ],
  ]),
};
