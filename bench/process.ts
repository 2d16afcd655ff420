/** Runs commands and times them; stops them in order when the bench itself is stopped. */
import { type ChildProcess, spawn } from "node:child_process";

export interface Finished {
  code: number;
  output: string;
  /** From the start to the exit of the process. */
  seconds: number;
}

const running = new Set<ChildProcess>();
const state = { stopping: false };

/** How long a process that was asked to stop may take. */
const graceSeconds = 30;

/** Runs a command to its end, whatever its exit code. */
export function run(
  command: string,
  args: readonly string[],
  { cwd, env = process.env }: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Finished> {
  const began = performance.now();
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let output = "";
  let seconds = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => (seconds = (performance.now() - began) / 1000));
    child.once("close", (code) => {
      running.delete(child);
      // Whoever stops the bench cleans up as well: nobody goes on from here.
      if (!state.stopping) resolve({ code: code ?? 1, output, seconds });
    });
  });
}

/** Like `run`, but an exit code other than zero is an error that shows the last lines. */
export async function succeed(...args: Parameters<typeof run>): Promise<Finished> {
  const finished = await run(...args);
  if (finished.code === 0) return finished;
  const [command, words] = args;
  const last = finished.output.trimEnd().split("\n").slice(-25).join("\n");
  throw new Error(`${command} ${words.join(" ")} ended with ${finished.code}:\n${last}`);
}

/** Whoever stops the bench cleans up as well: nobody goes on from here. */
export const unlessStopping = (): Promise<void> =>
  state.stopping ? new Promise(() => undefined) : Promise.resolve();

/** Asks everything that runs to stop, as Ctrl-C does, and waits for it. */
export async function stopRunning(): Promise<void> {
  state.stopping = true;
  await Promise.all(
    [...running].map(
      (child) =>
        new Promise<void>((resolve) => {
          child.once("close", () => resolve());
          child.kill("SIGINT");
          setTimeout(() => child.kill("SIGKILL"), graceSeconds * 1000).unref();
        }),
    ),
  );
}
