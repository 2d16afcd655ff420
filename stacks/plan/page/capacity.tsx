/** How full the machines are, as bars with their numbers beside them; and how many people they carry. */
import type { VNode } from "preact";
import type { Plan } from "../schema";
import { table } from "./table";
import { amount } from "./words";

type Host = Plan["hosts"][number];

interface Gauge {
  title: string;
  unit: string;
  needed: number;
  /** What is there; null where nobody can tell. */
  there: number | null;
  /** What stays free, in percent. */
  free: number | null;
  /** Whether what is there is what a price holds. */
  isPriced?: boolean;
}

const gauges = ({ demand, capacity, headroom }: Host): Gauge[] => [
  {
    title: "Memory",
    unit: "MiB",
    needed: demand.memoryMiB,
    there: capacity?.memoryMiB ?? null,
    free: headroom?.memory ?? null,
  },
  {
    title: "CPUs",
    unit: "CPUs",
    needed: demand.cpus,
    there: capacity?.cpus ?? null,
    free: headroom?.cpus ?? null,
  },
  {
    title: "Data disk",
    unit: "GiB",
    needed: demand.diskGiB,
    there: capacity?.diskGiB ?? null,
    free: headroom?.disk ?? null,
  },
  {
    title: "Traffic out",
    isPriced: true,
    unit: "GB a month",
    needed: demand.trafficGB,
    there: capacity?.trafficGB ?? null,
    free: headroom?.traffic ?? null,
  },
];

export const Machines = ({ plan }: { plan: Plan }): VNode => (
  <div class="cards">
    {plan.hosts.map((host) => (
      <div class="card">
        <h3>{host.name}</h3>
        <p>
          {host.place}
          {host.roles.length === 0 ? null : `; for services of the kind ${host.roles.join(" and ")}`}
        </p>
        {host.why === null ? null : <p>{`Size ${host.size ?? ""}: ${host.why}`}</p>}
        <dl class="gauges">
          {gauges(host).map((gauge) => (
            <div>
              <dt>{gauge.title}</dt>
              <dd>{inWords(gauge)}</dd>
              <Bar gauge={gauge} />
            </div>
          ))}
          <div>
            <dt>Traffic out at busy times</dt>
            <dd>{amount(host.demand.egressMbps)} Mbit/s</dd>
          </div>
        </dl>
      </div>
    ))}
  </div>
);

function inWords({ unit, needed, there, free, isPriced }: Gauge): string {
  if (there === null && isPriced === true) return `${amount(needed)} ${unit}; none of it is in a price`;
  if (there === null) return `${amount(needed)} ${unit} needed; only the machine can tell what is there`;
  const left =
    free === null
      ? ""
      : free < 0
        ? `; ${amount(needed - there)} too little`
        : `; ${amount(free)} % stays free`;
  return `${amount(needed)} of ${amount(there)} ${unit}${left}`;
}

/** How much of it is used; too much is hatched as well, since colour alone says nothing to many. */
function Bar({ gauge: { there, free } }: { gauge: Gauge }): VNode | null {
  if (there === null || free === null) return null;
  const used = Math.min(100, 100 - free);
  return (
    <dd aria-hidden="true">
      <svg class={free < 0 ? "bar over" : "bar"} width="100%" height="10">
        <rect class="there" width="100%" height="10" rx="5" />
        <rect class="used" width={`${used}%`} height="10" rx="5" />
        {free < 0 ? <path class="hatch" d={hatching} /> : null}
      </svg>
    </dd>
  );
}

const hatching = Array.from({ length: 100 }, (_, index) => `M${index * 12} 10L${index * 12 + 10} 0`).join("");

const rowsOf = [
  "accounts",
  "active",
  "inCalls",
  "sharing",
  "inMeetings",
  "cameras",
  "busyHours",
  "historyMonths",
] as const;
const titles: Readonly<Record<(typeof rowsOf)[number], string>> = {
  accounts: "Accounts",
  active: "People active at once",
  inCalls: "People in calls at once",
  sharing: "Of these, sharing a screen",
  inMeetings: "People in meetings at once",
  cameras: "Of these, with a camera on",
  busyHours: "Hours a month that are so busy",
  historyMonths: "Months of messages and files",
};

export const Carries = ({ plan: { people, carries } }: { plan: Plan }): VNode => (
  <>
    {table({
      id: "people-table",
      caption: "People that it is sized for, and the most that its machines carry in the same proportions",
      columns: [
        { title: "What", cell: (key) => titles[key] },
        { title: "Sized for", cell: (key) => amount(people[key]), isNumber: true },
        {
          title: "Carried at most",
          cell: (key) => (carries === null ? "nobody can tell" : amount(carries[key])),
          isNumber: true,
        },
      ],
      rows: rowsOf,
    })}
    {carries === null ? null : (
      <p>
        For more people, there would be too little of this first: <strong>{carries.limit}</strong>.
      </p>
    )}
  </>
);
