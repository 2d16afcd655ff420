/** The hosts of a stack: what they offer and what is asked of them. */
import type { Needs, Service } from "../../components/services/service";
import type { HostSettings, Settings } from "../settings/schema";
import { sumOf } from "./sizing";
import { type OfferedSize, sizes } from "./sizes";
import type { HostPlan } from "./types";

/** Memory that the operating system and the Docker Engine keep for themselves. */
export const hostReserveMiB = 512;

/** The host that every stack has. */
export const mainHost = "main";
/** The host of services with the role `media`, where there is a second one. */
export const mediaHost = "media";

/**
 * One host for everything, or a second one for media. The first keeps its name when the second comes.
 * @param reasons why a host has its size, by its name, where Muster has chosen it.
 */
export function hostsOf(
  settings: Settings,
  needs: ReadonlyMap<Service, Needs>,
  reasons: Readonly<Record<string, string>> = {},
): HostPlan[] {
  const { host } = settings;
  const media = mediaSettings(host);
  const hosts =
    media === undefined
      ? [hostOf(settings, mainHost, host, ["app", "media"], needs)]
      : [
          hostOf(settings, mainHost, host, ["app"], needs),
          hostOf(settings, mediaHost, { ...host, ...media }, ["media"], needs),
        ];
  return hosts.map((plan) => {
    const why = reasons[plan.name];
    return why === undefined ? plan : { ...plan, why };
  });
}

/**
 * What makes a host's machine the one that it is: with another value it is made, or set up, anew. A server that was
 * installed anew shows another host key; where it doesn't, people say so. `undefined` on this machine itself.
 */
export function machineIdentity({ host }: Settings, name: string): string | undefined {
  if (host.provider === "local") return undefined;
  const own = name === mainHost ? host : mediaSettings(host);
  if (own === undefined) return undefined;
  return "hostKey" in own ? `${own.hostKey} ${own.generation}` : String(own.generation);
}

/** Settings of the second host, where there is one. */
export const mediaSettings = (host: HostSettings) => (host.provider === "local" ? undefined : host.media);

function hostOf(
  settings: Settings,
  name: string,
  host: HostSettings,
  roles: HostPlan["roles"],
  needs: ReadonlyMap<Service, Needs>,
): HostPlan {
  const services = [...needs.keys()].filter(({ role }) => roles.includes(role));
  return {
    name,
    provider: host.provider,
    ...("size" in host ? { size: host.size } : {}),
    roles,
    capacity: capacityOf(host, name),
    demand: demandOf(roles, needs),
    sysctls: sysctlsOf(services, settings),
    place: placeOf(host),
  };
}

/** What a host needs that runs the services of these roles. */
export function demandOf(roles: HostPlan["roles"], needs: ReadonlyMap<Service, Needs>): HostPlan["demand"] {
  const own = [...needs].filter(([{ role }]) => roles.includes(role)).map(([, need]) => need);
  return sumOf([...own, { memoryMiB: hostReserveMiB, cpus: 0, diskGiB: 0 }]);
}

/** What the services ask of the kernel: the largest value of each. */
function sysctlsOf(services: readonly Service[], settings: Settings): Record<string, number> {
  const asked = services.flatMap(({ sysctls }) => Object.entries(sysctls?.(settings) ?? {}));
  return asked.reduce<Record<string, number>>(
    (all, [name, value]) => ({ ...all, [name]: Math.max(all[name] ?? 0, value) }),
    {},
  );
}

function capacityOf(host: HostSettings, name: string): HostPlan["capacity"] {
  switch (host.provider) {
    case "local":
    case "existing":
      return host.memoryMiB === undefined || host.cpus === undefined
        ? undefined
        : { memoryMiB: host.memoryMiB, cpus: host.cpus, diskGiB: undefined, trafficGB: undefined };
    default: {
      const size = (sizes[host.provider] as Record<string, OfferedSize>)[host.size];
      if (size === undefined) return undefined;
      const { memoryMiB, cpus, trafficGB } = size;
      // The data are on the first host's disk alone.
      return { memoryMiB, cpus, diskGiB: name === mainHost ? host.dataDiskGiB : undefined, trafficGB };
    }
  }
}

function placeOf(host: HostSettings): string {
  switch (host.provider) {
    case "local":
      return `this machine, ${host.engine}`;
    case "existing":
      return `${host.user}@${host.address}:${host.port}`;
    default:
      return `${host.provider} ${host.region}, ${host.size}`;
  }
}
