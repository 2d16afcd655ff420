/** Backups and restores by our scripts and by hand, in turns. */
import { budgets, type Figure, figure, ratioFigure } from "../figures";
import * as hand from "./hand";
import type { DataStack } from "./stack";

/** Seconds of each round. */
interface Side {
  first: number[];
  unchanged: number[];
  restored: number[];
}
type Name = "ours" | "byHand";

export async function measureRounds(
  data: DataStack,
  rounds: number,
  say: (line: string) => void,
): Promise<Figure[]> {
  const sides: Record<Name, Side> = {
    ours: { first: [], unchanged: [], restored: [] },
    byHand: { first: [], unchanged: [], restored: [] },
  };
  const newBytes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // Whoever comes second finds warmer caches: in turns.
    const order: Name[] = round % 2 === 0 ? ["ours", "byHand"] : ["byHand", "ours"];
    for (const name of order) {
      const ours = name === "ours";
      await data.run(hand.newRepository(ours ? "/repository" : hand.handPath));
      const first = await data.run(ours ? "sh /muster/backup.sh bench" : hand.backUp);
      // As each night: with what the schedule prunes.
      const unchanged = await data.run(ours ? "sh /muster/backup.sh schedule" : hand.backUpAndPrune);
      if (ours)
        newBytes.push(
          Number((await data.run("sed -n 's/^added\t//p' /status/backup.good")).output.trim()) / 1e6,
        );
      const side = sides[name];
      side.first.push(first.seconds);
      side.unchanged.push(unchanged.seconds);
    }
    await data.stack.docker.getContainer(data.container("mattermost")).stop();
    for (const name of order) {
      await data.empty();
      const { seconds } = name === "ours" ? await data.restore() : await data.run(hand.restore);
      sides[name].restored.push(seconds);
      await data.requireWhole(name === "ours" ? "restore.sh" : "a restore by hand");
    }
    await data.startServer();
    const last = (side: Side): string =>
      [side.first, side.unchanged, side.restored].map((runs) => (runs.at(-1) ?? 0).toFixed(1)).join(", ");
    say(`round ${round + 1}: ours ${last(sides.ours)} s, by hand ${last(sides.byHand)} s`);
  }
  return figuresOf(sides, newBytes);
}

function figuresOf({ ours, byHand: other }: Record<Name, Side>, newBytes: readonly number[]): Figure[] {
  const budget = budgets.dataRatio;
  return [
    ratioFigure("backup: ours to by hand", ours.first, other.first, budget),
    ratioFigure("restore into an empty stack: ours to by hand", ours.restored, other.restored, budget),
    ratioFigure("unchanged nightly backup: ours to by hand", ours.unchanged, other.unchanged),
    ratioFigure("unchanged nightly backup to a first one, ours", ours.unchanged, ours.first),
    figure("backup: ours", "s", ours.first),
    figure("backup: by hand", "s", other.first),
    figure("unchanged nightly backup: ours", "s", ours.unchanged),
    figure("unchanged nightly backup: by hand", "s", other.unchanged),
    figure("unchanged nightly backup: added to the repository", "MB", newBytes),
    figure("restore: ours, compared", "s", ours.restored),
    figure("restore: by hand, not compared", "s", other.restored),
  ];
}
