/** What a soak is asked for. */
import { Command, InvalidArgumentError } from "commander";

export interface Options {
  /** For so long new faults begin; the first round is finished in any case. */
  minutes: number;
  /** Of the faults' order and of what is chosen in them. */
  seed: number;
  people: number;
}

/** Two calls take four people; more than the plan's people would be another plan. */
const peopleBetween = [5, 20] as const;
/** A day: samples and what is remembered of writes stay small. */
const minutesAtMost = 24 * 60;

function whole(text: string, least: number, most: number): number {
  if (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
  throw new InvalidArgumentError(`Allowed: a whole number from ${least} to ${most}.`);
}

/** @param args those of the command, without the program's own name. */
export function readOptions(args: readonly string[], quiet = false): Options {
  const command = new Command("soak")
    .description(
      "The whole local stack under load, while faults are produced on an engine and a disk of its own: docs/testing.md.",
    )
    .option("--minutes <number>", "how long", (text) => whole(text, 1, minutesAtMost), 10)
    .option("--seed <number>", "the same one gives the same order", (text) => whole(text, 0, 2 ** 32 - 1), 1)
    .option("--people <number>", "who write", (text) => whole(text, ...peopleBetween), 8);
  if (quiet) command.exitOverride().configureOutput({ writeErr: () => undefined });
  return command.parse(args, { from: "user" }).opts<Options>();
}

/** The command that does the same again. */
export const commandOf = ({ minutes, seed, people }: Options): string =>
  `npm run soak -- --minutes ${minutes} --seed ${seed} --people ${people}`;
