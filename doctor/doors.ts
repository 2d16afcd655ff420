/** Doors of the hosts: those that the plan opens answer, and there are no others. */
import type Docker from "dockerode";
import { labels } from "../components/host/engine";
import { services as allServices } from "../components/services";
import { tcpOpen, udpClosed } from "../probe/net/reach";
import { boundTo, portNumbers } from "../stacks/topology/exposure";
import type { Opening, Topology } from "../stacks/topology/types";
import type { Check, Seen } from "./check";
import { isThisMachine } from "./names";
import { engineFor, engineId, needed, type Patient } from "./patient";

const timeoutSeconds = 4;

export function doorChecks(patient: Patient): Check[] {
  const { openings, hosts, settings } = patient.topology;
  // Of a range, its first stands for all: each is a socket of its own only while somebody is relayed.
  const doors = openings.filter(
    ({ exposure, published, last }) => exposure === "media" && published === last,
  );
  return [
    ...doors.map((opening) => doorCheck(patient, opening)),
    ...hosts.flatMap(({ name }) => [
      publishedCheck(patient, name),
      ...(settings.host.provider === "local" ? [] : strangersCheck(patient, name)),
    ]),
  ];
}

function doorCheck(patient: Patient, opening: Opening): Check {
  const { service, host, published: port, protocol } = opening;
  const door = portNumbers(opening);
  return {
    id: `door.${host}.${port}-${protocol}`,
    group: "doors",
    title: `${door} of ${host} is open, for ${service}`,
    means: `${opening.why}: nobody gets through`,
    fix: `let ${door} through to the machine, in every firewall before it as well`,
    needs: needed(patient, service),
    run: async () => {
      const address = patient.addressOf(host);
      if (address === undefined) return { ok: false, saw: `nobody knows the address of ${host}` };
      if (protocol === "tcp") {
        const answer = await tcpOpen({ host: address, port, timeoutSeconds });
        if (!answer.ok) return { ok: false, saw: answer.reason };
        return fromWithin(patient, address) ?? { ok: true, saw: "open" };
      }
      const { closed, reason } = await udpClosed({ host: address, port });
      if (closed) return { ok: false, saw: reason };
      return fromWithin(patient, address) ?? { ok: true, saw: "nobody says that it is closed" };
    },
  };
}

/**
 * Started on a server itself, the doctor gets past its firewall: what it finds open may be closed to everybody else. On
 * this machine's own engine that is where people are.
 */
const fromWithin = ({ topology: { settings } }: Patient, address: string): Seen | undefined =>
  settings.host.provider !== "local" && isThisMachine(address)
    ? {
        ok: "unchecked",
        saw: "asked from the machine itself, past its firewall",
        fix: "start the doctor on another machine as well, from where people are",
      }
    : undefined;

/** What the engine publishes is what the plan says, and nothing else. */
function publishedCheck(patient: Patient, host: string): Check {
  const { topology } = patient;
  return {
    id: `doors.${host}.published`,
    group: "doors",
    title: `containers of ${host} publish what the plan says`,
    means: "a container can be reached that should not be, or can't where it should",
    fix: `bring the stack up again, which puts it back: npm run up -- ${topology.stack}`,
    through: [engineId(host)],
    run: async () => {
      const { found, running } = await publishedOn(engineFor(patient, host), topology.stack);
      return publishedVerdict(found, topology, host, running);
    },
  };
}

/** Ports that the engine publishes for a stack's containers, as `service 443/tcp`, and the services that run. */
async function publishedOn(docker: Docker, stack: string): Promise<{ found: string[]; running: string[] }> {
  const containers = await docker.listContainers({ filters: { label: [`${labels.stack}=${stack}`] } });
  const nameOf = ({ Labels }: Docker.ContainerInfo): string => Labels[labels.service] ?? "?";
  return {
    running: containers.map(nameOf),
    found: containers.flatMap((container) =>
      container.Ports.filter(({ PublicPort }) => (PublicPort as number | undefined) !== undefined).map(
        ({ PublicPort, Type, IP }) => `${nameOf(container)} ${PublicPort}/${Type} on ${IP}`,
      ),
    ),
  };
}

/**
 * Pure.
 * @param found as `service 443/tcp on 0.0.0.0`.
 * @param running services whose containers run: what isn't up publishes nothing, and another check says so.
 */
export function publishedVerdict(
  found: readonly string[],
  { openings, services }: Pick<Topology, "openings" | "services">,
  host: string,
  running: readonly string[],
): Seen {
  const onHostNetwork = new Set(
    services.filter(({ service }) => service.sandbox.hostNetwork !== undefined).map(({ name }) => name),
  );
  const wanted = openings
    .filter((opening) => opening.host === host && !onHostNetwork.has(opening.service))
    .flatMap((opening) =>
      Array.from({ length: opening.last - opening.published + 1 }, (_, index) => ({
        service: opening.service,
        door: `${opening.service} ${opening.published + index}/${opening.protocol}`,
        // Where only the other hosts may come, the address is one that the machine alone knows.
        on: typeof opening.bind === "string" ? boundTo(opening) : undefined,
      })),
    );
  const isWanted = (one: string): boolean =>
    wanted.some(({ door, on }) => one === `${door} on ${on ?? one.split(" on ")[1] ?? ""}`);
  // The engine tells of IPv6 beside IPv4.
  const strange = found.filter((one) => !isWanted(one.replace(" on ::", " on 0.0.0.0")));
  const expected = wanted.filter(({ service }) => running.includes(service));
  const missing = expected.filter(({ door }) => !found.some((one) => one.startsWith(`${door} on `)));
  if (strange.length === 0 && missing.length === 0) return { ok: true, saw: `${expected.length} ports` };
  return {
    ok: false,
    saw: [
      ...strange.map((one) => `not in the plan: ${one}`),
      ...missing.map(({ door }) => `not published: ${door}`),
    ].join("; "),
  };
}

/**
 * Ports behind which programs listen that nobody outside should reach: each container's own, Docker, databases, proxies.
 * Not mail's: many networks answer for 25 themselves, whatever the machine does.
 */
const strangers: readonly number[] = [
  21, 23, 111, 139, 445, 873, 2049, 2375, 2376, 2377, 3306, 3389, 5432, 5900, 6379, 6443, 8008, 8065, 8080,
  8081, 8443, 8888, 9000, 9090, 9100, 9200, 10250, 11211, 27017,
];

/** TCP ports of a host that the plan doesn't open and that programs are known to listen on. Pure. */
export function closedPorts({ openings, settings }: Topology, host: string): number[] {
  const open = openings
    .filter((opening) => opening.host === host && opening.protocol === "tcp")
    .map(({ published, last }) => [published, last] as const);
  const inner = allServices
    .flatMap((service) => service.ports(settings))
    .filter(({ protocol }) => protocol === "tcp")
    .map(({ number }) => number);
  return [...new Set([...strangers, ...inner])]
    .filter((port) => !open.some(([first, last]) => port >= first && port <= last))
    .sort((a, b) => a - b);
}

function strangersCheck(patient: Patient, host: string): Check[] {
  const address = patient.addressOf(host);
  if (address === undefined) return [];
  const ports = closedPorts(patient.topology, host);
  return [
    {
      id: `doors.${host}.closed`,
      group: "doors",
      title: `nothing else of ${host} is open`,
      means: "somebody outside may talk to a program that is for this machine alone",
      fix: `stop what listens there, or close it in the firewall; npm run plan -- ${patient.topology.stack} lists what should be open`,
      run: async () => {
        const within = fromWithin(patient, address);
        if (within !== undefined) return within;
        const open = (
          await Promise.all(
            ports.map(async (port) =>
              (await tcpOpen({ host: address, port, timeoutSeconds: 2 })).ok ? [port] : [],
            ),
          )
        ).flat();
        return open.length === 0
          ? { ok: true, saw: `${ports.length} well-known ports are closed` }
          : { ok: false, saw: `open: ${open.map((port) => `${port}/tcp`).join(", ")}` };
      },
    },
  ];
}
