/** What an upgrade would change, for people to decide on. Pure. */
import type { Topology } from "../stacks/topology";
import { colors, table } from "./table";

/** One step of the engine's preview. */
export interface PreviewStep {
  op: string;
  urn: string;
}

/** What is known about the stack as it runs. */
export interface Running {
  /** References of the images that run, by service. */
  images: Readonly<Record<string, string>>;
  /** Major version of PostgreSQL that holds the data; `undefined` where nothing runs yet. */
  major: number | undefined;
  /** How long the last backup and the last drill took. */
  backupSeconds: number | undefined;
  drillSeconds: number | undefined;
}

/** What it takes to replace a container, image already there: measured, docs/bench.md. */
const replaceSeconds = 15;

const containerUrn = /\$docker:index\/container:Container::([^:]+)$/;
const replacing = new Set(["replace", "create-replacement", "delete-replaced", "delete", "create"]);

/** Services whose own container is replaced, in the preview's order. */
export function replacedServices({ services }: Topology, steps: readonly PreviewStep[]): string[] {
  const names = new Set(services.map(({ name }) => name));
  const found = steps.flatMap(({ op, urn }) => {
    const name = replacing.has(op) ? containerUrn.exec(urn)?.[1] : undefined;
    return name !== undefined && names.has(name) ? [name] : [];
  });
  return [...new Set(found)];
}

/** The plan as text. */
export function describeUpgrade(topology: Topology, steps: readonly PreviewStep[], running: Running): string {
  const stopping = replacedServices(topology, steps);
  const wanted = topology.settings.postgres.major;
  const moves = running.major !== undefined && running.major !== wanted;
  const changed = topology.services.filter(
    ({ name, image }) => running.images[name] !== undefined && running.images[name] !== image.reference,
  );
  if (stopping.length === 0) return "Nothing would change.";
  return [
    section(
      "Images",
      changed.length === 0
        ? "  none changes"
        : table(
            ["service", "runs", "would run"],
            changed.map(({ service, name, image }) => [
              service.title,
              running.images[name] ?? "",
              image.reference,
            ]),
          ),
    ),
    section(
      "Services that stop",
      table(
        ["service", "about"],
        stopping.map((name) => [titleOf(topology, name), duration(downtime(name, moves, topology, running))]),
      ),
    ),
    section("Before it", before(topology, running, changed.length > 0 || moves, moves)),
  ].join("\n\n");
}

const titleOf = ({ services }: Topology, wanted: string): string =>
  services.find(({ name }) => name === wanted)?.service.title ?? wanted;

/** While data move, whoever uses them stands still: the last dump, and a restore as long as the last drill. */
function downtime(name: string, moves: boolean, { services }: Topology, running: Running): number {
  const holds = services.find((plan) => plan.name === name)?.service.startsAfter.includes("backup") === true;
  return moves && holds
    ? replaceSeconds * 3 + (running.backupSeconds ?? 0) + (running.drillSeconds ?? 0)
    : replaceSeconds;
}

function before({ settings }: Topology, running: Running, backs: boolean, moves: boolean): string {
  if (!backs) return "  nothing: no data meet another program";
  const took =
    running.backupSeconds === undefined ? "" : `; the last one took ${duration(running.backupSeconds)}`;
  return [
    `  a backup is taken; without it nothing changes${took}`,
    ...(moves
      ? [
          `  the data move from PostgreSQL ${running.major} to ${settings.postgres.major}: dumped, restored into a new volume, compared row by row`,
          `  the volume of PostgreSQL ${running.major} is kept`,
        ]
      : []),
  ].join("\n");
}

const section = (title: string, body: string): string => `${colors.bold(title)}\n${body}`;

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return `${Math.round(seconds / 60)} minutes`;
}
