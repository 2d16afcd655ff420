/** The plan as text, for a terminal. Pure. */
import { describeOffering } from "../stacks/settings/editions";
import type { Plan } from "../stacks/plan/schema";
import { hostReserveMiB } from "../stacks/topology/hosts";
import { colors, table } from "./table";

/** Hosts, capacity, cost, services, what is open to whom, addresses, records, findings. */
export function describePlan(plan: Plan): string {
  return [
    colors.bold(`Stack ${plan.stack}`) +
      ` for ${describePeople(plan.people)}; ${describeOffering(plan.edition)}`,
    section("Hosts", hosts(plan)),
    section("Capacity", capacity(plan)),
    section(`Cost in a month, prices of ${plan.cost.asOf}`, cost(plan)),
    section("Services", services(plan)),
    section("Open to whom", doors(plan)),
    section(
      "Addresses",
      table(
        ["site", "address"],
        plan.sites.map(({ name, address }) => [name, address]),
      ),
    ),
    ...edge(plan),
    section("Findings", findings(plan)),
  ].join("\n\n");
}

const section = (title: string, body: string): string => `${colors.bold(title)}\n${body}`;

const describePeople = (people: Plan["people"]): string =>
  `${people.accounts} accounts, ${people.active} active at once, ${people.inCalls} in calls (${people.sharing} sharing a screen), ${people.inMeetings} in meetings (${people.cameras} with cameras); ${people.busyHours} such hours a month, ${people.historyMonths} months of history`;

function hosts({ hosts: all }: Plan): string {
  const reasons = all.flatMap(({ name, why }) => (why === null ? [] : [`  ${name}: ${why}`]));
  return [
    table(
      ["host", "where", "runs"],
      all.map(({ name, place, roles }) => [
        name,
        place,
        roles.length === 1 ? (roles[0] === "media" ? "media" : "all but media") : "everything",
      ]),
    ),
    ...reasons,
  ].join("\n");
}

const barWidth = 20;

/** How full something is, as a bar; what is too much for it fills it whole. */
function bar(needed: number, there: number): string {
  const share = there === 0 ? 1 : needed / there;
  const full = Math.min(barWidth, Math.round(share * barWidth));
  const text = "█".repeat(full) + "░".repeat(barWidth - full);
  return share > 1 ? colors.red(text) : share > 0.9 ? colors.yellow(text) : colors.green(text);
}

/** Each resource of each host: what is needed of it, what is there, what stays free. */
function capacity({ hosts: all, carries }: Plan): string {
  const rows = all.flatMap(({ name, demand, capacity: there, headroom }) =>
    (
      [
        ["memory", demand.memoryMiB, there?.memoryMiB, headroom?.memory, "MiB"],
        ["CPUs", demand.cpus, there?.cpus, headroom?.cpus, ""],
        ["disk", demand.diskGiB, there?.diskGiB, headroom?.disk, "GiB"],
        ["traffic", demand.trafficGB, there?.trafficGB, headroom?.traffic, "GB a month"],
      ] as const
    ).map(([what, needed, has, free, unit]) => [
      name,
      what,
      `${needed} ${unit}`.trim(),
      has === undefined || has === null
        ? what === "memory" || what === "CPUs"
          ? "checked at start"
          : ""
        : `${has} ${unit}`.trim(),
      has === undefined || has === null ? "" : bar(needed, has),
      free === undefined || free === null ? "" : `${free} %`,
    ]),
  );
  const busy = all
    .map(({ name, demand }) => `${demand.egressMbps} Mbit/s leave ${name} when busy`)
    .join(", ");
  const most =
    carries === null
      ? []
      : [
          `  Enough for ${carries.accounts} accounts, ${carries.active} active, ${carries.inCalls} in calls, ${carries.inMeetings} in meetings; for more: too little ${carries.limit}.`,
        ];
  return [table(["host", "of", "needed", "there", "", "free"], rows), `  ${busy}.`, ...most].join("\n");
}

const dollars = (amount: number | null): string => (amount === null ? "unknown" : `$${amount.toFixed(2)}`);

function cost({ cost: { parts, monthly, offers } }: Plan): string {
  const named = offers.map(
    ({ provider, size, monthly: price }) => `${size} at ${provider}, ${dollars(price)}`,
  );
  const paid =
    parts.length === 0
      ? "  nothing: this machine is yours"
      : table(
          ["for", "host", "what", "USD"],
          [
            ...parts.map(({ kind, host, what, monthly: price }) => [kind, host ?? "", what, dollars(price)]),
            [colors.bold("in all"), "", "without taxes", colors.bold(dollars(monthly))],
          ],
        );
  if (named.length === 0) return paid;
  return `${paid}\n  The cheapest machines with room for all of it: ${named.join("; ")}.`;
}

function services({ services: all, hosts: where }: Plan): string {
  return table(
    ["service", "host", "image", "memory", "CPUs", "disk", "traffic a month"],
    [
      ...all.map(({ title, host, image, memoryMiB, cpus, diskGiB, trafficGB }) => [
        title,
        host,
        image,
        `${memoryMiB} MiB`,
        cpus,
        `${diskGiB} GiB`,
        `${trafficGB} GB`,
      ]),
      ...where.map(({ name }) => ["the host itself", name, "", `${hostReserveMiB} MiB`, "", "", ""]),
    ],
  );
}

/** Number of a door as people write it. */
const portOf = ({ port, lastPort, protocol }: Plan["doors"][number]): string =>
  `${port === lastPort ? port : `${port}-${lastPort}`}/${protocol}`;

function doors({ doors: all }: Plan): string {
  if (all.length === 0) return "  nothing";
  return table(
    ["port", "to", "service", "why"],
    all.map((door) => [
      portOf(door),
      door.from === "everyone" ? colors.yellow(door.from) : door.from,
      door.service ?? `the machine ${door.host}`,
      door.why,
    ]),
  );
}

const throughProxy = ({ type, proxied }: Plan["records"][number]): string =>
  proxied === null ? (type === "A" ? "never" : "") : proxied ? "yes" : "no";

/** DNS records, to be entered or made, as a table. */
export const recordTable = (records: Plan["records"], zone: Plan["zone"]): string =>
  table(
    ["name", "type", "value", ...(zone === null ? [] : ["through Cloudflare"]), "why"],
    records.map((record) => [
      record.name,
      record.type,
      record.value,
      ...(zone === null ? [] : [throughProxy(record)]),
      record.why,
    ]),
  );

/** DNS records, and the zone's rules, where this stack holds them. */
function edge({ records, zone }: Plan): string[] {
  if (records.length === 0) return [];
  const title = zone === null ? "DNS records, to be entered" : `DNS records in the zone ${zone.name}`;
  if (zone?.owner !== true) return [section(title, recordTable(records, zone))];
  return [
    section(title, recordTable(records, zone)),
    section(
      `Rules in the zone ${zone.name}, on the ${zone.plan} plan`,
      table(
        ["phase", "rule", "action", "what"],
        zone.rules.map(({ phase, name, action, what }) => [phase, name, action, what]),
      ),
    ),
    section("Settings of the zone", table(["setting", "value"], Object.entries(zone.settings))),
  ];
}

const paint = { error: colors.red, warning: colors.yellow, note: colors.cyan };

function findings({ findings: all }: Plan): string {
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
