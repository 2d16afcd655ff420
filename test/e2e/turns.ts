/**
 * Whose turn it is: suites run side by side, and a step that needs the machine for itself waits until the others have
 * ended theirs. Locks end with the process that has them, so a suite that is killed leaves none.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** The same for every run on this machine. */
function lockFile(name: string): string {
  const folder = join(tmpdir(), `muster-e2e-turns-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true });
  return join(folder, name);
}

// Everybody stands in the same queue: with the lock alone, those who share it would let nobody else in.
const script = `exec 8>"$0.queue" 9>"$0" && flock 8 && flock "$1" 9 && exec 8>&- && echo && exec cat`;

type Kind = "shared" | "exclusive";

/** A lock, once it can be had: a file's. */
export async function take(lock: string, kind: Kind): Promise<ChildProcess> {
  const child = spawn("sh", ["-c", script, lock, `--${kind}`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const taken = await Promise.race([
    once(child.stdout, "data").then(() => true),
    once(child, "exit").then(() => false),
  ]);
  if (!taken) throw new Error(`no lock ${lock}: is flock (util-linux) there?`);
  return child;
}

export async function giveBack(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined) return;
  const ended = once(child, "exit");
  child.stdin?.end();
  await ended;
}

let turn: ChildProcess | undefined;

async function become(kind: Kind | undefined): Promise<void> {
  const before = turn;
  turn = undefined;
  await giveBack(before);
  if (kind !== undefined) turn = await take(lockFile("machine"), kind);
}

/** For each suite, with its setup: between two steps, it lets those go first who wait for the machine. */
export function takeTurns(): void {
  beforeAll(() => become("shared"));
  afterEach(() => become("shared"));
  afterAll(() => become(undefined));
}

/** Runs a step for which no other suite may be in the midst of one. */
export async function alone<T>(step: () => Promise<T>): Promise<T> {
  await become("exclusive");
  try {
    return await step();
  } finally {
    await become("shared");
  }
}

/** Runs what two suites can't do at once, beside all else. */
export async function oneAtATime<T>(what: string, work: () => Promise<T>): Promise<T> {
  const lock = await take(lockFile(what), "exclusive");
  try {
    return await work();
  } finally {
    await giveBack(lock);
  }
}
