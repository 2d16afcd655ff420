/** An existing Mattermost, out of a dump and its files. The work is done by components/services/backup/import.sh. */
import { readFile } from "node:fs/promises";
import type Docker from "dockerode";
import { containerName } from "../components/platform/names";
import { mattermost } from "../components/services/mattermost";
import { backedUpPath } from "../components/services/service";
import type { Topology } from "../stacks/topology";
import { below, type Sent, send, sendText, single, totalOf } from "./archive";
import { inBackup } from "./backup";
import { type Dump, dumpAt } from "./dump";
import { UserError } from "./errors";
import type { Import } from "./import";
import { carriedOver } from "./importConfig";
import { importProblem, writtenBy } from "./importVersions";
import { mmctlIn, removeIn } from "./mmctl";
import { progressPrinter } from "./progress";
import { packed } from "./restic";
import { makeWorker, runWorker } from "./restorer";
import { summaryOf } from "./restore";
import { orderPath } from "./source";
import { whileStopped } from "./writers";

type Asked = Extract<Import, { kind: "server" }>;
type Phase = "look" | "fill" | "swap" | "clear";

/** A large database may take long to be migrated. */
const migrationSeconds = 3600;
const { volume } = mattermost.database?.links ?? { volume: "" };
const owner = mattermost.user;
const staged = `${backedUpPath(mattermost.name, volume)}/.muster-import`.slice(1);

export async function importServer(docker: Docker, topology: Topology, asked: Asked): Promise<void> {
  const dump = await dumpAt(asked.dump);
  const files = await filesAt(asked.files);
  const config = asked.config === undefined ? undefined : await configAt(asked.config);
  const total = totalOf(files);
  const container = await makeWorker(docker, topology, "import", ["/muster/import.sh"], {
    folders: ["/import"],
  });
  const abort = new AbortController();
  const interrupt = (): void => {
    abort.abort();
    container.stop({ t: 5 }).catch(() => undefined);
  };
  // Ctrl-C may come more than once: it goes to npm and to what npm has started.
  process.on("SIGINT", interrupt);
  const run = phaseRunner(docker, container);
  try {
    await container.putArchive(
      await packed([
        { path: `${orderPath}/settings.sh`, text: orderText(dump, total.bytes, asked.overwrite) },
      ]),
      { path: "/" },
    );
    const looked = await run("look");
    if (/^used\tyes$/m.test(looked)) await backUpFirst(docker, topology);

    console.log(
      `Sending the dump and ${total.files} files, ${mebibytes(dump.bytes + total.bytes)} together.`,
    );
    const output = await sendAndFill();
    const swapped = await whileStopped(docker, topology, () => run("swap"), {
      seconds: migrationSeconds,
      work: async () => {
        if (config !== undefined) await carryOver(docker, topology, config);
      },
    });
    report(topology, swapped, output);

    async function sendAndFill(): Promise<string> {
      try {
        await send(container, await single(dump.path, "import/dump"), { uid: 0, gid: 0 }, abort.signal);
        await send(container, files, owner, abort.signal);
        const filled = await run("fill");
        const problem = importProblem(writtenBy(filled), writtenBy(looked, "here\t"), imageOf(topology));
        if (problem !== undefined) throw new UserError(`${problem}\n\nNothing was changed.`);
        return filled;
      } catch (error) {
        await run("clear").catch(() => undefined);
        throw error;
      }
    }
  } finally {
    process.off("SIGINT", interrupt);
    await container.remove({ force: true, v: true });
  }
}

const imageOf = ({ services }: Topology): string =>
  services.find(({ name }) => name === mattermost.name)?.image.reference ?? "";

const mebibytes = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;

async function filesAt(folder: string): Promise<Sent[]> {
  const files = await below(folder, staged).catch((error: unknown) => {
    throw new UserError(`The folder with the files can't be read: ${(error as Error).message}`);
  });
  return [{ from: folder, to: staged, kind: "folder", bytes: 0, changed: new Date() }, ...files];
}

async function configAt(path: string): Promise<ReturnType<typeof carriedOver>> {
  try {
    return carriedOver(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    throw new UserError(
      `The old config.json can't be read: ${(error as Error).message}\n  given: ${path}; nothing was changed`,
    );
  }
}

/** What import.sh is told. Pure. */
export const orderText = ({ id, kind, bytes }: Dump, filesBytes: number, overwrite: boolean): string =>
  [
    `id=import-${id}`,
    `kind=${kind}`,
    `dump_bytes=${bytes}`,
    `files_bytes=${filesBytes}`,
    `overwrite=${overwrite ? "yes" : "no"}`,
    "",
  ].join("\n");

/** Runs one phase after the other in the same container: what one has brought, the next one finds. */
function phaseRunner(docker: Docker, container: Docker.Container): (phase: Phase) => Promise<string> {
  return async (phase) => {
    await container.putArchive(await packed([{ path: `${orderPath}/phase`, text: phase }]), { path: "/" });
    const printer = progressPrinter((line) => {
      if (!line.includes("\t")) console.log(line);
    });
    const { code, output } = await runWorker(docker, container, phase === "look" ? undefined : printer.line);
    if (phase === "look" && code !== 0) throw new UserError(output.trim());
    if (code !== 0) throw new UserError("The import has failed; see above.");
    return output;
  };
}

/** What is replaced may be wanted after all: without a backup of it, nothing is. */
async function backUpFirst(docker: Docker, topology: Topology): Promise<void> {
  console.log(`Backing up what stack ${topology.stack} holds now.`);
  const { code } = await inBackup(docker, topology, ["sh", "/muster/backup.sh", "before an import"], true);
  if (code !== 0)
    throw new UserError(
      `No backup, no import: mend what is said above and run the same command again; nothing was changed.`,
    );
}

/** The data are there by now: what goes wrong here is said, and can be done by hand. */
async function carryOver(
  docker: Docker,
  topology: Topology,
  { patch, keys, hidden }: ReturnType<typeof carriedOver>,
): Promise<void> {
  if (hidden.length > 0)
    console.log(`warning: hidden in the old config.json, and so left out: ${hidden.join(", ")}`);
  if (keys.length === 0) return;
  const path = "mattermost/config/.muster-import.json";
  const container = docker.getContainer(containerName(topology.stack, mattermost.name));
  await sendText(container, path, JSON.stringify(patch), owner);
  const { code, output } = await mmctlIn(docker, topology, ["config", "patch", `/${path}`]);
  await removeIn(docker, topology, `/${path}`);
  console.log(
    code === 0
      ? `Taken over from the old config.json: ${keys.join(", ")}`
      : `warning: the data are in, but of the old config.json nothing could be taken over (${keys.join(", ")}): ${output.trim()}\n  fix: set these in the System Console`,
  );
}

function report({ stack }: Topology, swapped: string, filled: string): void {
  console.log(`\nImported into stack ${stack}:\n${summaryOf(swapped)}`);
  const dead = Number(/^dead\t(\d+)$/m.exec(filled)?.[1] ?? "0");
  if (dead > 0) {
    const missing = [...filled.matchAll(/^missing\t(.*)$/gm)].map(([, path = ""]) => `  ${path}`);
    console.log(
      `\nwarning: ${dead} files that the old database names are not in the folder, and their posts show them no more:\n${missing.join("\n")}${dead > missing.length ? "\n  ..." : ""}`,
    );
  }
  console.log(
    `\nPeople sign in anew, with the names and passwords that they had. Administrators are the old server's; a further one:\n  npm run mmctl -- ${stack} user create --system-admin --email-verified --username NAME --email ADDRESS --password PASSWORD`,
  );
}
