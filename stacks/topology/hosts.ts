/** The hosts of a stack: what they offer and what is asked of them. */
import type { Needs, Service } from "../../components/services/service";
import type { HostSettings, Settings } from "../settings/schema";
import { sumOf } from "./sizing";
import { type Size, sizes } from "./sizes";
import type { HostPlan } from "./types";

/** Memory that the operating system and the Docker Engine keep for themselves. */
export const hostReserveMiB = 512;

/** The host that every stack has. */
export const mainHost = "main";
/** The host of services with the role `media`, where there is a second one. */
export const mediaHost = "media";

/** One host for everything, or a second one for media. The first keeps its name when the second comes. */
export function hostsOf(settings: Settings, needs: ReadonlyMap<Service, Needs>): HostPlan[] {
  const { host } = settings;
  const media = mediaSettings(host);
  if (media === undefined) return [hostOf(settings, mainHost, host, ["app", "media"], needs)];
  return [
    hostOf(settings, mainHost, host, ["app"], needs),
    hostOf(settings, mediaHost, { ...host, ...media }, ["media"], needs),
  ];
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
  const own = [...needs].filter(([{ role }]) => roles.includes(role));
  const services = own.map(([service]) => service);
  const reserve = { memoryMiB: hostReserveMiB, cpus: 0, diskGiB: 0 };
  return {
    name,
    provider: host.provider,
    roles,
    capacity: capacityOf(host, name),
    demand: sumOf([...own.map(([, need]) => need), reserve]),
    sysctls: sysctlsOf(services, settings),
    place: placeOf(host),
  };
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
        : { memoryMiB: host.memoryMiB, cpus: host.cpus, diskGiB: undefined };
    default: {
      const size = (sizes[host.provider] as Record<string, Size>)[host.size];
      if (size === undefined) return undefined;
      // The data are on the first host's disk alone.
      return { ...size, diskGiB: name === mainHost ? host.dataDiskGiB : undefined };
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
