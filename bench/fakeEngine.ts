/** Programs run by the SDK's own runner against the fake engine, as in an update. */
import { type ProgramRun, runProgram, type RunOptions } from "../test/helpers/engine";
import type { Known } from "../test/helpers/monitor";

/** What the engine answers for generated values that others are built from. */
const known: Known = (type) =>
  type === "random:index/randomId:RandomId" ? { hex: "0123456789ab" } : undefined;

/** @throws Error when the program fails. */
export async function runFake(options: Omit<RunOptions, "known" | "dryRun">): Promise<ProgramRun> {
  const run = await runProgram({ ...options, known });
  if (run.exitCode !== 0 || run.errors.length > 0)
    throw new Error(
      `the program ${options.stack} failed in the fake engine:\n${run.errors.join("\n")}\n${run.stderr}`,
    );
  return run;
}
