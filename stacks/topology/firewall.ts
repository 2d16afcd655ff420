/** What each host's firewall lets in, the cloud's and the machine's own alike. Whatever isn't here is closed. */
import type { MachineSettings } from "../settings/machine";
import { cloudflareNetworks } from "./cloudflareNetworks";
import { mainHost } from "./hosts";
import { tunnelOf } from "./tunnel";
import type { FirewallRule, Opening, Topology } from "./types";

type Plan = Pick<Topology, "settings" | "hosts" | "services" | "openings">;

/** The rules of one host: its way in for administrators, then every port that it publishes. */
export const firewallRules = (plan: Plan, host: string): FirewallRule[] => [
  ...machineRules(plan, host),
  ...publishedRules(plan, host),
];

/** Those of the machine itself, which no service asks for. */
export const machineRules = (plan: Plan, host: string): FirewallRule[] => [
  ...administration(plan, host),
  ...kept(plan),
];

function administration(plan: Plan, host: string): FirewallRule[] {
  const { machine } = plan.settings;
  const tunnel = tunnelOf(plan);
  const from = tunnel?.ssh === "tunnel" ? [tunnel.network] : fromNetworks(sshNetworks(machine));
  const path = "machine" as const;
  const ssh = { ...single(sshPort(plan, host), "tcp"), path, from, why: "SSH" };
  if (tunnel === undefined) return [ssh];
  const why = "WireGuard, for administrators and between hosts";
  return [ssh, { ...single(tunnel.port, "udp"), path, from: [], why }];
}

/** Networks from which SSH is reached. Where nobody has said, an `up` is refused; its plan shows the worst. */
export const sshNetworks = ({ sshFrom }: MachineSettings): readonly string[] =>
  sshFrom === undefined || sshFrom === "everyone" ? ["0.0.0.0/0"] : sshFrom;

function sshPort({ settings: { host } }: Plan, name: string): number {
  if (host.provider !== "existing") return 22;
  return name === mainHost ? host.port : (host.media?.port ?? host.port);
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
export function publishedRules(
  { services, openings }: Pick<Plan, "services" | "openings">,
  host: string,
): FirewallRule[] {
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
