/** Backups by hand: what the schedule does, now; and what there is. */
import type Docker from "dockerode";
import { execute } from "../components/host/engine";
import { containerName } from "../components/platform/names";
import { describeRepository } from "../components/services/backup/repository";
import type { Topology } from "../stacks/topology";
import { reach } from "./access";
import { UserError } from "./errors";
import { runnable } from "./load";
import { progressPrinter } from "./progress";
import { table } from "./table";

/** What of the schedule can be run by hand. */
export type Script = "backup" | "check" | "drill";

/** Runs one of the schedule's scripts in the stack's own container, and shows how far it is. */
export async function runScript(stack: string, script: Script): Promise<void> {
  const topology = runnable(stack);
  const docker = await reach(topology);
  const { code } = await inBackup(docker, topology, ["sh", `/muster/${script}.sh`], true);
  if (code !== 0) throw new UserError(`The ${script} of stack ${stack} has failed; see above.`);
}

/** A snapshot, as restic tells it. */
export interface Snapshot {
  short_id: string;
  id: string;
  time: string;
  paths: readonly string[];
  tags?: readonly string[];
  summary?: { total_files_processed: number; total_bytes_processed: number; data_added_packed: number };
}

/** Exit code of restic: the first backup makes the repository. */
const noRepository = 10;

/** Lists the snapshots, the newest last, and says which was proven by a restore. */
export async function snapshots(stack: string): Promise<void> {
  const topology = runnable(stack);
  const docker = await reach(topology);
  const command = '. /muster/lib.sh; restic snapshots --json --host "$host" --tag muster --tag incomplete';
  const { code, output } = await inBackup(docker, topology, ["sh", "-c", command]);
  if (code !== 0 && code !== noRepository)
    throw new UserError(`The snapshots of stack ${stack} can't be listed.\n${output.trim()}`);
  const all = code === noRepository ? [] : (JSON.parse(output) as Snapshot[]);
  const place = describeRepository(topology.settings.backup.target, stack);
  if (code === noRepository && (await recordOf(docker, topology, "backup.good"))["repository"] === place)
    throw new UserError(
      `The repository of stack ${stack} is gone, and the last good backup with it.\n  missing: ${place}\n  fix:     docs/runbooks/damaged-repository.md`,
    );
  if (all.length === 0) {
    console.log(`Stack ${stack} has no backup yet: the first is taken once somebody uses it.`);
    return;
  }
  const proven = await recordOf(docker, topology, "drill.good");
  console.log(
    table(["snapshot", "taken", "holds", "files", "new", "proven"], snapshotRows(all, proven["snapshot"])),
  );
}

/** Pure. @param all with the marks of those that are incomplete (lib.sh: discard). @param proven start of an id. */
export function snapshotRows(all: readonly Snapshot[], proven: string | undefined): string[][] {
  const isMark = ({ tags = [] }: Snapshot): boolean => tags.includes("incomplete");
  const incomplete = new Set(all.filter(isMark).flatMap(({ paths }) => paths));
  return all
    .filter((snapshot) => !isMark(snapshot))
    .sort((a, b) => a.time.localeCompare(b.time))
    .map(({ short_id, id, time, summary }) => [
      short_id,
      `${time.slice(0, 16).replace("T", " ")} UTC`,
      summary === undefined ? "" : mebibytes(summary.total_bytes_processed),
      summary === undefined ? "" : String(summary.total_files_processed),
      summary === undefined ? "" : mebibytes(summary.data_added_packed),
      incomplete.has(`/incomplete-${id}`)
        ? "incomplete: doesn't count"
        : proven !== undefined && id.startsWith(proven)
          ? "restored and compared"
          : "",
    ]);
}

const mebibytes = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;

/** What the container has written down about its last backup, check, drill or restore. */
export async function recordOf(
  docker: Docker,
  topology: Topology,
  name: string,
): Promise<Record<string, string>> {
  const { output } = await inBackup(docker, topology, ["sh", "-c", `cat /status/${name} 2>/dev/null || :`]);
  return Object.fromEntries(
    output
      .split("\n")
      .filter((line) => line.includes("\t"))
      .map((line) => [line.slice(0, line.indexOf("\t")), line.slice(line.indexOf("\t") + 1)]),
  );
}

/** Runs a command in the container that takes backups. @throws UserError where it doesn't run. */
export async function inBackup(
  docker: Docker,
  { stack }: Topology,
  command: readonly string[],
  shown = false,
): Promise<{ code: number; output: string }> {
  const name = containerName(stack, "backup");
  const running = await docker
    .getContainer(name)
    .inspect()
    .then(
      ({ State }) => State.Running,
      () => false,
    );
  if (!running)
    throw new UserError(
      `Stack ${stack} isn't up: nothing runs that could take or read its backups.\n  fix: ${stack === "local" ? "npm start" : `npm run up -- ${stack}`}`,
    );
  if (!shown) return execute(docker, name, command);
  const printer = progressPrinter();
  const finished = await execute(docker, name, command, {
    environment: ["progress=1"],
    onLine: printer.line,
  });
  printer.done();
  return finished;
}
