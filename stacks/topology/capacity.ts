/** Whether machines are large enough, and what is worth knowing of their room and their traffic. */
import { meets } from "../../components/services/jitsi";
import type { Problem } from "../settings/problems";
import { trafficBalance } from "./cost";
import { mainHost } from "./hosts";
import { trafficOf } from "./sizing";
import type { HostPlan, Topology } from "./types";

type Plan = Pick<Topology, "settings" | "hosts" | "services">;

/** Key of a host's settings. */
const keyOf = (name: string): string => (name === mainHost ? "muster:host" : `muster:host.${name}`);

export function capacityProblems({ hosts }: Plan): Problem[] {
  return hosts.flatMap(({ name, provider, capacity, demand }) => {
    if (capacity === undefined) return [];
    const at = keyOf(name);
    const sized = provider === "digitalocean" || provider === "aws";
    const split =
      hosts.length === 1 && provider !== "local" ? ", give media their own (muster:host.media)" : "";
    const fix = `choose a larger machine${split}, or lower muster:people`;
    const problems: Problem[] = [];
    if (demand.memoryMiB > capacity.memoryMiB)
      problems.push({
        key: `${at}.${sized ? "size" : "memoryMiB"}`,
        problem: "too little memory for these people",
        given: `${capacity.memoryMiB} MiB`,
        allowed: `at least ${demand.memoryMiB} MiB`,
        fix,
      });
    if (demand.cpus > capacity.cpus)
      problems.push({
        key: `${at}.${sized ? "size" : "cpus"}`,
        problem: "too few CPUs for these people",
        given: String(capacity.cpus),
        allowed: `at least ${Math.ceil(demand.cpus)}`,
        fix,
      });
    if (capacity.diskGiB !== undefined && demand.diskGiB > capacity.diskGiB)
      problems.push({
        key: "muster:host.dataDiskGiB",
        problem: "too small a data disk for the history of these people",
        given: `${capacity.diskGiB} GiB`,
        allowed: `at least ${demand.diskGiB} GiB`,
        fix: "raise muster:host.dataDiskGiB, or lower muster:people",
      });
    return problems;
  });
}

/** A machine of 4 GiB, of which it reports a little less. */
const meetingsFloorMiB = 3800;
/** Less than this leaves no room for a busy day. */
const leastHeadroom = 0.1;

export function capacityWarnings({ settings, hosts }: Plan): Problem[] {
  return [
    ...hosts.flatMap((host) => [...floorWarning(settings, host), ...fullWarning(host)]),
    ...trafficWarning({ settings, hosts }),
  ];
}

function floorWarning(settings: Plan["settings"], { name, roles, capacity }: HostPlan): Problem[] {
  if (
    !meets(settings) ||
    roles.length < 2 ||
    capacity === undefined ||
    capacity.memoryMiB >= meetingsFloorMiB
  )
    return [];
  return [
    {
      key: "size" in settings.host ? `${keyOf(name)}.size` : `${keyOf(name)}.memoryMiB`,
      problem: "4 GiB is the floor with meetings: with less, the first larger one has it swap or stop",
      given: `${capacity.memoryMiB} MiB`,
      allowed: "4 GiB or more; 2 GiB without meetings",
      fix: "choose a larger machine, or set muster:meetings to off",
    },
  ];
}

function fullWarning({ name, provider, capacity, demand }: HostPlan): Problem[] {
  if (capacity === undefined || demand.memoryMiB > capacity.memoryMiB) return [];
  const free = 1 - demand.memoryMiB / capacity.memoryMiB;
  if (free >= leastHeadroom) return [];
  const sized = provider === "digitalocean" || provider === "aws";
  return [
    {
      key: `${keyOf(name)}.${sized ? "size" : "memoryMiB"}`,
      problem: `only ${Math.floor(free * 100)} % of the memory stay free`,
      given: `${capacity.memoryMiB} MiB for ${demand.memoryMiB} MiB`,
      allowed: `better ${leastHeadroom * 100} % or more`,
      fix: sized ? "choose a larger machine, or auto" : "choose a larger machine, or lower muster:people",
    },
  ];
}

function trafficWarning({ settings, hosts }: Omit<Plan, "services">): Problem[] {
  const balance = trafficBalance(settings, hosts);
  if (balance === undefined || balance.paidGB === 0) return [];
  const { sentGB, freeGB, usdPerGB } = balance;
  return [
    {
      key: "muster:people.busyHours",
      problem: "more traffic than the machines' price has in it: the rest is paid for by the GB",
      given: `${sentGB} GB a month with ${settings.people.busyHours} busy hours`,
      allowed: `${freeGB} GB in the price; each further 100 GB for $${(usdPerGB * 100).toFixed(2)}`,
      fix: "reckon with it, or lower muster:people.busyHours, cameras or inMeetings",
    },
  ];
}

/** What a TB is worth in meetings like these, where traffic costs money. */
export function capacityNotes({ settings, services }: Plan): Problem[] {
  const { host, people } = settings;
  const mbps = services.find(({ name }) => name === "jitsi-jvb")?.needs.egressMbps ?? 0;
  if (host.provider === "local" || mbps === 0) return [];
  const hours = Math.round(1000 / trafficOf(mbps, 1));
  return [
    {
      key: "muster:people.cameras",
      problem: `1 TB of traffic is about ${hours} hours of meetings with ${people.cameras} cameras`,
      given: `${people.busyHours} such hours a month`,
      fix: "nothing, or set muster:people.cameras and busyHours to what you expect",
    },
  ];
}
