/** In which order faults are produced. Pure: a seed gives one order. */

/** From 0 to less than 1. */
export type Random = () => number;

/** Mulberry32, by Tommy Ettinger: small, and good enough for choices. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Turn<T> {
  fault: T;
  /** From 1. */
  round: number;
  /** Nothing happens for so long before. */
  calmSeconds: number;
  /** Decides what the fault itself leaves open, such as the moment. */
  draw: number;
}

const calmSeconds = { least: 2, most: 8 };

/** Without an end: rounds in each of which every fault has its turn once. */
export function* orderOf<T>(seed: number, faults: readonly T[]): Generator<Turn<T>, never> {
  const random = randomOf(seed);
  for (let round = 1; ; round++)
    for (const fault of shuffled(faults, random)) {
      const calm = calmSeconds.least + random() * (calmSeconds.most - calmSeconds.least);
      yield { fault, round, calmSeconds: calm, draw: random() };
    }
}

/** By Fisher and Yates: each order is as likely as any other. */
function shuffled<T>(values: readonly T[], random: Random): T[] {
  const all = [...values];
  for (let left = all.length; left > 1; left--) {
    const chosen = Math.floor(random() * left);
    [all[left - 1], all[chosen]] = [all[chosen] as T, all[left - 1] as T];
  }
  return all;
}

/** One of several, by a draw. */
export function chosenBy<T>(draw: number, values: readonly [T, ...T[]]): T {
  return values[Math.floor(draw * values.length)] ?? values[0];
}
