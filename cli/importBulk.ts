/** A bulk import, as mmetl makes it of a Slack export: Mattermost's own import, with a backup before and a summary after. */
import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import { containerName } from "../components/platform/names";
import { mattermost } from "../components/services/mattermost";
import type { Topology } from "../stacks/topology";
import { send, single } from "./archive";
import { inBackup } from "./backup";
import { UserError } from "./errors";
import { mmctlIn, removeIn } from "./mmctl";
import { table } from "./table";

/** Where Mattermost itself keeps uploaded imports. */
const archivePath = "/mattermost/data/import/muster-import.zip";
const pollMilliseconds = 1000;

/** A job, as far as mmctl tells it. */
export interface Job {
  id: string;
  status: string;
  data?: Record<string, string> | null;
}

export async function importBulk(docker: Docker, topology: Topology, archive: string): Promise<void> {
  await backUpFirst(docker, topology);
  const before = await counts(docker, topology);
  const container = docker.getContainer(containerName(topology.stack, mattermost.name));
  console.log(`Sending ${archive}.`);
  try {
    await send(container, await single(archive, archivePath.slice(1)), mattermost.user);
    await follow(docker, topology, await start(docker, topology));
  } finally {
    await removeIn(docker, topology, archivePath).catch(() => undefined);
  }
  const after = await counts(docker, topology);
  const rows = Object.entries(after).map(([name, count]) => [name, before[name] ?? "", count]);
  console.log(`\nImported into stack ${topology.stack}:\n${table(["what", "before", "now"], rows)}`);
}

/** Of what somebody uses already. */
async function backUpFirst(docker: Docker, topology: Topology): Promise<void> {
  const asked = '. /muster/lib.sh; if is_pristine "$database_name"; then echo pristine; fi';
  const { code, output } = await inBackup(docker, topology, ["sh", "-c", asked]);
  if (code === 0 && output.trim() === "pristine") return;
  console.log(`Backing up what stack ${topology.stack} holds now.`);
  const backedUp = await inBackup(docker, topology, ["sh", "/muster/backup.sh", "before an import"], true);
  if (backedUp.code !== 0)
    throw new UserError(
      "No backup, no import: mend what is said above and run the same command again; nothing was changed.",
    );
}

async function counts(docker: Docker, topology: Topology): Promise<Record<string, string>> {
  const command = [
    '. /muster/lib.sh; counts "$database_name"',
    'find "/volumes/$links_volume" -type f ! -name .muster ! -path "*/import/*" | wc -l | sed "s/^/count\tfiles\t/"',
  ].join("; ");
  const { output } = await inBackup(docker, topology, ["sh", "-c", command]);
  return Object.fromEntries(
    [...output.matchAll(/^count\t(\S+)\t(\d+)$/gm)].map(([, name = "", count = ""]) => [name, count]),
  );
}

/** @returns the job's id. */
async function start(docker: Docker, topology: Topology): Promise<string> {
  const { code, output } = await mmctlIn(docker, topology, [
    "import",
    "process",
    "--bypass-upload",
    archivePath,
  ]);
  const id = /job successfully created, ID: ([a-z0-9]{26})/.exec(output)?.[1];
  if (code !== 0 || id === undefined)
    throw new UserError(`Mattermost doesn't begin the import; nothing was changed.\n${output.trim()}`);
  return id;
}

/** Waits for the job's end, and says where it is. */
async function follow(docker: Docker, topology: Topology, id: string): Promise<void> {
  const stop = (): void => {
    console.log(
      `\nMattermost goes on with it; look at it with: npm run mmctl -- ${topology.stack} import job show ${id}`,
    );
    process.exit(130);
  };
  process.once("SIGINT", stop);
  let last = "";
  for (;;) {
    const { code, output } = await mmctlIn(docker, topology, ["import", "job", "show", id, "--json"]);
    const job = code === 0 ? jobIn(output) : undefined;
    if (job === undefined)
      throw new UserError(`Mattermost doesn't tell how its import goes.\n${output.trim()}`);
    const ended = endOf(job);
    if (ended !== undefined) {
      process.off("SIGINT", stop);
      if (ended.problem !== undefined) throw new UserError(ended.problem);
      return;
    }
    if (job.status !== last) console.log(`Mattermost's import is ${job.status.replaceAll("_", " ")}.`);
    last = job.status;
    await pause(pollMilliseconds);
  }
}

/** What mmctl prints with `--json`: the job, or a list of one. Pure. */
export function jobIn(output: string): Job | undefined {
  try {
    const value = JSON.parse(output) as Job | Job[];
    const job = Array.isArray(value) ? value[0] : value;
    return typeof job?.status === "string" ? job : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the job is over, and what went wrong, in Mattermost's own words. Pure. */
export function endOf({ status, data }: Job): { problem?: string } | undefined {
  if (status === "success") return {};
  if (status === "pending" || status === "in_progress") return undefined;
  const line = data?.["line_number"];
  const where = line === undefined || line === "0" ? "" : `, at line ${line} of its .jsonl`;
  return {
    problem: `Mattermost's import has ended with ${status}${where}: ${data?.["error"] ?? "it says no more; npm run logs"}\n  What came before stays. Mend it and run the same command again: what is there already isn't imported twice.`,
  };
}
