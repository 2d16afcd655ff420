/** A restore, as people see it. The work itself is done by components/services/backup/restore.sh. */
import type Docker from "dockerode";
import { describeProblems } from "../stacks/settings/problems";
import type { Topology } from "../stacks/topology";
import { upgradeProblems } from "../stacks/topology/upgrades";
import { reach, tryReach } from "./access";
import { inBackup } from "./backup";
import { UserError } from "./errors";
import { runnable } from "./load";
import { progressPrinter } from "./progress";
import { type Order, runInRestorer } from "./restorer";
import { sourceOf } from "./source";
import { table } from "./table";
import { up } from "./up";
import { isUp, stopped, whileStopped, writersOf } from "./writers";

export interface RestoreOptions {
  /** Id, or `latest`. */
  snapshot: string;
  to?: string;
  /** The target's name once more: what people have written there since is replaced. */
  overwrite?: string;
}

/** Restores a stack's backup into itself or into another stack, which is brought up first if need be. */
export async function restore(stack: string, options: RestoreOptions): Promise<void> {
  const target = options.to ?? stack;
  refuseWrongWords(stack, target, options);
  const topology = runnable(target);
  const there = await tryReach(topology);
  if (there === undefined || !(await isUp(there, topology))) await up(target, []);
  const docker = await reach(topology);

  const asked: Order = {
    source: await sourceOf(stack, topology),
    snapshot: options.snapshot,
    elsewhere: target !== stack,
    overwrite: options.overwrite !== undefined,
    keepReplaced: false,
  };
  const snapshot = await look(docker, topology, asked);
  const keepReplaced = asked.overwrite && !(await backUpFirst(docker, topology));
  const output = await whileStopped(docker, topology, async () => {
    const said = await bringBack(docker, topology, { ...asked, snapshot, keepReplaced });
    await noteOwnImages(docker, topology);
    return said;
  });
  console.log(`\nRestored ${snapshot} of stack ${stack} into ${target}:\n${summaryOf(output)}`);
  if (keepReplaced)
    console.log(
      "\nNo backup could be taken before: the replaced database is kept beside it (above), and no file was removed.",
    );
}

/** The chat server that starts now is this stack's own, whatever version has written the backup. */
async function noteOwnImages(docker: Docker, topology: Topology): Promise<void> {
  const script = '. /muster/lib.sh; echo "$postgres_major $images" | put /status/ran';
  const { code, output } = await inBackup(docker, topology, ["sh", "-c", script]);
  if (code !== 0) throw new UserError(`What runs can't be written down.\n${output.trim()}`);
}

function refuseWrongWords(stack: string, target: string, { snapshot, overwrite }: RestoreOptions): void {
  if (overwrite !== undefined && overwrite !== target)
    throw new UserError(
      `--overwrite names another stack.\n  given:   ${overwrite}\n  allowed: ${target}\n  fix:     say the name of the stack whose data shall be replaced`,
    );
  if (!/^(latest|[0-9a-f]{6,64})$/.test(snapshot))
    throw new UserError(
      `No such snapshot.\n  given:   ${snapshot}\n  allowed: latest, or an id\n  fix:     npm run snapshots -- ${stack} lists them`,
    );
}

/** Everything that speaks against it, before anything is touched. @returns the snapshot's id. */
async function look(docker: Docker, topology: Topology, order: Order): Promise<string> {
  const { code, output } = await runInRestorer(docker, topology, order, "look");
  if (code !== 0) throw new UserError(output.trim());
  const snapshot = /^snapshot\t(\S+)$/m.exec(output)?.[1];
  if (snapshot === undefined) throw new UserError(`The snapshot can't be read.\n${output.trim()}`);
  refuseDowngrade(output, topology);
  return snapshot;
}

/** Data that a newer chat server has written can't be read by an older one. */
function refuseDowngrade(manifest: string, { stack, services }: Topology): void {
  const written = Object.fromEntries(
    [...manifest.matchAll(/^image\t(\S+)\t(\S+)$/gm)].map(([, service = "", image = ""]) => [service, image]),
  );
  const wanted = Object.fromEntries(services.map(({ name, image }) => [name, image.reference]));
  const problems = upgradeProblems(written, wanted).filter(({ severity }) => severity === "error");
  if (problems.length > 0)
    throw new UserError(
      `${describeProblems(`The backup, for stack ${stack}`, problems)}\n\nNothing was changed.`,
    );
}

/** What is about to be replaced may be wanted after all. @returns whether it is safe. */
async function backUpFirst(docker: Docker, topology: Topology): Promise<boolean> {
  console.log(`Backing up what stack ${topology.stack} holds now.`);
  const { code } = await inBackup(docker, topology, ["sh", "/muster/backup.sh", "before a restore"], true);
  return code === 0;
}

async function bringBack(docker: Docker, topology: Topology, order: Order): Promise<string> {
  const printer = progressPrinter((line) => {
    if (!/^(count|files|bytes)\t/.test(line)) console.log(line);
  });
  const { code, output } = await runInRestorer(docker, topology, order, "restore", printer.line);
  printer.done();
  if (code !== 0) throw new UserError(`The restore into stack ${topology.stack} has failed; see above.`);
  return output;
}

/**
 * A backup of the stack's own, over whatever is there: for going back from an upgrade. The chat server is stopped,
 * and stays so. What it has written is kept beside it, and no file is removed.
 */
export async function restoreSnapshot(docker: Docker, topology: Topology, snapshot: string): Promise<void> {
  for (const writer of writersOf(topology))
    if (!(await stopped(docker, writer))) await docker.getContainer(writer).stop();
  const source = await sourceOf(topology.stack, topology);
  await bringBack(docker, topology, {
    source,
    snapshot,
    elsewhere: false,
    overwrite: true,
    keepReplaced: true,
  });
}

/** What came back, as people know it. Pure. */
export function summaryOf(output: string): string {
  const rows = output
    .split("\n")
    .map((line) => line.split("\t"))
    .flatMap((parts) => {
      const [kind, name, value] = parts;
      if (kind === "count" && name !== undefined && value !== undefined) return [[name, value]];
      return (kind === "files" || kind === "bytes") && name !== undefined ? [[kind, name]] : [];
    });
  return table(["what", "how many"], rows);
}
