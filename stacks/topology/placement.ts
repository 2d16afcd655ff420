/** Sizes of machines, and whether media get one of their own, where the settings leave that to the demand. Pure. */
import type { Needs, Service } from "../../components/services/service";
import type { Settings } from "../settings/schema";
import { demandOf, mainHost, mediaHost } from "./hosts";
import { offeredBy, type OfferedSize, type Size, sizes } from "./sizes";
import type { HostPlan } from "./types";

type CloudHost = Extract<Settings["host"], { size: string }>;
type Provider = CloudHost["provider"];

/** Part of a machine that stays free where Muster chooses it. */
const spare = { memory: 0.1, cpus: 0.25 };

export interface Placed {
  /** The same settings, without any `auto`. */
  settings: Settings;
  /** Why a host has its size, by its name, where Muster has chosen it. */
  reasons: Readonly<Record<string, string>>;
}

/**
 * The placement that a demand asks for. `auto` becomes the cheapest size that fits and leaves some room; a second machine
 * for media comes where the settings allow one and the first is too small, or two are cheaper than one. Where none is
 * large enough it is the largest, and the plan says so of it.
 */
export function placed(settings: Settings, needs: ReadonlyMap<Service, Needs>): Placed {
  const { host } = settings;
  if (!("size" in host) || (host.size !== "auto" && host.media?.size !== "auto"))
    return { settings, reasons: {} };
  const { media, ...alone } = host;
  const one = choice(host.provider, host.size, ["app", "media"], needs);
  const single: Placed = {
    settings: { ...settings, host: { ...alone, size: one.name } },
    reasons: host.size === "auto" ? { [mainHost]: one.why } : {},
  };
  if (media === undefined) return single;
  const main = choice(host.provider, host.size, ["app"], needs);
  const second = choice(host.provider, media.size, ["media"], needs);
  if (media.size === "auto" && one.fits && one.monthlyUsd <= main.monthlyUsd + second.monthlyUsd)
    return single;
  return {
    settings: { ...settings, host: { ...host, size: main.name, media: { ...media, size: second.name } } },
    reasons: {
      ...(host.size === "auto" ? { [mainHost]: main.why } : {}),
      ...(media.size === "auto" ? { [mediaHost]: second.why } : {}),
    },
  };
}

/** The cheapest machine of each provider with room for everything; none of one that has none so large. */
export const offersFor = (
  needs: ReadonlyMap<Service, Needs>,
): { provider: Provider; size: string; monthlyUsd: number }[] =>
  (Object.keys(sizes) as Provider[]).flatMap((provider) => {
    const { name, fits, monthlyUsd } = choice(provider, "auto", ["app", "media"], needs);
    return fits ? [{ provider, size: name, monthlyUsd }] : [];
  });

interface Choice extends OfferedSize {
  name: string;
  fits: boolean;
  why: string;
}

/** The size of a host for these roles: the one that is named, or the cheapest with room to spare. */
function choice(
  provider: Provider,
  wanted: string,
  roles: HostPlan["roles"],
  needs: ReadonlyMap<Service, Needs>,
): Choice {
  const offered = offeredBy(provider);
  const demand = demandOf(roles, needs);
  const named = offered.find(([name]) => name === wanted);
  if (named !== undefined) return { name: wanted, ...named[1], fits: holds(demand, named[1], 0), why: "" };
  const found = offered.find(([, size]) => holds(demand, size, 1));
  const largest = [...offered].sort(([, a], [, b]) => b.memoryMiB - a.memoryMiB || b.cpus - a.cpus)[0];
  const [name, size] = found ?? largest ?? [wanted, { cpus: 0, memoryMiB: 0, monthlyUsd: 0, trafficGB: 0 }];
  const room = `${demand.memoryMiB} MiB and ${demand.cpus} CPUs`;
  const why =
    found === undefined
      ? `the largest that the plan knows at ${provider}: none has room for ${room}`
      : `the cheapest at ${provider} with room for ${room}, and ${spare.memory * 100} % of memory and ${spare.cpus * 100} % of CPUs to spare`;
  return { name, ...size, fits: found !== undefined, why };
}

/** Whether a machine has room for a demand; `share` of what should stay free is kept free. */
const holds = (demand: Size, { memoryMiB, cpus }: Size, share: 0 | 1): boolean =>
  demand.memoryMiB <= memoryMiB * (1 - share * spare.memory) &&
  demand.cpus <= cpus * (1 - share * spare.cpus);
