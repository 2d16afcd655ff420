/** Measured values and what they are held against. */

export type Unit = "s" | "ms" | "MB" | "times";

export interface Figure {
  what: string;
  unit: Unit;
  /** `undefined` where it wasn't measured. */
  value: number | undefined;
  /** The single measurements behind the value. */
  runs: readonly number[];
  /** At most this much. */
  budget?: number;
}

/** How much each may be. */
export const budgets = {
  planSeconds: 1.5,
  programSeconds: 3,
  programMB: 250,
  upRatio: 1.15,
  upWithoutWaitsSeconds: 15,
  testSeconds: 60,
  dataRatio: 1.1,
} as const;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** A figure from its runs; `of` says which value stands for all of them. */
export function figure(
  what: string,
  unit: Unit,
  runs: readonly number[],
  { budget, of = median }: { budget?: number; of?: (values: readonly number[]) => number } = {},
): Figure {
  const value = runs.length === 0 ? undefined : of(runs);
  return { what, unit, value, runs, ...(budget === undefined ? {} : { budget }) };
}

/** Ratio of the medians; its runs are the ratios of each round. */
export function ratioFigure(
  what: string,
  ours: readonly number[],
  other: readonly number[],
  budget?: number,
): Figure {
  const runs = ours.map((value, round) => value / (other[round] ?? NaN));
  const of = (): number => median(ours) / median(other);
  return figure(what, "times", runs, { of, ...(budget === undefined ? {} : { budget }) });
}

export type Verdict = "ok" | "over" | "skipped" | "";

/** Whether a figure keeps its budget; a rounded value that looks kept isn't. */
export function verdict({ value, budget }: Figure): Verdict {
  if (value === undefined) return "skipped";
  if (budget === undefined) return "";
  return value <= budget ? "ok" : "over";
}
