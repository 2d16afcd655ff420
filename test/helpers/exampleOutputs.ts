/** Outputs of stacks as their readers meet them: with backups that were taken and proven. */
import { containerName } from "../../components/platform/names";
import { type Outputs, outputsOf } from "../../stacks/outputs";
import type { Topology } from "../../stacks/topology";
import { everything } from "./monitored";
import { localTopology, shippedStacks, stackTopology } from "./stacks";

/** What a backup's container has written down. */
export const backedUp = {
  backup: { at: "1794312000", bytes: "1234", files: "5", snapshot: "0a1b2c3d", why: "schedule" },
  drill: { at: "1794312060", taken: "1794311000", bytes: "1200" },
};

export const outputsFrom = (topology: Topology, status?: Parameters<typeof outputsOf>[2]): Outputs =>
  outputsOf(topology, (service) => containerName(topology.stack, service), status);

/** Two hosts, every service, and targets for a Prometheus of somebody's own. */
const host = {
  ...{ provider: "existing", address: "203.0.113.10", peerAddress: "10.0.0.5", memoryMiB: 16384, cpus: 8 },
  hostKey: `ssh-ed25519 ${"A".repeat(68)}`,
  media: {
    ...{ address: "203.0.113.11", peerAddress: "10.0.0.6", memoryMiB: 8192, cpus: 4 },
    hostKey: `ssh-ed25519 ${"B".repeat(68)}`,
  },
};

/** Every shipped stack, as it is and with targets, and a stack that has everything. */
export const outputsOfStacks = (): Record<string, Outputs> => ({
  ...Object.fromEntries(
    shippedStacks.flatMap((stack) => [
      [stack, outputsFrom(stackTopology(stack))],
      [
        `${stack} with targets`,
        outputsFrom(stackTopology(stack, { monitoring: { kind: "targets" } }), backedUp),
      ],
    ]),
  ),
  "everything, on two hosts": outputsFrom(
    localTopology({ ...everything, host, monitoring: { kind: "targets" } }, [
      "licence",
      "dnsToken",
      "sshKey",
    ]),
    backedUp,
  ),
});
