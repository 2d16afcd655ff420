import type { Topology } from "../stacks/topology";
import { siteUrl } from "../stacks/topology/exposure";
import { isRemote, sshOf } from "./access";
import { readState } from "./state";

/** The DNS records that people enter themselves where no edge does, in words; none for this machine. */
export async function dnsRecords(topology: Topology): Promise<string[]> {
  const { stack, settings, routes } = topology;
  if (!isRemote(topology) || settings.edge.provider !== "none") return [];
  const state = settings.host.provider === "existing" ? undefined : await readState(stack);
  const address = sshOf(topology, state)?.address;
  if (address === undefined) return [];
  const names = routes.map(({ site }) => new URL(siteUrl(site, settings)).hostname);
  return ["", "DNS records that these need:", ...names.map((name) => `  ${name}  A  ${address}`)];
}
