/** All that a soak has found, and what of it is wrong. Pure. */
import type { Kept } from "./ledger";
import type { Options } from "./options";
import { type Course, type Disk, diskProblems, memoryProblems } from "./samples";

/** One time that a fault was produced. */
export interface Occurrence {
  fault: string;
  /** Seconds until all was back. */
  seconds?: number;
  /** Why it couldn't be produced, or wasn't over in time. */
  failure?: string;
}

export interface StatedFault {
  name: string;
  backWithinSeconds: number;
  notice: string;
}

export interface ActivityCount {
  name: string;
  done: number;
  refused: number;
}

export interface MemoryUse {
  service: string;
  limitMiB: number;
  course?: Course | undefined;
  outOfMemory: number;
}

export interface Results {
  options: Options;
  faults: readonly StatedFault[];
  occurrences: readonly Occurrence[];
  activities: readonly ActivityCount[];
  kept: { what: string; kept: Kept }[];
  memory: readonly MemoryUse[];
  disk: Disk;
  /** Whatever else went wrong: verbs that failed, what the doctor found. */
  further: readonly string[];
}

/** Everything that isn't held; empty where all is well. */
export function problemsOf(results: Results): string[] {
  return [
    ...results.faults.flatMap((fault) => faultProblems(fault, results.occurrences)),
    ...results.activities.filter(({ done }) => done === 0).map(({ name }) => `never worked: ${name}`),
    ...results.kept.flatMap(({ what, kept }) => keptProblems(what, kept)),
    ...results.memory.flatMap(({ service, limitMiB, course, outOfMemory }) => [
      ...(course === undefined
        ? [`memory of ${service}: too few samples to tell`]
        : memoryProblems(service, course, limitMiB)),
      ...(outOfMemory === 0 ? [] : [`${service} ran out of memory ${outOfMemory} times`]),
    ]),
    ...diskProblems(results.disk),
    ...results.further,
  ];
}

function faultProblems({ name, backWithinSeconds }: StatedFault, all: readonly Occurrence[]): string[] {
  const own = all.filter(({ fault }) => fault === name);
  // After one that wasn't over, none was to come.
  const cutShort = all.some(({ failure }) => failure !== undefined);
  if (own.length === 0) return cutShort ? [] : [`never produced: ${name}`];
  return own.flatMap(({ seconds, failure }) => {
    if (failure !== undefined) return [`${name}: ${failure}`];
    return seconds !== undefined && seconds > backWithinSeconds
      ? [`${name}: all was back after ${seconds.toFixed(0)} s; stated: ${backWithinSeconds} s`]
      : [];
  });
}

function keptProblems(what: string, { acknowledged, lost, changed }: Kept): string[] {
  const some = (ids: readonly string[]): string => ids.slice(0, 5).join(", ");
  return [
    ...(acknowledged === 0 ? [`${what}: none was acknowledged`] : []),
    ...(lost.length === 0
      ? []
      : [`${what}: ${lost.length} of ${acknowledged} are lost, such as ${some(lost)}`]),
    ...(changed.length === 0
      ? []
      : [`${what}: ${changed.length} of ${acknowledged} aren't as they were written: ${some(changed)}`]),
  ];
}
