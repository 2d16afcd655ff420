/** The plan as a document, from the topology alone. Pure. */
import { fill } from "../../components/services/text";
import type { Settings } from "../settings/schema";
import { carriedBy } from "../topology/carries";
import type { Topology } from "../topology";
import type { DnsRecord } from "../topology/edge/types";
import { siteUrl } from "../topology/exposure";
import { machineRules } from "../topology/firewall";
import { mainHost } from "../topology/hosts";
import { offersFor } from "../topology/placement";
import type { HostPlan, ServicePlan } from "../topology/types";
import type { Plan } from "./schema";

export type { Plan } from "./schema";

export function planOf(topology: Topology): Plan {
  const { stack, settings, offering, hosts, services, findings } = topology;
  const carries = carriedBy(
    settings,
    services.map(({ service }) => service),
  );
  return {
    schemaVersion: 1,
    stack,
    edition: offering,
    people: settings.people,
    carries: carries === undefined ? null : { ...carries.people, limit: carries.limit },
    hosts: hosts.map(hostOf),
    services: services.map(serviceOf),
    doors: [...machineDoors(topology), ...serviceDoors(topology)],
    links: linksOf(services),
    sites: sitesOf(topology),
    records: recordsIn(topology),
    zone: zoneOf(topology),
    cost: costOf(topology),
    findings: findings.map((finding) => ({ ...finding })),
  };
}

function hostOf({
  name,
  provider,
  place,
  size,
  why,
  roles,
  demand,
  capacity,
}: HostPlan): Plan["hosts"][number] {
  const free = (needed: number, there: number | undefined): number | null =>
    there === undefined ? null : there === 0 ? 0 : Math.round((1 - needed / there) * 100);
  return {
    name,
    provider,
    place,
    size: size ?? null,
    why: why ?? null,
    roles: [...roles],
    demand,
    capacity:
      capacity === undefined
        ? null
        : { ...capacity, diskGiB: capacity.diskGiB ?? null, trafficGB: capacity.trafficGB ?? null },
    headroom:
      capacity === undefined
        ? null
        : {
            memory: free(demand.memoryMiB, capacity.memoryMiB),
            cpus: free(demand.cpus, capacity.cpus),
            disk: free(demand.diskGiB, capacity.diskGiB),
            traffic: capacity.trafficGB === 0 ? null : free(demand.trafficGB, capacity.trafficGB),
          },
  };
}

const serviceOf = ({
  name,
  host,
  service,
  image,
  needs,
  volumes,
}: ServicePlan): Plan["services"][number] => ({
  name,
  title: service.title,
  host,
  image: image.reference,
  memoryMiB: needs.memoryMiB,
  cpus: needs.cpus,
  diskGiB: needs.diskGiB,
  egressMbps: needs.egressMbps,
  trafficGB: needs.trafficGB,
  volumes: volumes.map((volume) => ({ name: volume.name, backup: volume.backup, why: volume.why })),
});

/** Ways to the machines themselves; none of one that isn't ours to set up. */
const machineDoors = (topology: Topology): Plan["doors"] =>
  topology.hosts
    .filter(({ provider }) => provider !== "local")
    .flatMap(({ name: host }) =>
      machineRules(topology, host).map(({ first, last, protocol, from, why }) => ({
        host,
        port: first,
        lastPort: last,
        protocol,
        service: null,
        exposure: "machine" as const,
        from: from.length === 0 ? "everyone" : from.join(", "),
        why,
      })),
    );

const serviceDoors = ({ openings }: Topology): Plan["doors"] =>
  openings.map(({ host, published, last, protocol, service, exposure, from, why }) => ({
    host,
    port: published,
    lastPort: last,
    protocol,
    service,
    exposure: exposure as Plan["doors"][number]["exposure"],
    from,
    why,
  }));

/** Who connects to whom: to ports of services, and through the reverse proxy to sites. */
function linksOf(services: readonly ServicePlan[]): Plan["links"] {
  const running = new Set(services.map(({ name }) => name));
  const proxies = services.filter(({ ports }) => ports.some(({ exposure }) => exposure === "entry"));
  return services.flatMap(({ name: to, ports }) =>
    ports.flatMap((port) => {
      const consumers =
        port.exposure === "internal"
          ? port.consumers.filter((consumer) => running.has(consumer))
          : port.exposure === "web"
            ? proxies.map(({ name }) => name)
            : [];
      return consumers.map((from) => ({
        from,
        to,
        port: port.number,
        protocol: port.protocol,
        why: port.why,
      }));
    }),
  );
}

const sitesOf = ({ services, settings }: Topology): Plan["sites"] =>
  services.flatMap(({ name, ports }) =>
    ports.flatMap((port) =>
      port.exposure === "web"
        ? [{ name: port.site, address: siteUrl(port.site, settings), service: name }]
        : [],
    ),
  );

/** DNS records; an address that isn't known is named by its host. */
export const recordsIn = (
  { edge, settings }: Pick<Topology, "edge" | "settings">,
  addressOf = (host: string) => clientAddress(settings, host),
): Plan["records"] =>
  edge.records.map((record) => ({
    name: record.name,
    type: record.type,
    value: recordValue(record, addressOf),
    proxied: record.kind === "site" ? record.proxied : null,
    why: record.why,
  }));

/** What a record says, as a provider's form asks for it. */
function recordValue(record: DnsRecord, addressOf: (host: string) => string | undefined): string {
  switch (record.kind) {
    case "authority":
      return `0 issue "${record.issuer}"`;
    case "text":
      return `"${record.text}"`;
    case "site":
    case "media":
      return fill(record.address, (late) =>
        "publicAddressOf" in late
          ? (addressOf(late.publicAddressOf) ?? `address of ${late.publicAddressOf}`)
          : "",
      );
  }
}

/** Where clients find a host, as far as the settings say it. */
export function clientAddress({ host }: Settings, name: string): string | undefined {
  if (host.provider === "local") return host.address;
  if (host.provider !== "existing") return undefined;
  return name === mainHost ? host.address : host.media?.address;
}

function zoneOf({ edge: { zone } }: Topology): Plan["zone"] {
  if (zone === undefined) return null;
  const { name, plan, owner, rulesets, settings } = zone;
  return {
    name,
    plan,
    owner,
    rules: rulesets.flatMap(({ phase, rules }) =>
      rules.map(({ ref, action, description, expression }) => ({
        phase,
        name: ref,
        action,
        what: description,
        expression,
      })),
    ),
    settings: { ...settings },
  };
}

const costOf = ({ cost, services }: Topology): Plan["cost"] => ({
  currency: "USD",
  asOf: cost.asOf,
  monthly: cost.monthlyUsd ?? null,
  parts: cost.parts.map(({ kind, host, what, monthlyUsd }) => ({
    kind,
    host: host ?? null,
    what,
    monthly: monthlyUsd ?? null,
  })),
  offers: offersFor(new Map(services.map(({ service, needs }) => [service, needs]))).map(
    ({ provider, size, monthlyUsd }) => ({ provider, size, monthly: monthlyUsd }),
  ),
});
