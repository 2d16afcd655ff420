/** Shapes of the topology: plain data, of which everything else is made. */
import type { ImageName } from "../../components/services/images";
import type {
  ContainerSpec,
  Exposure,
  Job,
  Needs,
  Port,
  Route,
  SeenVolume,
  Service,
  Volume,
} from "../../components/services/service";
import type { Offering } from "../settings/editions";
import type { Problem } from "../settings/problems";
import type { HostSettings, Settings } from "../settings/schema";
import type { SecretSetting } from "../settings/secrets";
import type { Cost } from "./cost";
import type { Neighbour } from "./edge";
import type { EdgePlan } from "./edge/types";

/** An image as this stack runs it. */
export interface ImagePlan {
  name: ImageName;
  /** Whole reference, with tag and digest. */
  reference: string;
}

/** A job with its container described. */
export interface JobPlan {
  job: Job;
  image: ImagePlan;
  spec: ContainerSpec;
}

/** A program from another image. */
export interface ToolPlan {
  image: ImagePlan;
  /** Where that image has it. */
  path: string;
}

/** A service that runs in this stack, with everything that follows from its declaration. */
export interface ServicePlan {
  service: Service;
  name: string;
  /** Name of the host it runs on. */
  host: string;
  image: ImagePlan;
  needs: Required<Needs>;
  ports: readonly Port[];
  volumes: readonly Volume[];
  /** Other services' volumes. */
  sees: readonly SeenVolume[];
  tools: readonly ToolPlan[];
  spec: ContainerSpec;
  jobs: readonly JobPlan[];
}

export interface Topology {
  stack: string;
  settings: Settings;
  /** Secret settings that are there. */
  secrets: ReadonlySet<SecretSetting>;
  /**
   * Secrets that are generated, name to length in letters and digits: also those of services that are off. They are
   * protected, so switching one off couldn't remove its own; and switched on again, it finds them.
   */
  generates: Readonly<Record<string, number>>;
  offering: Offering;
  hosts: readonly HostPlan[];
  services: readonly ServicePlan[];
  networks: readonly Network[];
  routes: readonly Route[];
  openings: readonly Opening[];
  edge: EdgePlan;
  cost: Cost;
  /** The other stacks in its zone. */
  neighbours: readonly Neighbour[];
  /** The image that places files. */
  toolsImage: ImagePlan;
  /** What is wrong, and what is worth knowing. An `up` refuses to start with errors. */
  findings: readonly Finding[];
}

/** A network of the stack and who is on it. */
export interface Network {
  name: string;
  host: string;
  /** Without a way out. */
  internal: boolean;
  members: readonly string[];
}

/** A port that the host publishes. */
export interface Opening {
  host: string;
  service: string;
  port: string;
  /** Number in the container. */
  number: number;
  /** Number on the host. */
  published: number;
  /** Last number of a range; `published` itself for a single port. */
  last: number;
  protocol: "tcp" | "udp";
  exposure: Exposure;
  /** Address that the host listens on; known late where only the other hosts may come. */
  bind: string | { peerAddressOf: string };
  /** Who may reach it. */
  from: "everyone" | "this machine" | "Cloudflare" | "other hosts";
  /** Names of the hosts that may, where only those do. */
  fromHosts?: readonly string[];
  why: string;
}

/** Something that a host's firewall lets in. */
export interface FirewallRule {
  /** Whether the machine itself answers there, or a container whose port the engine publishes. */
  path: "machine" | "container";
  protocol: "tcp" | "udp";
  first: number;
  last: number;
  /** Networks that may reach it; none: everyone. */
  from: readonly string[];
  /** Hosts of the stack that alone may reach it, at their peer addresses. */
  fromHosts?: readonly string[];
  why: string;
}

/** A host: what it offers and what is asked of it. */
export interface HostPlan {
  name: string;
  provider: HostSettings["provider"];
  /** The provider's name of its size, where it has one. */
  size?: string;
  /** Why it has that size, where Muster has chosen it. */
  why?: string;
  roles: readonly Service["role"][];
  /** What the machine has; `undefined` where only the machine itself can tell. */
  capacity:
    | { memoryMiB: number; cpus: number; diskGiB: number | undefined; trafficGB: number | undefined }
    | undefined;
  /** Sum of its services' needs, with the host's own reserve. */
  demand: Required<Needs>;
  /** Kernel settings that its services ask for at least. */
  sysctls: Readonly<Record<string, number>>;
  /** Where it is, for people. */
  place: string;
}

export interface Finding extends Problem {
  severity: "error" | "warning" | "note";
}
