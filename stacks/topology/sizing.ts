/** From a demand to whole budgets. */
import type { Needs, Service } from "../../components/services/service";
import type { Settings } from "../settings/schema";

/** Memory comes in steps, so that one more person doesn't replace every container. */
const memoryStepMiB = 64;
/** What one Mbit/s carries in an hour. */
const gbPerMbpsHour = 3600 / 8 / 1000;
/** Docker's shares for one busy CPU. */
const sharesPerCpu = 1024;
/** Docker's least useful share: a service is never starved wholly. */
const leastShares = 128;

/** What a service needs at the settings' demand, rounded up to whole steps. */
export function needsOf(service: Service, settings: Settings): Required<Needs> {
  const needs = service.needs(settings.people, settings);
  return {
    memoryMiB: Math.ceil(needs.memoryMiB / memoryStepMiB) * memoryStepMiB,
    cpus: Math.ceil(needs.cpus * 100) / 100,
    diskGiB: Math.ceil(needs.diskGiB),
    egressMbps: Math.ceil(needs.egressMbps ?? 0),
    trafficGB: Math.ceil(
      (needs.trafficGB ?? 0) + trafficOf(needs.egressMbps ?? 0, settings.people.busyHours),
    ),
  };
}

/** Traffic of so many hours, in GB. */
export const trafficOf = (mbps: number, hours: number): number => mbps * hours * gbPerMbpsHour;

/** Relative weight of a container when CPUs are short. */
export const cpuSharesOf = (cpus: number): number => Math.max(leastShares, Math.round(cpus * sharesPerCpu));

/** Sum of several needs. */
export function sumOf(needs: readonly Needs[]): Required<Needs> {
  return needs.reduce<Required<Needs>>(
    (sum, next) => ({
      memoryMiB: sum.memoryMiB + next.memoryMiB,
      cpus: Math.round((sum.cpus + next.cpus) * 100) / 100,
      diskGiB: sum.diskGiB + next.diskGiB,
      egressMbps: sum.egressMbps + (next.egressMbps ?? 0),
      trafficGB: sum.trafficGB + (next.trafficGB ?? 0),
    }),
    { memoryMiB: 0, cpus: 0, diskGiB: 0, egressMbps: 0, trafficGB: 0 },
  );
}
