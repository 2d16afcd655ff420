/** What the bootstrap makes of a machine: plain data, of which the scripts are made. */

/** A way into the machine from outside. */
export interface FirewallRule {
  /** `docker`: a port that Docker publishes; `input`: one that a program on the host's own network listens on. */
  path: "input" | "docker";
  protocol: "tcp" | "udp";
  /** First and last number, as clients see it. */
  first: number;
  last: number;
  /** IPv4 networks that may come in, as CIDRs; empty = everyone. */
  from: readonly string[];
  /** What it is for; shown to people, not used. */
  why: string;
}

/**
 * What opens an encrypted data disk at boot; a passphrase opens it always.
 * - `provider`: no encryption of ours;
 * - `tpm2`: the machine's TPM;
 * - `tang`: a Tang server that the machine reaches;
 * - `manual`: a person (`unlockScript`), after each boot.
 */
export type DiskEncryption =
  | { unlock: "provider" }
  | { unlock: "tpm2" }
  | { unlock: "manual" }
  | { unlock: "tang"; url: string; thumbprint: string };

/** Where the stack's data lie. */
export interface DiskPlan {
  /** Whole disk by identity, such as `/dev/disk/by-id/…`; left out: a folder of the machine's own disk. */
  device?: string;
  /** UUID that its file system gets. One that is there already keeps its own. */
  uuid: string;
  encryption: DiskEncryption;
}

/** WireGuard for the people who run the stack, and between its hosts. */
export interface VpnPlan {
  /** UDP port that it listens on. */
  port: number;
  /** CIDR of the whole VPN, such as `10.213.0.0/24`. */
  network: string;
  /** The machine's own address in it, without a prefix. */
  address: string;
  /** Whether SSH answers in the VPN alone. */
  sshOnly: boolean;
  /** @property endpoint where the machine reaches the peer itself, as `address:port`. */
  peers: readonly { name: string; publicKey: string; address: string; endpoint?: string }[];
}

export interface MachinePlan {
  stack: string;
  /** Name of the host in the stack, such as `main`. */
  host: string;
  /** Who logs in over SSH, and may talk to Docker. */
  user: string;
  sshPort: number;
  /** Whose Docker: the distribution's own, or that of download.docker.com. */
  dockerSource: "distribution" | "docker";
  /** UTC time at which the machine reboots if an upgrade asks for it. */
  rebootAt: "off" | `${string}:${string}`;
  /** Size of the swap file on the data disk; 0 = none. */
  swapMiB: number;
  /** Architectures that all images of this host are there for, as Docker names them: `amd64`, `arm64`. */
  architectures: readonly string[];
  /** Memory that the plan counts on; a machine may have 5 % less, which the kernel keeps for itself. */
  leastMemoryMiB: number;
  /** Room that must be free on the machine's own disk before the first run; later runs want 1 GiB. */
  leastDiskGiB: number;
  /** Kernel settings that the services ask for at least; a larger value that is there stays. */
  sysctls: Readonly<Record<string, number>>;
  /** Public keys that may log in, the one that this very connection uses among them. */
  authorizedKeys: readonly string[];
  disk: DiskPlan;
  firewall: readonly FirewallRule[];
  /** Networks that may reach SSH, as CIDRs. */
  sshFrom: readonly string[];
  vpn?: VpnPlan;
  /** Whether the provider gives the reserved address to an anchor address of the machine (DigitalOcean). */
  anchor: boolean;
  /** Ports, TCP and UDP, of other programs on this machine that stay open to everyone. */
  keepOpen: readonly number[];
}

/** Last line that the bootstrap writes to stdout, as JSON. */
export interface MachineFacts {
  /** `amd64` or `arm64`. */
  architecture: string;
  /** Such as `debian 12`. */
  distribution: string;
  /** IPv4 address at which traffic for the machine arrives. */
  ownAddress: string;
  /** Version of the Docker engine. */
  docker: string;
  /** UUID of the data disk's file system; empty without a data disk. */
  diskUuid: string;
  /** Whether an upgrade waits for a reboot. */
  rebootRequired: boolean;
  /** What couldn't be done here, or is worth knowing; for people. */
  notes: string[];
}
