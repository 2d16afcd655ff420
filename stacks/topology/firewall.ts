/** What each host's firewall lets in, the cloud's and the machine's own alike. Whatever isn't here is closed. */
import { cloudflareNetworks } from "./cloudflareNetworks";
import type { FirewallRule, Opening, Topology } from "./types";

type Plan = Pick<Topology, "settings" | "services" | "openings">;

/** The rules of one host: its way in for administrators, then every port that it publishes. */
export function firewallRules(plan: Plan, host: string): FirewallRule[] {
  return [...administration(plan), ...kept(plan), ...publishedRules(plan, host)];
}

function administration({ settings: { host, machine } }: Plan): FirewallRule[] {
  const { vpn } = machine;
  const ssh = host.provider === "existing" ? host.port : 22;
  const from = vpn?.sshOnly === true ? [vpn.network] : fromNetworks(machine.sshFrom);
  const rules: FirewallRule[] = [{ ...single(ssh, "tcp"), path: "machine", from, why: "SSH" }];
  if (vpn !== undefined)
    rules.push({
      ...single(vpn.port, "udp"),
      path: "machine",
      from: [],
      why: "WireGuard, for administrators",
    });
  return rules;
}

const kept = ({ settings }: Plan): FirewallRule[] =>
  settings.machine.keepOpen.flatMap((number) =>
    (["tcp", "udp"] as const).map((protocol) => ({
      ...single(number, protocol),
      path: "machine" as const,
      from: [],
      why: "another program's, kept open by muster:machine.keepOpen",
    })),
  );

/** Every port that a host publishes. */
export function publishedRules({ services, openings }: Plan, host: string): FirewallRule[] {
  const onHostNetwork = new Set(
    services.filter(({ service }) => service.sandbox.hostNetwork !== undefined).map(({ name }) => name),
  );
  return openings
    .filter((opening) => opening.host === host && opening.from !== "this machine")
    .map((opening) => {
      const { service, published: first, last, protocol, why } = opening;
      return {
        protocol,
        first,
        last,
        path: onHostNetwork.has(service) ? ("machine" as const) : ("container" as const),
        ...sources(opening),
        why: `${service}: ${why}`,
      };
    });
}

const single = (number: number, protocol: "tcp" | "udp") => ({ protocol, first: number, last: number });

const sources = ({ from, fromHosts }: Opening): Pick<FirewallRule, "from" | "fromHosts"> => ({
  from: from === "Cloudflare" ? cloudflareNetworks : [],
  ...(fromHosts === undefined ? {} : { fromHosts }),
});

const fromNetworks = (networks: readonly string[]): readonly string[] =>
  networks.includes("0.0.0.0/0") ? [] : networks;
