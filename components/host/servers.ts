/** What is to be made of servers that are there already. Pure. */
import type { Topology } from "../../stacks/topology";
import { tunnelOf } from "../../stacks/topology/tunnel";
import type { MachinePlan } from "./bootstrap/plan";
import { machinePlanOf } from "./machinePlan";
import { type Server, serversOf } from "./ssh";

/** Addresses at which servers reach each other: those of their private network, or of the tunnel. */
export function peerAddressesOf(topology: Topology): Record<string, string> {
  const servers = serversOf(topology);
  const inside = tunnelOf(topology)?.hosts ?? [];
  return Object.fromEntries(
    Object.entries(servers).map(([name, { peerAddress, privateAddress, address }]) => [
      name,
      peerAddress ?? inside.find((member) => member.name === name)?.address ?? privateAddress ?? address,
    ]),
  );
}

/** A server's plan, but for the tunnel, whose keys come late. */
export const serverPlanOf = (
  topology: Topology,
  name: string,
  { user, port, dataDisk }: Server,
): MachinePlan =>
  machinePlanOf(topology, name, {
    user,
    sshPort: port,
    anchor: false,
    peerAddresses: peerAddressesOf(topology),
    ...(dataDisk === undefined ? {} : { device: dataDisk }),
  });
