/** How memory and disk went, and whether they grow. Pure. */

export interface Sample {
  /** Since the load began. */
  atSeconds: number;
  value: number;
}

export interface Course {
  /** Median of the first third after the warm-up. */
  first: number;
  /** Median of the last third. */
  last: number;
  peak: number;
}

/** Programs fill their caches first. */
export const warmUpSeconds = 60;

/** @returns nothing where there are too few samples to tell. */
export function courseOf(samples: readonly Sample[], after = warmUpSeconds): Course | undefined {
  const warm = samples.filter(({ atSeconds }) => atSeconds >= after).map(({ value }) => value);
  const third = Math.floor(warm.length / 3);
  if (third === 0) return undefined;
  return {
    first: median(warm.slice(0, third)),
    last: median(warm.slice(-third)),
    peak: samples.reduce((most, { value }) => Math.max(most, value), 0),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? NaN) + upper) / 2;
}

/**
 * What a service's memory may grow by: some of it is slack of its allocator, and a database's buffers fill slowly.
 * The least is for services with very small limits.
 */
export const growthAllowedMiB = (limitMiB: number): number => Math.max(16, 0.15 * limitMiB);

/** Part of its limit that a service may use in the end. */
export const shareAllowed = 0.9;

/** What is wrong with a service's memory, in words. */
export function memoryProblems(name: string, course: Course, limitMiB: number): string[] {
  const grown = course.last - course.first;
  const allowed = growthAllowedMiB(limitMiB);
  return [
    ...(grown > allowed
      ? [`memory of ${name} grew by ${mib(grown)}, from ${mib(course.first)}; allowed: ${mib(allowed)}`]
      : []),
    ...(course.last > shareAllowed * limitMiB
      ? [`memory of ${name} is ${mib(course.last)} of its ${mib(limitMiB)}; allowed: ${shareAllowed * 100} %`]
      : []),
  ];
}

export interface Disk {
  firstMiB: number;
  lastMiB: number;
  peakMiB: number;
  /** Room that the plan has. */
  planMiB: number;
  /** Files that people have uploaded. */
  filesMiB: number;
  /** Messages that they have written. */
  messages: number;
}

/** A row with its indexes, its log and its copies in backups. */
const kibPerMessage = 8;
/** PostgreSQL keeps up to 80 MiB of its log for reuse, every container up to 30 MiB of its own. */
const otherMiB = 384;

/** Each file once more in the backups; what nobody wrote is logs. */
export const diskAllowedMiB = ({ filesMiB, messages }: Pick<Disk, "filesMiB" | "messages">): number =>
  2 * filesMiB + (messages * kibPerMessage) / 1024 + otherMiB;

export function diskProblems(disk: Disk): string[] {
  const grown = disk.lastMiB - disk.firstMiB;
  const allowed = diskAllowedMiB(disk);
  if (Number.isNaN(grown)) return ["the disk: no sample"];
  return [
    ...(grown > allowed
      ? [
          `the disk grew by ${mib(grown)} for ${disk.messages} messages and ${mib(disk.filesMiB)} of files; allowed: ${mib(allowed)}`,
        ]
      : []),
    ...(disk.peakMiB > disk.planMiB
      ? [`the disk held ${mib(disk.peakMiB)}; the plan has ${mib(disk.planMiB)}`]
      : []),
  ];
}

export const mib = (value: number): string => `${value.toFixed(0)} MiB`;
