/** A cloud's own firewall: the same rules as the machine's, as far as a cloud can see. Pure. */
import type { Topology } from "../../stacks/topology";
import { firewallRules } from "../../stacks/topology/firewall";

/** All addresses there are; machines have IPv4 alone. */
export const everyone = "0.0.0.0/0";

/** Something that is let in. */
export interface CloudRule {
  protocol: "tcp" | "udp";
  first: number;
  last: number;
  /** Networks that may reach it; none where other hosts alone may. */
  from: readonly string[];
  /** Hosts of the stack that may. */
  fromHosts: readonly string[];
  why: string;
}

/** The rules of one host. What comes through the VPN has passed as the VPN's own packets. */
export function cloudRules(topology: Topology, host: string): CloudRule[] {
  const { vpn } = topology.settings.machine;
  return firewallRules(topology, host)
    .filter(({ from }) => vpn === undefined || !from.includes(vpn.network))
    .map(({ protocol, first, last, from, fromHosts, why }) => ({
      protocol,
      first,
      last,
      from: fromHosts !== undefined ? [] : from.length === 0 ? [everyone] : from,
      fromHosts: fromHosts ?? [],
      why,
    }));
}

/** One port, or a range. */
export const portsOf = (first: number, last: number): string =>
  first === last ? String(first) : `${first}-${last}`;
