/** From an empty machine to a stack that works: measured for a little and for a gigabyte, by the model for more. */
import { type Figure, figure } from "../figures";
import type { Table } from "../report";

/** Seconds of one recovery. */
export interface Recovery {
  /** Bytes of rows and files. */
  bytes: number;
  up: number;
  restore: number;
}

const gigabyte = 1e9;
const linesMbps = [1000, 100] as const;

/** A restore takes its time whatever it brings, and then so much for each byte. Pure. */
export function model(small: Recovery, large: Recovery): { fixed: number; perGigabyte: number } {
  const perByte = (large.restore - small.restore) / (large.bytes - small.bytes);
  const up = (small.up + large.up) / 2;
  return { fixed: up + small.restore - perByte * small.bytes, perGigabyte: perByte * gigabyte };
}

/** Seconds for so much, over a line if there is one: it and the work here go on at the same time. Pure. */
export function recoverySeconds(
  { fixed, perGigabyte }: ReturnType<typeof model>,
  gigabytes: number,
  lineMbps = Infinity,
): number {
  return fixed + gigabytes * Math.max(perGigabyte, (gigabyte * 8) / (lineMbps * 1e6));
}

export function recoveryTable(small: Recovery, large: Recovery): Table {
  const rates = model(small, large);
  const minutes = (seconds: number): string =>
    seconds < 90 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(1)} min`;
  const measured = large.bytes / gigabyte;
  const row = (what: string, gigabytes: number): string[] => [
    what,
    minutes(recoverySeconds(rates, gigabytes)),
    ...linesMbps.map((line) => minutes(recoverySeconds(rates, gigabytes, line))),
  ];
  return {
    title: "Recovery of an empty machine",
    head: ["Rows and files", "Repository at hand", ...linesMbps.map((line) => `Over ${line} Mbit/s`)],
    rows: [
      [`${measured.toFixed(1)} GB, measured`, minutes(large.up + large.restore), ...linesMbps.map(() => "")],
      ...[1, 10, 50].map((gigabytes) => row(`${gigabytes} GB, by the model`, gigabytes)),
    ],
  };
}

export const recoveryFigures = (small: Recovery, large: Recovery): Figure[] => [
  figure("recovery: up of an empty stack, images at hand", "s", [small.up, large.up]),
  figure("recovery: npm run restore of next to nothing", "s", [small.restore]),
  figure(`recovery: npm run restore of ${(large.bytes / gigabyte).toFixed(1)} GB`, "s", [large.restore]),
];
