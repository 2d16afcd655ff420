/** The other way round: how many people given machines carry. Pure. */
import type { Demand, Service } from "../../components/services/service";
import type { Settings } from "../settings/schema";
import { hostsOf } from "./hosts";
import { needsOf } from "./sizing";
import type { HostPlan } from "./types";

/** People that machines carry, and what there would be too little of for more. */
export interface Carried {
  people: Demand;
  limit: string;
}

/** More than these no schema lets in. */
const mostAccounts = 200_000;

/**
 * The most people in the same proportions that the machines of these settings carry.
 * @param settings placed: without any `auto`.
 * @returns `undefined` where a machine's capacity isn't known, or where even one account is too much.
 */
export function carriedBy(settings: Settings, running: readonly Service[]): Carried | undefined {
  const shortageAt = (accounts: number): string | undefined => {
    const scaled = { ...settings, people: scaledTo(settings.people, accounts) };
    const needs = new Map(running.map((service) => [service, needsOf(service, scaled)]));
    return hostsOf(scaled, needs)
      .map(shortageOf)
      .find((found) => found !== undefined);
  };
  const none = new Map(running.map((service) => [service, needsOf(service, settings)]));
  if (hostsOf(settings, none).some(({ capacity }) => capacity === undefined)) return undefined;
  let [carried, tooMany] = [0, mostAccounts + 1];
  while (tooMany - carried > 1) {
    const middle = Math.floor((carried + tooMany) / 2);
    if (shortageAt(middle) === undefined) carried = middle;
    else tooMany = middle;
  }
  if (carried === 0) return undefined;
  return { people: scaledTo(settings.people, carried), limit: shortageAt(tooMany) ?? "what Muster allows" };
}

/** The same people, more or fewer of them. A call has as many screens as before: they don't grow with it. */
function scaledTo(people: Demand, accounts: number): Demand {
  const scaled = (count: number): number => Math.floor((count * accounts) / people.accounts);
  const inCalls = scaled(people.inCalls);
  return {
    ...people,
    accounts,
    active: scaled(people.active),
    inCalls,
    sharing: Math.min(people.sharing, inCalls),
    inMeetings: scaled(people.inMeetings),
    cameras: scaled(people.cameras),
  };
}

/** What a host has too little of; `undefined` where it has enough. */
function shortageOf({ name, demand, capacity }: HostPlan): string | undefined {
  if (capacity === undefined) return undefined;
  if (demand.memoryMiB > capacity.memoryMiB) return `memory of ${name}`;
  if (demand.cpus > capacity.cpus) return `CPUs of ${name}`;
  return capacity.diskGiB !== undefined && demand.diskGiB > capacity.diskGiB
    ? `data disk of ${name}`
    : undefined;
}
