/** Stops and starts what writes to the data from outside the engine, for a restore or an import. */
import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import { containerName } from "../components/platform/names";
import { backup } from "../components/services/backup/backup";
import type { Topology } from "../stacks/topology";
import { inBackup } from "./backup";
import { UserError } from "./errors";
import { up } from "./up";

const isWriter = ({ startsAfter }: { startsAfter: readonly string[] }): boolean =>
  startsAfter.includes(backup.name);

/** Containers that write to the data. */
export const writersOf = ({ stack, services }: Topology): string[] =>
  services.filter(({ service }) => isWriter(service)).map(({ name }) => containerName(stack, name));

/** Whether there is something to restore into; the writers may stand still, after a restore that was cut short. */
export async function isUp(docker: Docker, { stack, services }: Topology): Promise<boolean> {
  const needed = services.filter(({ service }) => !isWriter(service));
  const still = await Promise.all(needed.map(({ name }) => stopped(docker, containerName(stack, name))));
  return !still.some(Boolean);
}

/** Whether a container doesn't run, or isn't there. */
export const stopped = (docker: Docker, container: string): Promise<boolean> =>
  docker
    .getContainer(container)
    .inspect()
    .then(
      ({ State }) => !State.Running,
      () => true,
    );

const anyMissing = async (docker: Docker, containers: readonly string[]): Promise<boolean> => {
  const found = await Promise.all(
    containers.map((name) =>
      docker
        .getContainer(name)
        .inspect()
        .then(
          () => true,
          () => false,
        ),
    ),
  );
  return found.includes(false);
};

/** Starts a container; one that runs already is left alone. */
export async function startContainer(docker: Docker, container: string): Promise<void> {
  await docker
    .getContainer(container)
    .start()
    .catch((error: unknown) => {
      if ((error as { statusCode?: number }).statusCode !== 304) throw error;
    });
}

/** Waits until containers are healthy, for as long as their services may take, or longer. */
async function waitUntilHealthy(
  docker: Docker,
  { services }: Topology,
  containers: readonly string[],
  leastSeconds: number,
): Promise<void> {
  const seconds = Math.max(leastSeconds, ...services.map(({ service }) => service.health.startSeconds));
  const end = Date.now() + seconds * 1000;
  for (const name of containers) {
    const container = docker.getContainer(name);
    while ((await container.inspect()).State.Health?.Status !== "healthy") {
      if (Date.now() > end)
        throw new UserError(
          `${name} isn't healthy after ${seconds} s.\n  fix: look into its log, npm run logs`,
        );
      await pause(500);
    }
  }
}

export interface Afterwards {
  /** How long the chat server may take, at least: an older database is migrated first. */
  seconds?: number;
  /** Once it is healthy, before its jobs run again. */
  work?: () => Promise<void>;
}

/** Stops the chat server for a time. Where files have changed and the work has failed, it stays so. */
export async function whileStopped(
  docker: Docker,
  topology: Topology,
  work: () => Promise<string>,
  afterwards: Afterwards = {},
): Promise<string> {
  const writers = writersOf(topology);
  for (const writer of writers)
    if (!(await stopped(docker, writer))) await docker.getContainer(writer).stop();
  let output: string;
  try {
    output = await work();
  } catch (error) {
    const { code } = await inBackup(docker, topology, ["test", "-e", "/status/restoring"]);
    if (code === 0)
      throw new UserError(
        `${(error as Error).message}\nThe chat server stays stopped, since files have changed already: run the same command again.`,
      );
    for (const writer of writers) await startContainer(docker, writer);
    throw error;
  }
  // An `up` in between may have removed one, and been refused to make it anew.
  if (await anyMissing(docker, writers)) await up(topology.stack, []);
  else for (const writer of writers) await startContainer(docker, writer);
  await waitUntilHealthy(docker, topology, writers, afterwards.seconds ?? 0);
  await afterwards.work?.();
  // What only a configuration file can hold is this stack's own again.
  for (const { name, jobs } of topology.services)
    for (const { job } of jobs)
      if (writers.includes(containerName(topology.stack, name)))
        await startContainer(docker, containerName(topology.stack, `${name}-${job.name}`));
  return output;
}
