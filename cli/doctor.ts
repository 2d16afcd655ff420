/** Checks a running stack as a person's browser and phone would, or what speaks against a first `up`. */
import { SingleBar } from "cli-progress";
import { checksOf } from "../doctor";
import { type Check, runChecks } from "../doctor/check";
import { reportOf } from "../doctor/report";
import { patientOf } from "./doctorPatient";
import { doctorText } from "./doctorText";

/** Longest that a person waits for the checks of a running stack, with all that it takes to begin and to end. */
const patienceSeconds = 19;

/** What is left for the checks, however long it took to begin: the first run of all fetches the Pulumi CLI. */
const leastSeconds = 10;

export interface DoctorOptions {
  json?: boolean;
  /** Every check, not only those that aren't well. */
  all?: boolean;
  /** What a first `up` needs, instead. */
  before?: boolean;
}

/** Checks and says what was found; the exit code is 1 where something is wrong. */
export async function doctor(
  stack: string,
  { json = false, all = false, before = false }: DoctorOptions,
): Promise<void> {
  const began = new Date();
  const patient = before ? undefined : await patientOf(stack);
  const checks =
    patient === undefined ? await (await import("./doctorBefore.js")).checksBefore(stack) : checksOf(patient);
  const progress = progressOf(checks, json);
  const left = patienceSeconds - (Date.now() - began.getTime()) / 1000;
  const results = await runChecks(checks, {
    onResult: progress.next,
    ...(before ? {} : { allSeconds: Math.max(left, leastSeconds) }),
  });
  await patient?.leave();
  progress.end();
  const seconds = (Date.now() - began.getTime()) / 1000;
  const report = reportOf(stack, before ? "before" : "running", results, { at: began, seconds });
  console.log(json ? JSON.stringify(report, null, 2) : doctorText(report, all));
  if (!report.ok) process.exitCode = 1;
}

/** On a terminal alone, and beside what is printed. */
function progressOf(checks: readonly Check[], quiet: boolean): { next: () => void; end: () => void } {
  if (quiet || !process.stderr.isTTY) return { next: () => undefined, end: () => undefined };
  const bar = new SingleBar({
    format: "  {bar} {value} of {total} checks",
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  bar.start(checks.length, 0);
  return { next: () => bar.increment(), end: () => bar.stop() };
}
