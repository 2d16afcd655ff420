/**
 * Runs a program apart from the machine: mounts, network and processes of its own. Whatever it starts ends with it, also
 * when it is killed, and nobody else's container, port or file can be hit. Its files are below one folder.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** Programs that it needs, beside those of the engine. */
export const apartTools: readonly string[] = ["setpriv", "unshare", "mount", "ip", "sh"];

/** In the environment of what runs apart: its folder. */
export const folderVariable = "MUSTER_SOAK_FOLDER";

const groupsRoot = "/sys/fs/cgroup";

/** The shell is there for the dead: as the first process it takes away what nobody else waits for. */
export const apartCommand = (command: readonly string[]): [string, ...string[]] => [
  ...(["setpriv", "--pdeathsig", "KILL"] as const),
  ...["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"],
  ...["sh", "-c", '"$@"; exit $?', "sh", ...command],
];

/**
 * @param secondsAtMost then it is ended, whatever it does.
 * @returns its exit code.
 */
export async function runApart(command: readonly string[], secondsAtMost: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "muster-soak-"));
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  const [program, ...args] = apartCommand(command);
  const env = { ...process.env, [folderVariable]: folder, TMPDIR: temporary };
  const child = spawn(program, args, { env, stdio: "inherit" });
  const end = (): void => void child.kill("SIGKILL");
  const stop = (): void => {
    console.error("Stopping: what the soak made is removed ...");
    end();
  };
  const timer = setTimeout(() => {
    console.error(`Still at work after ${secondsAtMost} s: ended.`);
    end();
  }, secondsAtMost * 1000);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, stop);
  try {
    return await new Promise<number>((done, failed) => {
      child.on("error", failed);
      child.on("close", (code) => done(code ?? 1));
    });
  } finally {
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
    await removeGroups(groupOf(folder));
  }
}

/** Control group below which all containers of a soak are. */
export const groupOf = (folder: string): string => basename(folder);

/** The engine's control groups outlive it. Processes that have been killed may still be in them for a moment. */
async function removeGroups(name: string): Promise<void> {
  const hierarchies = [groupsRoot, ...readdirSync(groupsRoot).map((entry) => join(groupsRoot, entry))];
  for (let attempt = 1; ; attempt++)
    try {
      for (const folder of hierarchies.map((hierarchy) => join(hierarchy, name)))
        if (existsSync(folder)) removeTree(folder);
      return;
    } catch (error) {
      if (attempt === 50) throw error;
      await pause(200);
    }
}

/** The kernel's own files in it go with each folder. */
function removeTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(folder, entry.name));
  rmdirSync(folder);
}
