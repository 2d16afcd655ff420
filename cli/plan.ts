import type { Topology } from "../stacks/topology";
import { portNumbers, siteUrl } from "../stacks/topology/exposure";
import type { Finding } from "../stacks/topology/types";
import { errorsOf } from "../stacks/topology";
import { describeOffering } from "../stacks/settings/editions";
import { hostReserveMiB } from "../stacks/topology/hosts";
import { planned } from "./load";
import { colors, table } from "./table";

/** Prints the plan; the exit code tells whether an `up` would be refused for its settings. */
export function plan(stack: string): void {
  const topology = planned(stack);
  console.log(describePlan(topology));
  if (errorsOf(topology).length > 0) process.exitCode = 1;
}

/** The plan as text: hosts, services, what is open to whom, addresses, findings. Pure. */
export function describePlan(topology: Topology): string {
  const { people } = topology.settings;
  return [
    colors.bold(`Stack ${topology.stack}`) +
      ` for ${people.accounts} accounts, ${people.active} active at once, ${people.inCalls} in calls, ${people.inMeetings} in meetings; ${describeOffering(topology.offering)}`,
    section("Hosts", hosts(topology)),
    section("Services", services(topology)),
    section("Open to whom", openings(topology)),
    section("Addresses", addresses(topology)),
    section("Findings", findings(topology.findings)),
  ].join("\n\n");
}

const section = (title: string, body: string): string => `${colors.bold(title)}\n${body}`;

function hosts({ hosts: all }: Topology): string {
  return table(
    [
      "host",
      "where",
      "memory needed",
      "memory there",
      "headroom",
      "CPUs needed",
      "CPUs there",
      "disk needed",
      "traffic out",
    ],
    all.map(({ name, place, demand, capacity }) => [
      name,
      place,
      `${demand.memoryMiB} MiB`,
      capacity === undefined ? "checked at start" : `${capacity.memoryMiB} MiB`,
      capacity === undefined ? "" : `${Math.round((1 - demand.memoryMiB / capacity.memoryMiB) * 100)} %`,
      demand.cpus,
      capacity?.cpus ?? "",
      `${demand.diskGiB} GiB`,
      `${demand.egressMbps} Mbit/s`,
    ]),
  );
}

function services({ services: all, hosts: where }: Topology): string {
  return table(
    ["service", "host", "image", "memory", "CPUs", "disk"],
    [
      ...all.map(({ service, host, image, needs }) => [
        service.title,
        host,
        image.reference,
        `${needs.memoryMiB} MiB`,
        needs.cpus,
        `${needs.diskGiB} GiB`,
      ]),
      ...where.map(({ name }) => ["the host itself", name, "", `${hostReserveMiB} MiB`, "", ""]),
    ],
  );
}

function openings({ openings: all }: Topology): string {
  if (all.length === 0) return "  nothing";
  return table(
    ["port", "to", "service", "why"],
    all.map((opening) => [
      portNumbers(opening),
      opening.from === "everyone" ? colors.yellow(opening.from) : opening.from,
      opening.service,
      opening.why,
    ]),
  );
}

function addresses({ routes, settings }: Topology): string {
  return table(
    ["site", "address"],
    routes.map(({ site }) => [site, siteUrl(site, settings)]),
  );
}

const paint = { error: colors.red, warning: colors.yellow, note: colors.cyan };

function findings(all: readonly Finding[]): string {
  if (all.length === 0) return colors.green("  nothing is wrong");
  return all
    .map(({ severity, key, problem, given, allowed, fix }) =>
      [
        `  ${paint[severity](severity)} ${key}: ${problem}`,
        ...(given === undefined ? [] : [`    given:   ${given}`]),
        ...(allowed === undefined ? [] : [`    allowed: ${allowed}`]),
        `    fix:     ${fix}`,
      ].join("\n"),
    )
    .join("\n");
}
