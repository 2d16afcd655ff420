/** The WireGuard tunnel of a stack: for administrators, and for hosts that share no private network. Pure. */
import type { Topology } from "./types";
import { machineSchema, type MachineSettings } from "../settings/machine";

type MachineVpn = NonNullable<MachineSettings["vpn"]>;

export interface TunnelMember {
  name: string;
  /** Its address in the tunnel. */
  address: string;
  /** Known only where it keeps its private key to itself. */
  publicKey?: string;
}

export interface Tunnel {
  port: number;
  network: string;
  /** Whether Muster itself comes through it, and whether SSH answers in it alone. */
  ssh: MachineVpn["ssh"];
  hosts: readonly TunnelMember[];
  peers: readonly TunnelMember[];
}

type Plan = Pick<Topology, "settings" | "hosts">;

/** Whether the hosts reach each other through the tunnel alone. */
export const hostsNeedTunnel = ({ settings: { host } }: Pick<Plan, "settings">): boolean =>
  host.provider === "existing" && host.media !== undefined && host.peerAddress === undefined;

/** Addresses of administrators begin here; those before are hosts. */
const firstPeer = 16;

/** `undefined` where nobody needs one. */
export function tunnelOf({ settings, hosts }: Plan): Tunnel | undefined {
  const asked = settings.machine.vpn;
  if (asked === undefined && !hostsNeedTunnel({ settings })) return undefined;
  const { port, network, ssh, peers } = asked ?? defaultVpn();
  return {
    port,
    network,
    ssh,
    hosts: hosts.map(({ name }, index) => ({ name, address: addressIn(network, index + 1) })),
    peers: Object.keys(peers)
      .sort()
      .map((name, index) => {
        const publicKey = peers[name]?.publicKey;
        return {
          name,
          address: addressIn(network, firstPeer + index),
          ...(publicKey === undefined ? {} : { publicKey }),
        };
      }),
  };
}

/** Address at which Muster comes to a host that others find at `outside`. */
export function sshAddress<A>(plan: Plan, host: string, outside: A): A | string {
  const tunnel = tunnelOf(plan);
  if (tunnel === undefined || tunnel.ssh === "outside") return outside;
  return tunnel.hosts.find(({ name }) => name === host)?.address ?? outside;
}

const defaultVpn = () => {
  const { vpn } = machineSchema.parse({ vpn: {} });
  if (vpn === undefined) throw new Error("the schema has no defaults for a tunnel");
  return vpn;
};

/** The n-th address of a network. */
export function addressIn(network: string, index: number): string {
  const [base = ""] = network.split("/");
  const number = base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) + index;
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join(".");
}
