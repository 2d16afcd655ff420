/**
 * What a service is: data plus one function. Everything else (containers, networks, open ports, routes,
 * volumes, memory, probes, docs) follows from it. No provider's types here: the renderer alone knows Docker.
 */
import type { Settings } from "../../stacks/settings/schema";
import type { SecretSetting } from "../../stacks/settings/secrets";
import type { ImageName } from "./images";
import type { PlainText, Text } from "./text";

/** People, in the numbers that needs are functions of. */
export type Demand = Settings["people"];

/** Resources that a service needs at a demand. */
export interface Needs {
  /** Hard limit of the container's memory. */
  memoryMiB: number;
  /** Virtual CPUs in use when busy; becomes a share, never a hard limit. */
  cpus: number;
  /** Room on the data disk. */
  diskGiB: number;
  /** Traffic that leaves the host when busy. Default 0. */
  egressMbps?: number;
  /** Traffic that leaves it in a month, beside that of the busy hours. Default 0. */
  trafficGB?: number;
}

interface PortBase {
  name: string;
  /** Port that the process listens on. */
  number: number;
  protocol: "tcp" | "udp";
  /** Why it exists, for the port table. */
  why: string;
}
/** Paths at which a port answers with its service's metrics, in Prometheus' text format. */
type MetricsPaths = readonly string[];

/** Reached by other services only. */
export interface InternalPort extends PortBase {
  exposure: "internal";
  /** Services that may connect. */
  consumers: readonly string[];
  metrics?: MetricsPaths;
  /** Whether its samples may name other services as theirs. */
  measuresOthers?: boolean;
}
/** Reached by browsers and apps through the reverse proxy; its DNS record may be proxied. */
export interface WebPort extends PortBase {
  exposure: "web";
  protocol: "tcp";
  site: Site;
  /** Path that answers 200 when the service is well. */
  healthPath: string;
  maxBodyMiB: number;
  /** Sites whose pages may show this one in a frame; left out, the service itself says so. */
  framedBy?: readonly Site[];
  /** Starts of paths at which machines knock, from anywhere in the world: webhooks and the like. */
  machinePaths?: readonly string[];
  /** Paths at which people prove who they are. */
  signInPaths?: readonly string[];
  /** Paths for administrators; `*` at the end stands for any rest. */
  adminPaths?: readonly string[];
  /** Starts of paths that take whatever people write: code looks like an attack to rules that read requests. */
  freeTextPaths?: readonly string[];
}
/** The reverse proxy's own door, through which all `web` ports are reached. */
export interface EntryPort extends PortBase {
  exposure: "entry";
  protocol: "tcp";
  published: number;
  /** Services that come from within. */
  consumers?: readonly string[];
}
/** Reached by clients directly. There is no field that could put its DNS record behind a proxy. */
export interface MediaPort extends PortBase {
  exposure: "media";
  published: number;
  /** Last of a range that begins with `published`. */
  last?: number;
}
/** Reached by the people who run it: on loopback or VPN only. */
export interface AdminPort extends PortBase {
  exposure: "admin";
  published: number;
  /** Services that connect as well. */
  consumers?: readonly string[];
  metrics?: MetricsPaths;
}
export type Port = InternalPort | WebPort | EntryPort | MediaPort | AdminPort;
export type Exposure = Port["exposure"];

/** Sites that people visit, each with a name of its own under the domain. */
export type Site = keyof Settings["sites"];

export interface Owner {
  uid: number;
  gid: number;
}

export interface Volume {
  name: string;
  /** Where the container sees it. */
  path: string;
  /** How a backup takes it: by a dump, by its files, or not at all (with the reason in `why`). */
  backup: "dump" | "files" | "none";
  why: string;
  /** Kept with the data when the stack is destroyed, though no backup takes it. */
  kept?: true;
  /** Its files mean something under this stack's domain only: a restore into another domain leaves them out. */
  bound?: "domain";
  /** Folder of the host that it is. Default: a folder of the engine's. */
  folder?: string;
}

/** Whether a volume outlives its stack: it holds data, or what data need. */
export const isKept = ({ backup, kept }: Volume): boolean => backup !== "none" || kept === true;

/** A program that a service needs beside its image's own: copied from another image into `filesPath`. */
export interface Tool {
  image: ImageName;
  /** Where the other image has it; it must be a static program. */
  path: string;
}

/** What the database says about itself, so that backups and restores can tell what they hold. All of it is SQL. */
export interface DatabaseFacts {
  /** A table that is there once the service has made its tables. */
  table: string;
  /** Whether nobody has used it yet, so that a restore may replace it without asking: true or false. */
  pristine: string;
  /** When it last changed, as text for people. */
  newest: string;
  /** What people know it by: one number each. */
  counts: Readonly<Record<string, string>>;
  /**
   * What it was written by, as lines `kind<tab>value...`: of the first table that is there. Of a database from
   * elsewhere, it decides whether this version can go on with it.
   */
  versions: readonly { table: string; query: string }[];
  /** Files that it names, as paths below one of the service's volumes: none may be missing. */
  links: { volume: string; query: string };
  /** What a copy in another stack must not do. */
  elsewhere: readonly string[];
}

/** A file that the service reads: placed with owner and mode; a change replaces its consumer. */
export interface ServiceFile {
  /** Name below `filesPath`. */
  name: string;
  content: Text;
  /** Default 0o400: readable by the service's own user alone. */
  mode?: number;
  /** A change doesn't replace the container: it reads the file again, by itself or since a job tells it to. */
  reloaded?: true;
}

/** A volume of another service on the same host, seen read-only. */
export interface SeenVolume {
  service: string;
  volume: string;
  /** Where the container sees it. */
  path: string;
}

/** Kernel setting: the lowest port on which a program without rights may listen, on the host's own network. */
export const lowestPort = "net.ipv4.ip_unprivileged_port_start";

/** Where a service that sees what is backed up finds a volume of another one. */
export const backedUpPath = (service: string, volume: string): string => `/volumes/${service}/${volume}`;

/** Folder in which a container finds its files, read-only. */
export const filesPath = "/muster";

/** What runs in a container, once names, addresses and budgets are known. */
export interface ContainerSpec {
  environment: Readonly<Record<string, string | PlainText>>;
  files?: readonly ServiceFile[];
  entrypoint?: readonly string[];
  command?: readonly string[];
}

/** An exception from the hardened default, with its reason; the docs list them all. */
interface Exception<T> {
  value: T;
  reason: string;
}

/** A writable folder in memory: its size in MiB; programs in it can't be run unless it says so. */
export type Temporary = number | { sizeMiB: number; executable: true };

/**
 * Default: read-only root, no capabilities, no new privileges, private network without a way out.
 */
export interface Sandbox {
  writableRoot?: Exception<true>;
  capabilities?: Exception<readonly `CAP_${string}`[]>;
  /** May open connections to the outside world. */
  egress?: Exception<true>;
  /** Writable folders in memory, by path. */
  temporary?: Exception<Readonly<Record<string, Temporary>>>;
  sharedMemoryMiB?: Exception<number>;
  /** Shares the host's network: its ports need no publishing, and no other service finds it by name. */
  hostNetwork?: Exception<true>;
  /** Most files and sockets open at once. Default: the engine's. */
  openFiles?: Exception<number>;
  /** Folders of the host that it sees, read-only, by the path at which it sees them. */
  hostFolders?: Exception<Readonly<Record<string, string>>>;
}

/** Health check inside the container: a command without a shell. */
export interface Health {
  command: readonly string[];
  intervalSeconds: number;
  timeoutSeconds: number;
  retries: number;
  /** How long it may take to become healthy; then the `up` fails and names the service. */
  startSeconds: number;
}

/** One-shot work after the service is healthy. Can be run any number of times. */
export interface Job {
  name: string;
  image: ImageName | "own" | ((settings: Settings) => ImageName);
  /** Volumes of the service that it sees. */
  volumes: readonly string[];
  /** Ships the tools image's static busybox as `/muster/busybox`, for images that have no shell. */
  shell: boolean;
  memoryMiB: number;
  /** How long it may take. */
  timeoutSeconds: number;
  container: (context: ServiceContext) => ContainerSpec;
  sandbox?: Sandbox;
  /** Reaches whom its service reaches. Default: nobody. */
  connects?: true;
}

/** A route of the reverse proxy. */
export interface Route {
  /** Host name that people type. */
  host: string;
  site: Site;
  /** `host:port` of the service. */
  upstream: PlainText;
  maxBodyMiB: number;
  /** Addresses of the sites that may show it in a frame; left out, the service itself says so. */
  framedBy?: readonly string[];
}

/** What a service is told when its container is described. Pure data. */
export interface ServiceContext {
  settings: Settings;
  /** Secret settings that are there. */
  secrets: ReadonlySet<SecretSetting>;
  /** This service's budget. */
  needs: Needs;
  /** `host:port` under which a port of another service is reached from here. */
  address: (service: string, port: string) => PlainText;
  /** The host alone under which another service is reached from here. */
  hostName: (service: string) => PlainText;
  /** The one address that this service advertises: clients reach its host there. */
  publicAddress: PlainText;
  /** Its host's own address. */
  privateAddress: PlainText;
  /** Address at which clients reach another service's host. */
  publicAddressOf: (service: string) => PlainText;
  /** Addresses of all hosts to which clients may be relayed: public and own. */
  mediaHosts: readonly { publicAddress: PlainText; privateAddress: PlainText }[];
  /** Address that people type, such as `https://chat.example.org`. */
  siteUrl: (site: Site) => string;
  routes: readonly Route[];
  stack: string;
  /** All services of the stack. */
  running: readonly RunningService[];
  /** Names of those on the same host, without its own. */
  neighbours: readonly string[];
}

/** A service of the stack, as others see it. */
export interface RunningService {
  service: Service;
  /** Whole reference of its image. */
  image: string;
  volumes: readonly Volume[];
}

export interface Service {
  name: string;
  /** Name for people. */
  title: string;
  image: (settings: Settings) => ImageName;
  /** The user it runs as, who owns its files and volumes. */
  user: Owner;
  when: (settings: Settings) => boolean;
  /** Kind of host that it belongs on. */
  role: "app" | "media";
  needs: (demand: Demand, settings: Settings) => Needs;
  ports: (settings: Settings) => readonly Port[];
  volumes: (settings: Settings) => readonly Volume[];
  /** Secrets that are generated once and kept: name to length in letters and digits. */
  generates?: Readonly<Record<string, number>>;
  container: (context: ServiceContext) => ContainerSpec;
  sandbox: Sandbox;
  health: Health;
  /** Ships the tools image's static busybox as `/muster/busybox`, for a health check in an image without a shell. */
  shell?: true;
  /** Programs from other images. */
  tools?: (settings: Settings) => readonly Tool[];
  /** Sees every volume whose files are backed up, read-only, as `backedUpPath` says. */
  seesBackedUp?: true;
  /** Volumes of other services that it sees. */
  sees?: (settings: Settings) => readonly SeenVolume[];
  /** What its database says about itself. */
  database?: DatabaseFacts;
  /** Kernel settings that its host should have at least, by name; at most, of `lowestPort`. */
  sysctls?: (settings: Settings) => Readonly<Record<string, number>>;
  /** Services that must be healthy before it starts, within one `up`. */
  startsAfter: readonly string[];
  /** How long it may take to stop before it is killed. */
  stopGraceSeconds: number;
  jobs: readonly Job[];
}
