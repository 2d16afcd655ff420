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

/** One host for everything, for now: placement goes by role, so that a second host is data. */
export function hostsOf(
  settings: Settings,
  services: readonly Service[],
  needs: readonly Needs[],
): HostPlan[] {
  const demand = sumOf([...needs, { memoryMiB: hostReserveMiB, cpus: 0, diskGiB: 0 }]);
  return [
    {
      name: mainHost,
      provider: settings.host.provider,
      roles: ["app", "media"],
      capacity: capacityOf(settings.host),
      demand,
      sysctls: sysctlsOf(services, settings),
      place: placeOf(settings.host),
    },
  ];
}

/** What the services ask of the kernel: the largest value of each. */
function sysctlsOf(services: readonly Service[], settings: Settings): Record<string, number> {
  const asked = services.flatMap(({ sysctls }) => Object.entries(sysctls?.(settings) ?? {}));
  return asked.reduce<Record<string, number>>(
    (all, [name, value]) => ({ ...all, [name]: Math.max(all[name] ?? 0, value) }),
    {},
  );
}

function capacityOf(host: HostSettings): HostPlan["capacity"] {
  switch (host.provider) {
    case "local":
    case "existing":
      return host.memoryMiB === undefined || host.cpus === undefined
        ? undefined
        : { memoryMiB: host.memoryMiB, cpus: host.cpus, diskGiB: undefined };
    default: {
      const size = (sizes[host.provider] as Record<string, Size>)[host.size];
      return size === undefined ? undefined : { ...size, diskGiB: host.dataDiskGiB };
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
