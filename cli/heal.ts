/** Puts right what a killed `up` left behind. Touches nothing that isn't this stack's own. */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { labels } from "../components/host/engine";
import { undoneCode } from "../components/services/job";
import { UserError } from "./errors";
import { stateDir } from "./project";
import { runPulumi } from "./pulumi";
import { containerIds, instanceOf, networkIds, type StackState } from "./state";

interface Lock {
  pid: number;
  hostname: string;
  username: string;
  timestamp: string;
}

/** Whether a process with this id runs and is Pulumi: ids are given out again. */
export type IsPulumi = (pid: number) => boolean;

const isPulumi: IsPulumi = (pid) => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  const name = `/proc/${pid}/comm`;
  return !existsSync(name) || readFileSync(name, "utf8").startsWith("pulumi");
};

/**
 * Removes this stack's lock where the process that held it is dead.
 * @returns what was removed, in words.
 * @throws UserError when an update still runs, or the lock is another machine's.
 */
export function clearDeadLock(
  stack: string,
  dir = stateDir(stack),
  runs: IsPulumi = isPulumi,
  thisHost = hostname(),
): string[] {
  if (dir === undefined) return [];
  const locks = join(dir, ".pulumi", "locks", "organization", "muster", stack);
  if (!existsSync(locks)) return [];
  // Beside each lock lies its `.attrs`, which says nothing.
  const files = readdirSync(locks).filter((file) => file.endsWith(".json"));
  return files.map((file) => {
    const path = join(locks, file);
    const lock = readLock(path);
    if (lock !== undefined && lock.hostname !== thisHost)
      throw new UserError(
        `Stack ${stack} is locked by ${lock.username} on ${lock.hostname} since ${lock.timestamp}.\n` +
          `  fix: wait for it; when it is dead for certain, npx pulumi cancel -s ${stack}`,
      );
    if (lock !== undefined && runs(lock.pid))
      throw new UserError(
        `Stack ${stack} is being changed by process ${lock.pid} since ${lock.timestamp}.\n  fix: wait until it is done`,
      );
    rmSync(path);
    rmSync(`${path}.attrs`, { force: true });
    return `removed the lock of an update that was killed${lock === undefined ? "" : ` (process ${lock.pid})`}`;
  });
}

/** A lock that was cut off while being written belongs to nobody who is still there. */
function readLock(path: string): Lock | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Lock;
  } catch {
    return undefined;
  }
}

/**
 * Removes containers and networks of this installation that its state doesn't know: an update was killed
 * between making them and writing them down. Volumes are never removed.
 * @throws UserError while a restore or an import is at work.
 */
export async function removeStrays(docker: Docker, stack: string, state: StackState): Promise<string[]> {
  const instance = instanceOf(state);
  if (instance === undefined) return [];
  const filters = { label: [`${labels.stack}=${stack}`, `${labels.instance}=${instance}`] };
  const known = new Set([...containerIds(state), ...networkIds(state)]);
  const containers = await docker.listContainers({ all: true, filters });
  const strays = containers.filter(({ Id }) => !known.has(Id));
  const busy = strays.find(({ State, Labels }) => State === "running" && labels.worker in Labels);
  if (busy !== undefined)
    throw new UserError(workerIsBusy(nameOf(busy), busy.Labels[labels.worker] ?? "", stack));
  for (const { Id } of strays) await docker.getContainer(Id).remove({ force: true, v: true });
  const networks = (await docker.listNetworks({ filters })).filter(({ Id }) => !known.has(Id));
  for (const { Id } of networks) await docker.getNetwork(Id).remove();
  return [...strays.map(nameOf), ...networks.map(({ Name }) => Name)].map(
    (name) => `removed ${name}, which an update that was killed had left behind`,
  );
}

/** What is said where a restore or an import is at work: the command that has started it may be gone. */
export const workerIsBusy = (container: string, work: string, stack: string): string =>
  `Into stack ${stack}, something is being brought by ${container} already.\n  fix: wait until that ${work} is done (docker wait ${container}), or end it: docker kill ${container}`;

const nameOf = ({ Names }: Docker.ContainerInfo): string => Names[0]?.slice(1) ?? "";

/**
 * Removes this stack's jobs that have left something undone: the update that follows runs them again.
 * @returns what is tried again, in words.
 */
export async function retryUndone(docker: Docker, stack: string, state: StackState): Promise<string[]> {
  const filters = { label: [`${labels.stack}=${stack}`], exited: [String(undoneCode)] };
  const own = containerIds(state);
  const undone = (await docker.listContainers({ all: true, filters })).filter(({ Id }) => own.has(Id));
  for (const { Id } of undone) await docker.getContainer(Id).remove({ force: true, v: true });
  return undone.map((container) => `${nameOf(container)} has left something undone: it runs again`);
}

/** Lets the engine look at what an update that was killed had begun. */
export async function settlePending(stack: string, state: StackState): Promise<string[]> {
  if (state.pendingOperations === 0) return [];
  const code = await runPulumi(stack, [
    "refresh",
    "-s",
    stack,
    "--yes",
    "--skip-preview",
    "--clear-pending-creates",
    "--suppress-outputs",
  ]);
  if (code !== 0) throw new UserError("What the killed update had begun could not be settled; see above.");
  return [`settled ${state.pendingOperations} operations that an update that was killed had begun`];
}
