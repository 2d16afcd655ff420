/** A soak's figures as text. Pure. */
import { table } from "../../cli/table";
import { commandOf } from "./options";
import { type Occurrence, problemsOf, type Results, type StatedFault } from "./results";
import { type Course, diskAllowedMiB } from "./samples";

const whole = (value: number): string => value.toFixed(0);

export function reportOf(results: Results): string {
  const { faults, occurrences, activities, kept, memory, disk } = results;
  const problems = problemsOf(results);
  const parts = [
    [
      "Faults",
      table(
        ["fault", "times", "longest until all was back", "stated", "people notice"],
        faults.map((fault) => faultRow(fault, occurrences)),
      ),
    ],
    [
      "Load",
      table(
        ["what", "done", "refused or broken"],
        activities.map(({ name, done, refused }) => [name, done, refused]),
      ),
    ],
    [
      "Acknowledged, and there at the end",
      table(
        ["what", "acknowledged", "lost", "changed"],
        kept.map(({ what, kept: { acknowledged, lost, changed } }) => [
          what,
          acknowledged,
          lost.length,
          changed.length,
        ]),
      ),
    ],
    [
      "Memory, MiB: medians of the first and the last third",
      table(
        ["service", "first", "last", "peak", "limit", "out of memory"],
        memory.map(({ service, limitMiB, course, outOfMemory }) => [
          service,
          ...courseCells(course),
          whole(limitMiB),
          outOfMemory,
        ]),
      ),
    ],
    [
      "Disk, MiB, without images",
      table(
        ["first", "last", "peak", "growth allowed", "plan"],
        [[disk.firstMiB, disk.lastMiB, disk.peakMiB, diskAllowedMiB(disk), disk.planMiB].map(whole)],
      ),
    ],
  ] as const;
  return [
    ...parts.flatMap(([title, text]) => [title, text, ""]),
    `Again: ${commandOf(results.options)}`,
    "",
    ...(problems.length === 0
      ? ["All is held."]
      : [`NOT HELD, ${problems.length}:`, ...problems.map((problem) => `  - ${problem}`)]),
  ].join("\n");
}

function faultRow({ name, backWithinSeconds, notice }: StatedFault, all: readonly Occurrence[]): string[] {
  const own = all.filter(({ fault }) => fault === name);
  const times = own.flatMap(({ seconds }) => (seconds === undefined ? [] : [seconds]));
  return [
    name,
    String(own.length),
    times.length === 0 ? "" : `${whole(Math.max(...times))} s`,
    `${backWithinSeconds} s`,
    notice,
  ];
}

const courseCells = (course: Course | undefined): string[] =>
  course === undefined ? ["", "", ""] : [course.first, course.last, course.peak].map(whole);
