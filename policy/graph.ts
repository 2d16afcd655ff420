/**
 * A stack's resource graph, as rules see it. Small and of our own, so that the tests' recorder and a policy
 * pack can both fill it.
 */

/** What stands where a value is only known after deployment. */
export const unknown = "[unknown]";

/** A value that travels as a secret. */
export interface Secret {
  readonly secret: unknown;
}

export interface GraphResource {
  type: string;
  name: string;
  urn: string;
  /** URN of the parent; absent for the stack itself. */
  parent?: string;
  /** False for a component. */
  custom: boolean;
  inputs: Readonly<Record<string, unknown>>;
  outputs?: Readonly<Record<string, unknown>>;
  /** Explicit provider; absent means the default one of its package. */
  provider?: { urn: string };
  /** URNs of everything it waits for. */
  dependencies: readonly string[];
  options: {
    protect?: boolean;
    retainOnDelete?: boolean;
    deleteBeforeReplace?: boolean;
    replaceOnChanges?: readonly string[];
    ignoreChanges?: readonly string[];
    /** URN of what it goes with. */
    deletedWith?: string;
    replacementTrigger?: unknown;
    /** By `create`, `update` and `delete`. */
    customTimeouts?: Readonly<Record<string, string>>;
    additionalSecretOutputs?: readonly string[];
    hooks?: Readonly<Record<string, readonly string[]>>;
  };
}

/** What the topology says and a graph must show. */
export interface Expected {
  /** Containers, by resource name, that serve; all others are jobs. */
  services: ReadonlySet<string>;
  /** Published ports by container, such as `127.0.0.1:80->80/tcp`; `private:` for an address that only peers reach. */
  published: ReadonlyMap<string, readonly string[]>;
  /** Containers that share their host's network. */
  hostNetworks: ReadonlySet<string>;
  /** Folders of the host that a container sees, as `folder at path`, by its name. */
  hostFolders: ReadonlyMap<string, readonly string[]>;
  /** Containers that may write into their root file system. */
  writableRoots: ReadonlySet<string>;
  /** Capabilities that a container may have, by container. */
  capabilities: ReadonlyMap<string, readonly string[]>;
  /** Volumes that outlive the stack. */
  keptVolumes: ReadonlySet<string>;
  /** Whether generated secrets outlive the stack, and disks and addresses with them. */
  keepSecrets: boolean;
  /** Whose the machines are: this one's or another's engine; servers that are there; ours to make and throw away. */
  machines: "none" | "given" | "made";
  /** Names behind Cloudflare's proxy. */
  proxied: ReadonlySet<string>;
  /** Ports that only the machine itself may reach, or its peers: for administrators and other services; by container. */
  administration: ReadonlyMap<string, readonly number[]>;
  /** Digests that the lock file has, by the reference without one. */
  digests: ReadonlyMap<string, string>;
  /** Whether the settings say that SSH is for the whole internet. */
  sshForEveryone: boolean;
  /** What a cloud's firewall lets in, by host, such as `tcp 443-443 from 0.0.0.0/0`. */
  openings: ReadonlyMap<string, readonly string[]>;
}

export interface Graph {
  resources: readonly GraphResource[];
  expected: Expected;
}

/** What the engine hands to no policy pack: the tests' recorder alone sees it. */
export const unseenParts = [
  "deletedWith",
  "hooks",
  "outputs",
  "replaceOnChanges",
  "replacementTrigger",
  "retainOnDelete",
] as const;
export type UnseenPart = (typeof unseenParts)[number];

/** One invariant. */
export interface Rule {
  name: string;
  /** What goes wrong without it. */
  why: string;
  fix: string;
  /** What it reads that the engine hands to no policy pack: such a rule is judged by the tests alone. Default: nothing. */
  unseen?: readonly UnseenPart[];
  /**
   * What it looks at: `resource`, one resource before it is made; `graph`, others as well, once all are known.
   * Default: `resource`.
   */
  scope?: "resource" | "graph";
  /** What is wrong with the resource; empty where nothing is, or where it can't be known yet. */
  check: (resource: GraphResource, graph: Graph) => string[];
}

export const types = {
  stack: "pulumi:pulumi:Stack",
  container: "docker:index/container:Container",
  image: "docker:index/remoteImage:RemoteImage",
  network: "docker:index/network:Network",
  volume: "docker:index/volume:Volume",
  dockerProvider: "pulumi:providers:docker",
  password: "random:index/randomPassword:RandomPassword",
  randomId: "random:index/randomId:RandomId",
  randomBytes: "random:index/randomBytes:RandomBytes",
  privateKey: "tls:index/privateKey:PrivateKey",
  command: "command:remote:Command",
  droplet: "digitalocean:index/droplet:Droplet",
  dropletDisk: "digitalocean:index/volume:Volume",
  dropletAddress: "digitalocean:index/reservedIp:ReservedIp",
  dropletAssignment: "digitalocean:index/reservedIpAssignment:ReservedIpAssignment",
  dropletFirewall: "digitalocean:index/firewall:Firewall",
  instance: "aws:ec2/instance:Instance",
  instanceDisk: "aws:ebs/volume:Volume",
  instanceDiskAttachment: "aws:ec2/volumeAttachment:VolumeAttachment",
  instanceAddress: "aws:ec2/eip:Eip",
  securityGroup: "aws:ec2/securityGroup:SecurityGroup",
  ingressRule: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
  egressRule: "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
  diskKey: "aws:kms/key:Key",
  awsBucket: "aws:s3/bucket:Bucket",
  awsBucketV2: "aws:s3/bucketV2:BucketV2",
  spacesBucket: "digitalocean:index/spacesBucket:SpacesBucket",
  r2Bucket: "cloudflare:index/r2Bucket:R2Bucket",
  dnsRecord: "cloudflare:index/dnsRecord:DnsRecord",
  ruleset: "cloudflare:index/ruleset:Ruleset",
  zoneSetting: "cloudflare:index/zoneSetting:ZoneSetting",
  originCertificate: "cloudflare:index/originCaCertificate:OriginCaCertificate",
} as const;

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const isSecret = (value: unknown): value is Secret =>
  isMap(value) && Object.keys(value).join() === "secret";

/** Every leaf of a value with the path to it; a secret counts as a leaf. */
export function leaves(value: unknown, path = ""): { path: string; leaf: unknown }[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, `${path}[${index}]`));
  if (isMap(value) && !isSecret(value))
    return Object.entries(value).flatMap(([key, item]) => leaves(item, path === "" ? key : `${path}.${key}`));
  return [{ path, leaf: value }];
}

/** Whether a value is known throughout; what isn't can't be judged yet. */
export const isKnown = (value: unknown): boolean =>
  leaves(value).every(({ leaf }) => (isSecret(leaf) ? isKnown(leaf.secret) : leaf !== unknown));

/** The value without its secret markers. */
function plain(value: unknown): unknown {
  if (isSecret(value)) return plain(value.secret);
  if (Array.isArray(value)) return value.map(plain);
  return isMap(value)
    ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
    : value;
}

/** What the engine keeps for the sake of a resource: parents, providers, whatever it waits for or goes with. */
export function needs<R extends GraphResource>(resource: R, resources: readonly R[]): Set<R> {
  const byUrn = new Map(resources.map((other) => [other.urn, other]));
  const all = new Set<R>();
  const visit = ({ parent, provider, dependencies, options }: R): void => {
    for (const urn of [parent, provider?.urn, ...dependencies, options.deletedWith]) {
      const other = byUrn.get(urn ?? "");
      if (other === undefined || all.has(other)) continue;
      all.add(other);
      visit(other);
    }
  };
  visit(resource);
  return all;
}

/** A check on some inputs of one type of resource: it must hold, unless one of them isn't known yet. */
export function inputsHold(
  type: string,
  keys: readonly string[],
  holds: (inputs: Readonly<Record<string, unknown>>, resource: GraphResource, graph: Graph) => boolean,
): Rule["check"] {
  return (resource, graph) => {
    if (resource.type !== type) return [];
    const inputs = Object.fromEntries(keys.map((key) => [key, resource.inputs[key]]));
    if (!isKnown(inputs) || holds(plain(inputs) as typeof inputs, resource, graph)) return [];
    return [keys.map((key) => `${key}: ${show(inputs[key])}`).join(", ")];
  };
}

/** A check on the options of some types of resources. */
export function optionsHold(
  ofTypes: readonly string[],
  holds: (options: GraphResource["options"], resource: GraphResource, graph: Graph) => boolean,
): Rule["check"] {
  return (resource, graph) =>
    !ofTypes.includes(resource.type) || holds(resource.options, resource, graph)
      ? []
      : [`options: ${show(resource.options)}`];
}

export const isOneOf =
  (...ofTypes: readonly string[]) =>
  ({ type }: GraphResource): boolean =>
    ofTypes.includes(type);

/** Checks that hold for some resources, each with what it says where it doesn't. */
export const all =
  (...checks: readonly Rule["check"][]): Rule["check"] =>
  (resource, graph) =>
    checks.flatMap((check) => check(resource, graph));

/** A value in words; never a secret's. */
export function show(value: unknown): string {
  const shown = (_: string, inner: unknown): unknown => (isSecret(inner) ? "[secret]" : inner);
  const text = JSON.stringify(value, shown) as string | undefined;
  return text ?? "missing";
}

/** What is read of an input that may have any shape. */
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const map = (value: unknown): Record<string, unknown> => (isMap(value) ? value : {});
