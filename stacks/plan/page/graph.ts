/** What is drawn: who reaches which service, through which ports; and which service talks to which. Pure. */
import type { Plan } from "../schema";

/** What an arrow is about: each kind looks different, also without colour. */
export type ArrowKind = "entry" | "media" | "admin" | "internal";

/** Whom or what a box stands for. */
export interface Box {
  id: string;
  kind: "people" | "service" | "machine";
  title: string;
  /** Smaller lines beneath the title. */
  lines: readonly string[];
  /** Host that it is on; nobody's where undefined. */
  host: string | undefined;
}

/** All ports of one kind from one box to another. */
export interface Arrow {
  from: string;
  to: string;
  kind: ArrowKind;
  ports: readonly Port[];
  /** Names of sites that go this way, where ports say nothing. */
  sites: readonly string[];
}

export interface Port {
  port: number;
  lastPort: number;
  protocol: "tcp" | "udp";
}

export interface Graph {
  boxes: readonly Box[];
  arrows: readonly Arrow[];
}

type Door = Plan["doors"][number];

const kindOf: Readonly<Record<Door["exposure"], ArrowKind>> = {
  entry: "entry",
  media: "media",
  admin: "admin",
  machine: "admin",
  internal: "internal",
};

const everyone = "everyone";
const cloudflare = "Cloudflare";
const peopleId = (from: string): string => `from ${from}`;
const serviceId = (name: string): string => `service ${name}`;
const machineId = (host: string): string => `machine ${host}`;

/** The drawing's boxes and arrows, in the plan's order. */
export function graphOf(plan: Plan): Graph {
  const doors = plan.doors.filter((door) => !isLinked(door, plan));
  const proxied = plan.records.filter((record) => record.proxied === true).map(({ name }) => name);
  const behindCloudflare = doors.some(({ from }) => from === cloudflare) && proxied.length > 0;
  const people = [...new Set([...(behindCloudflare ? [everyone] : []), ...doors.map(({ from }) => from)])];
  const sites = { from: peopleId(everyone), to: peopleId(cloudflare), kind: "entry" as const };
  return {
    boxes: [
      ...people.map(peopleBox),
      ...plan.hosts.flatMap(({ name }) => [
        ...(doors.some(({ service, host }) => service === null && host === name) ? [machineBox(name)] : []),
        ...plan.services.filter(({ host }) => host === name).map((service) => serviceBox(service, plan)),
      ]),
    ],
    arrows: [
      ...(behindCloudflare ? [{ ...sites, ports: [], sites: proxied }] : []),
      ...bundled([
        ...doors.map((door) => ({
          from: peopleId(door.from),
          to: door.service === null ? machineId(door.host) : serviceId(door.service),
          kind: kindOf[door.exposure],
          port: door,
        })),
        ...plan.links.map((link) => ({
          from: serviceId(link.from),
          to: serviceId(link.to),
          kind: "internal" as const,
          port: { ...link, lastPort: link.port },
        })),
      ]),
    ],
  };
}

/** Whether links between hosts say more exactly who comes through a door. */
const isLinked = (door: Door, { links, services }: Plan): boolean =>
  door.exposure === "internal" &&
  links.some(
    ({ from, to, port, protocol }) =>
      to === door.service &&
      port === door.port &&
      protocol === door.protocol &&
      services.find(({ name }) => name === from)?.host !== door.host,
  );

function peopleBox(from: string): Box {
  const networks = from.includes("/") ? from.split(", ") : [];
  return {
    id: peopleId(from),
    kind: "people",
    title: networks.length === 0 ? from.charAt(0).toUpperCase() + from.slice(1) : "Networks",
    lines: networks,
    host: undefined,
  };
}

const machineBox = (host: string): Box => ({
  id: machineId(host),
  kind: "machine",
  title: "the machine",
  lines: [],
  host,
});

const serviceBox = ({ name, title, host }: Plan["services"][number], { sites }: Plan): Box => ({
  id: serviceId(name),
  kind: "service",
  title,
  lines: sites.filter(({ service }) => service === name).map(({ address }) => new URL(address).host),
  host,
});

/** One arrow for all ports of a kind between the same two. */
function bundled(all: readonly (Omit<Arrow, "ports" | "sites"> & { port: Port })[]): Arrow[] {
  const arrows = new Map<string, Arrow & { ports: Port[] }>();
  for (const { from, to, kind, port } of all) {
    const key = JSON.stringify([from, to, kind]);
    const arrow = arrows.get(key) ?? { from, to, kind, ports: [], sites: [] };
    arrow.ports.push({ port: port.port, lastPort: port.lastPort, protocol: port.protocol });
    arrows.set(key, arrow);
  }
  return [...arrows.values()];
}

/** A port as people write it. */
export const numberOf = ({ port, lastPort }: Pick<Port, "port" | "lastPort">): string =>
  port === lastPort ? String(port) : `${port}-${lastPort}`;

/**
 * Ports as few short lines: those with the same protocols share one, such as `3478 tcp, udp`.
 * @param most numbers in a line; the rest is counted.
 */
export function portLines(ports: readonly Port[], most = Infinity): string[] {
  const protocols = new Map<string, Set<string>>();
  for (const port of ports)
    protocols.set(numberOf(port), (protocols.get(numberOf(port)) ?? new Set()).add(port.protocol));
  const numbers = new Map<string, string[]>();
  for (const [number, of] of protocols) {
    const key = [...of].sort().join(", ");
    numbers.set(key, [...(numbers.get(key) ?? []), number]);
  }
  return [...numbers].map(([key, all]) => {
    const rest = all.length - most;
    return `${all.slice(0, most).join(", ")}${rest > 0 ? ` and ${rest} more` : ""} ${key}`;
  });
}
