import digests from "../components/services/images.lock.json";
import { allPins, imageReference } from "../components/services/images";
import { prepareSandbox, shipSandbox } from "../components/platform/prepare";
import { isKept, type Sandbox } from "../components/services/service";
import { cloudflareNetworks } from "../stacks/topology/cloudflareNetworks";
import type { Topology } from "../stacks/topology";
import type { ServicePlan } from "../stacks/topology/types";
import type { Expected } from "./graph";

const lock: Readonly<Partial<Record<string, string>>> = digests;

/** What a topology leads one to expect of its graph: said here once more, independently of the renderer. */
export function expectedOf(topology: Topology): Expected {
  const { services, openings, settings, hosts } = topology;
  const units: [string, Sandbox][] = services.flatMap(({ name, service, jobs }) =>
    [
      [name, service.sandbox] as [string, Sandbox],
      ...jobs.map(({ job }): [string, Sandbox] => [`${name}-${job.name}`, job.sandbox ?? {}]),
    ].flatMap(([unit, sandbox]): [string, Sandbox][] => [
      [unit, sandbox],
      [`${unit}-prepare`, prepareSandbox],
    ]),
  );
  const shipments = services.flatMap(({ name, tools }) =>
    tools.map(({ path }): [string, Sandbox] => [`${name}-${path.split("/").at(-1) ?? ""}`, shipSandbox]),
  );
  units.push(...shipments);
  const withHostNetwork = new Set(
    services.flatMap(({ name, service }) => (service.sandbox.hostNetwork ? [name] : [])),
  );
  return {
    services: new Set(services.map(({ name }) => name)),
    published: new Map(
      services.map(({ name }) => [
        name,
        openings
          .filter(({ service }) => service === name && !withHostNetwork.has(service))
          .map(
            ({ bind, published, number, protocol }) =>
              `${typeof bind === "string" ? bind : "private"}:${published}->${number}/${protocol}`,
          ),
      ]),
    ),
    hostNetworks: withHostNetwork,
    hostFolders: new Map(
      units.map(([unit, { hostFolders }]) => [
        unit,
        Object.entries(hostFolders?.value ?? {}).map(([path, folder]) => `${folder} at ${path}`),
      ]),
    ),
    writableRoots: new Set(units.flatMap(([unit, { writableRoot }]) => (writableRoot ? [unit] : []))),
    capabilities: new Map(units.map(([unit, { capabilities }]) => [unit, capabilities?.value ?? []])),
    keptVolumes: new Set(
      settings.protectData
        ? services.flatMap(({ name, volumes }) =>
            volumes.filter(isKept).map((volume) => `${name}-${volume.name}`),
          )
        : [],
    ),
    keepSecrets: settings.protectData,
    machines:
      settings.host.provider === "local" ? "none" : settings.host.provider === "existing" ? "given" : "made",
    proxied: new Set(settings.edge.provider === "cloudflare" ? topology.routes.map(({ host }) => host) : []),
    administration: new Map(services.map((service) => [service.name, ownDoors(service)])),
    digests: new Map(
      allPins()
        .filter(({ name, key }) => settings.images.overrides[name] === undefined && lock[key] !== undefined)
        .map(({ name, key }) => [imageReference(name, settings.images).replace(/@.*/, ""), lock[key] ?? ""]),
    ),
    sshForEveryone: settings.machine.sshFrom === "everyone",
    openings: new Map(hosts.map(({ name }) => [name, openingsOf(topology, name)])),
  };
}

/** Ports that neither browsers nor other clients have business with. */
const ownDoors = ({ ports }: ServicePlan): number[] =>
  ports.flatMap(({ exposure, number }) => (exposure === "admin" || exposure === "internal" ? [number] : []));

/** Administrators' way in, other programs' ports, and whatever a host publishes to more than itself. */
function openingsOf({ settings: { machine }, openings }: Topology, host: string): string[] {
  const { vpn, sshFrom, keepOpen } = machine;
  const everyone = "0.0.0.0/0";
  const named = sshFrom === undefined || sshFrom === "everyone" ? [everyone] : sshFrom;
  const ssh = vpn?.ssh === "tunnel" ? [] : named;
  return [
    ...ssh.map((network) => `tcp 22-22 from ${network}`),
    ...(vpn === undefined ? [] : [`udp ${vpn.port}-${vpn.port} from ${everyone}`]),
    ...keepOpen.flatMap((port) =>
      ["tcp", "udp"].map((protocol) => `${protocol} ${port}-${port} from ${everyone}`),
    ),
    ...openings
      .filter((opening) => opening.host === host && opening.from !== "this machine")
      .flatMap(({ protocol, published, last, from }) =>
        (from === "Cloudflare" ? cloudflareNetworks : [from === "other hosts" ? from : everyone]).map(
          (network) => `${protocol} ${published}-${last} from ${network}`,
        ),
      ),
  ].sort();
}
