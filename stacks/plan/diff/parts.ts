/** What a stack is made of: machines, services and their data, who talks to whom, sites, people, cost, findings. Pure. */
import type { Plan } from "../schema";
import { type Change, changesOf, type Facts, key, pairs, plain } from "./change";

type Host = Plan["hosts"][number];
type Service = Plan["services"][number];

const mebibytes = (amount: number): string => `${amount} MiB`;
const gibibytes = (amount: number): string => `${amount} GiB`;
const gigabytes = (amount: number): string => `${amount} GB a month`;
const orNone = <T>(value: T | null, say: (known: T) => string): string | null =>
  value === null ? null : say(value);

export const machineChanges = (base: Plan, head: Plan): Change[] =>
  changesOf(
    "machines",
    pairs(base.hosts, head.hosts, ({ name }) => name),
    {
      name: ({ name }) => `host ${name}`,
      whole: (host) => `${host.place}, for ${host.roles.join(" and ")}`,
      facts: hostFacts,
    },
  );

/** A place says its size too, where it has one. */
const hostFacts = ({ provider, place, size, roles, demand, capacity }: Host): Facts => ({
  provider,
  place: size === null ? place : place.replace(`, ${size}`, ""),
  size: size ?? "none",
  runs: roles.join(", "),
  "memory it has": orNone(capacity, ({ memoryMiB }) => mebibytes(memoryMiB)),
  "CPUs it has": orNone(capacity, ({ cpus }) => String(cpus)),
  "data disk": orNone(capacity?.diskGiB ?? null, gibibytes),
  "traffic in its price": orNone(capacity?.trafficGB ?? null, gigabytes),
  "memory needed": mebibytes(demand.memoryMiB),
  "CPUs needed": String(demand.cpus),
  "disk needed": gibibytes(demand.diskGiB),
  "traffic expected": gigabytes(demand.trafficGB),
});

export const serviceChanges = (base: Plan, head: Plan): Change[] =>
  changesOf(
    "services",
    pairs(base.services, head.services, ({ name }) => name),
    {
      name: ({ title }) => title,
      whole: ({ host, image, memoryMiB }) => `${image} on ${host}, ${mebibytes(memoryMiB)}`,
      facts: ({ host, image, memoryMiB, cpus, diskGiB, egressMbps }) => ({
        host,
        image,
        memory: mebibytes(memoryMiB),
        CPUs: String(cpus),
        "disk needed": gibibytes(diskGiB),
        "traffic out": `${egressMbps} Mbit/s`,
      }),
    },
  );

type Backup = Service["volumes"][number]["backup"];
const kept: Readonly<Record<Backup, string>> = {
  dump: "in the backups, as a dump",
  files: "in the backups, as files",
  none: "not in the backups",
};

/** Volumes that come, go, or are backed up in another way. */
export const dataChanges = (base: Plan, head: Plan): Change[] =>
  changesOf(
    "data",
    pairs(volumesOf(base), volumesOf(head), ({ name }) => name),
    {
      name: ({ name }) => `volume ${name}`,
      whole: ({ why, backup }) => `${why}; ${kept[backup]}`,
      facts: ({ backup }) => ({ backup: kept[backup] }),
    },
  );

const volumesOf = ({ services }: Plan): Service["volumes"] =>
  services.flatMap((service) =>
    service.volumes.map((volume) => ({ ...volume, name: `${volume.name} of ${service.title}` })),
  );

export const linkChanges = (base: Plan, head: Plan): Change[] =>
  pairs(base.links, head.links, ({ from, to, port, protocol }) => key(from, to, port, protocol)).flatMap(
    ([before, after]) => {
      const link = after ?? before;
      if (link === undefined || (before !== undefined && after !== undefined)) return [];
      const { from, to, port, protocol, why } = link;
      return [
        plain(
          "links",
          `${from} to ${to}, ${port}/${protocol}`,
          before === undefined ? null : why,
          after === undefined ? null : why,
        ),
      ];
    },
  );

export const siteChanges = (base: Plan, head: Plan): Change[] =>
  changesOf(
    "sites",
    pairs(base.sites, head.sites, ({ name }) => name),
    {
      name: ({ name }) => `site ${name}`,
      whole: ({ address }) => address,
      facts: ({ address, service }) => ({ address, service }),
    },
  );

const peopleWords: Readonly<Record<keyof Plan["people"], string>> = {
  accounts: "accounts",
  active: "active at once",
  inCalls: "in calls at once",
  sharing: "sharing a screen",
  inMeetings: "in meetings at once",
  cameras: "with a camera on",
  busyHours: "busy hours a month",
  historyMonths: "months of history",
};

const countsOf = (people: Plan["people"]): Facts =>
  Object.fromEntries(
    Object.entries(peopleWords).map(([name, words]) => [words, String(people[name as keyof Plan["people"]])]),
  );

export const peopleChanges = (base: Plan, head: Plan): Change[] => [
  ...changesOf("people", [[base, head]], {
    name: () => "the stack",
    whole: () => "",
    facts: ({ edition }) => ({ edition }),
  }),
  ...changesOf("people", [[base.people, head.people]], {
    name: () => "planned for",
    whole: () => "",
    facts: countsOf,
  }),
  ...changesOf("people", [[base.carries, head.carries]], {
    name: () => "carries at most",
    whole: () => "",
    facts: (most) => (most === null ? {} : { ...countsOf(most), "and what ends first": most.limit }),
  }),
];

export const money = (amount: number | null): string =>
  amount === null ? "not known" : `${amount.toFixed(2)} USD`;

export const costChanges = ({ cost: base }: Plan, { cost: head }: Plan): Change[] => [
  ...(base.monthly === head.monthly
    ? []
    : [plain("cost", "a month", money(base.monthly), money(head.monthly))]),
  ...changesOf(
    "cost",
    pairs(base.parts, head.parts, ({ kind, host }) => key(kind, host)),
    {
      name: ({ kind, host }) => (host === null ? kind : `${kind} of the host ${host}`),
      whole: ({ what, monthly }) => `${what}: ${money(monthly)}`,
      facts: ({ what, monthly }) => ({ "what is paid for": what, price: money(monthly) }),
    },
  ),
  ...(base.asOf === head.asOf ? [] : [plain("cost", "prices as of", base.asOf, head.asOf)]),
];

export const findingChanges = (base: Plan, head: Plan): Change[] =>
  pairs(base.findings, head.findings, ({ severity, key: setting, problem, given = "" }) =>
    key(severity, setting, problem, given),
  ).flatMap(([before, after]) => {
    const finding = after ?? before;
    if (finding === undefined || (before !== undefined && after !== undefined)) return [];
    const { severity, key: setting, problem, given, fix } = finding;
    const words = `${problem}${given === undefined ? "" : ` (${given})`}; fix: ${fix}`;
    return [
      plain(
        "findings",
        `${severity}, ${setting}`,
        before === undefined ? null : words,
        after === undefined ? null : words,
      ),
    ];
  });
