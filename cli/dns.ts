import type { Topology } from "../stacks/topology";
import { siteUrl } from "../stacks/topology/exposure";
import { addressOf, isRemote } from "./access";
import { mainHost } from "../stacks/topology/hosts";
import type { StackState } from "./state";

/** The DNS records that people enter themselves where no edge does, in words; none for this machine. */
export function dnsRecords(topology: Topology, state: StackState | undefined): string[] {
  const { settings, routes } = topology;
  if (!isRemote(topology) || settings.edge.provider !== "none") return [];
  const address = clientAddress(topology, state);
  if (address === undefined) return [];
  const names = routes.map(({ site }) => new URL(siteUrl(site, settings)).hostname);
  return ["", "DNS records that these need:", ...names.map((name) => `  ${name}  A  ${address}`)];
}

/** Where browsers find the sites: not where SSH may answer. */
const clientAddress = (
  { settings: { host } }: Topology,
  state: StackState | undefined,
): string | undefined => (host.provider === "existing" ? host.address : addressOf(state, mainHost));
