/** The plan's tables: the same facts as in the drawing, and all others. */
import type { VNode } from "preact";
import type { Plan } from "../schema";
import { numberOf } from "./graph";
import { Section, table } from "./table";
import { amount, listed, money } from "./words";

interface Given {
  plan: Plan;
}

const backups: Readonly<Record<Plan["services"][number]["volumes"][number]["backup"], string>> = {
  dump: "as a dump",
  files: "file by file",
  none: "not in backups",
};

export const Services = ({ plan: { services } }: Given): VNode => (
  <Section id="services" title="Services">
    {table({
      id: "services-table",
      caption: "What runs, and what it needs",
      columns: [
        {
          title: "Service",
          cell: ({ title, name }) => (
            <>
              {title} <code class="aside">{name}</code>
            </>
          ),
        },
        { title: "Host", cell: ({ host }) => host },
        { title: "Memory", cell: ({ memoryMiB }) => `${amount(memoryMiB)} MiB`, isNumber: true },
        { title: "CPUs", cell: ({ cpus }) => amount(cpus), isNumber: true },
        { title: "Disk", cell: ({ diskGiB }) => `${amount(diskGiB)} GiB`, isNumber: true },
        { title: "Traffic out", cell: ({ egressMbps }) => `${amount(egressMbps)} Mbit/s`, isNumber: true },
        { title: "In a month", cell: ({ trafficGB }) => `${amount(trafficGB)} GB`, isNumber: true },
        { title: "Image", cell: ({ image }) => <code>{image}</code> },
      ],
      rows: services,
    })}
    {table({
      id: "volumes-table",
      caption: "Their data, and how backups take it",
      columns: [
        { title: "Volume", cell: ({ service, name }) => `${service} ${name}` },
        { title: "Backup", cell: ({ backup }) => backups[backup] },
        { title: "What is in it", cell: ({ why }) => why },
      ],
      rows: services.flatMap(({ name: service, volumes }) =>
        volumes.map((volume) => ({ service, ...volume })),
      ),
    })}
  </Section>
);

export function Doors({ plan: { doors, links, services } }: Given): VNode {
  const titles = new Map(services.map(({ name, title }) => [name, title]));
  const titleOf = (name: string | null): string =>
    name === null ? "the machine itself" : (titles.get(name) ?? name);
  return (
    <Section id="doors" title="Open ports">
      {table({
        id: "doors-table",
        caption: "Every way in from outside that this stack opens",
        columns: [
          { title: "Port", cell: (door) => `${numberOf(door)}\u00a0${door.protocol}` },
          { title: "Open to", cell: ({ from }) => from },
          { title: "Leads to", cell: ({ service }) => titleOf(service) },
          { title: "Host", cell: ({ host }) => host },
          { title: "Kind", cell: ({ exposure }) => exposure },
          { title: "Why", cell: ({ why }) => why, isLong: true },
        ],
        rows: doors,
      })}
      {table({
        id: "links-table",
        caption: "Which service talks to which; no others can",
        columns: [
          { title: "From", cell: ({ from }) => titleOf(from) },
          { title: "To", cell: ({ to }) => titleOf(to) },
          { title: "Port", cell: ({ port, protocol }) => `${port}\u00a0${protocol}` },
          { title: "Why", cell: ({ why }) => why, isLong: true },
        ],
        rows: links,
      })}
    </Section>
  );
}

export function Addresses({ plan: { sites, records, services } }: Given): VNode {
  const titles = new Map(services.map(({ name, title }) => [name, title]));
  return (
    <Section id="addresses" title="Addresses and DNS">
      {table({
        id: "sites-table",
        caption: "What people visit",
        columns: [
          { title: "Site", cell: ({ name }) => name },
          { title: "Address", cell: ({ address }) => <code>{address}</code> },
          { title: "Service", cell: ({ service }) => titles.get(service) ?? service },
        ],
        rows: sites,
      })}
      {table({
        id: "records-table",
        caption: "DNS records",
        columns: [
          { title: "Name", cell: ({ name }) => <code>{name}</code> },
          { title: "Type", cell: ({ type }) => type },
          { title: "Value", cell: ({ value }) => <code>{value}</code> },
          { title: "Through Cloudflare", cell: ({ proxied }) => proxiedInWords(proxied) },
          { title: "Why", cell: ({ why }) => why, isLong: true },
        ],
        rows: records,
      })}
    </Section>
  );
}

const proxiedInWords = (proxied: boolean | null): string =>
  proxied === null ? "can’t be" : proxied ? "yes" : "no";

export function Zone({ plan: { zone } }: Given): VNode | null {
  if (zone === null) return null;
  return (
    <Section id="zone" title={`Zone ${zone.name}`}>
      <p>
        {`At Cloudflare, on its ${zone.plan} plan. `}
        {zone.owner
          ? "This stack holds its rules and settings."
          : "Another stack holds its rules and settings."}
      </p>
      {table({
        id: "rules-table",
        caption: "Rules, in order",
        columns: [
          { title: "Rule", cell: ({ name }) => name },
          { title: "What it is for", cell: ({ what }) => what, isLong: true },
          { title: "Action", cell: ({ action }) => action },
          { title: "Phase", cell: ({ phase }) => phase },
          { title: "Requests", cell: ({ expression }) => <code>{expression}</code>, isLong: true },
        ],
        rows: zone.rules,
      })}
      {table({
        id: "settings-table",
        caption: "Settings",
        columns: [
          { title: "Setting", cell: ([name]) => <code>{name}</code> },
          { title: "Value", cell: ([, value]) => <code>{value}</code> },
        ],
        rows: Object.entries(zone.settings),
      })}
    </Section>
  );
}

export function Cost({ plan: { cost } }: Given): VNode {
  const isWhole = cost.parts.every(({ monthly }) => monthly !== null);
  return (
    <Section id="cost" title="Cost">
      {table({
        id: "cost-table",
        caption: `Prices of ${cost.asOf} in US dollars, without taxes; they change`,
        columns: [
          { title: "What", cell: ({ what }) => what },
          { title: "Kind", cell: ({ kind }) => kind },
          { title: "Host", cell: ({ host }) => host ?? "all" },
          {
            title: "A month",
            cell: ({ monthly }) => (monthly === null ? "unknown" : money(monthly)),
            isNumber: true,
          },
        ],
        rows: cost.parts,
        sum: {
          title: isWhole ? "Together" : "Together, as far as known",
          value: cost.monthly === null ? "unknown" : money(cost.monthly),
        },
      })}
      {cost.offers.length === 0 ? null : (
        <p>
          The cheapest machines with room for all of it:{" "}
          {listed(
            cost.offers.map(({ provider, size, monthly }) => `${size} at ${provider}, ${money(monthly)}`),
          )}
          .
        </p>
      )}
    </Section>
  );
}

export const Findings = ({ plan: { findings } }: Given): VNode => (
  <Section id="findings" title="Findings">
    {table({
      id: "findings-table",
      caption: "What is wrong, and what is worth knowing",
      columns: [
        { title: "Setting", cell: ({ key }) => <code>{key}</code> },
        {
          title: "Severity",
          cell: ({ severity }) => <strong class={`severity ${severity}`}>{severity}</strong>,
        },
        { title: "Problem", cell: ({ problem }) => problem, isLong: true },
        { title: "Given", cell: ({ given }) => given ?? "" },
        { title: "Allowed", cell: ({ allowed }) => allowed ?? "" },
        { title: "What to do", cell: ({ fix }) => fix, isLong: true },
      ],
      rows: findings,
      rowId: (index) => `finding-${index + 1}`,
    })}
  </Section>
);
