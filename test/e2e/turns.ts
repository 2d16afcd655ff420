/**
 * Suites run side by side; this is for what only one of them can do at a time. Locks end with the process that has
 * them, so a suite that is killed leaves none.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** The same folder for every run on this machine. */
function defaultFolder(): string {
  const folder = join(tmpdir(), `muster-e2e-turns-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Does something while nobody else does anything of that name. */
export async function oneAtATime<T>(
  what: string,
  work: () => Promise<T>,
  folder = defaultFolder(),
): Promise<T> {
  const child = spawn("sh", ["-c", 'exec 9>"$0" && flock 9 && echo && exec cat', join(folder, what)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const taken = await Promise.race([once(child.stdout, "data").then(() => true), ended.then(() => false)]);
  if (!taken) throw new Error(`no lock ${what}: is flock (util-linux) there?`);
  try {
    return await work();
  } finally {
    child.stdin.end();
    await ended;
  }
}
