/** Backups and restores by our scripts and by hand, in turns. */
import { budgets, type Figure, figure, ratioFigure } from "../figures";
import * as hand from "./hand";
import type { DataStack, Run } from "./stack";

/** Each round's. */
interface Side {
  first: Run[];
  unchanged: Run[];
  restored: Run[];
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
  const newMegabytes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // Whoever comes second finds warmer caches: in turns.
    const order: Name[] = round % 2 === 0 ? ["ours", "byHand"] : ["byHand", "ours"];
    for (const name of order) {
      const ours = name === "ours";
      await data.run(hand.newRepository(ours ? "/repository" : hand.handPath));
      const first = await data.run(ours ? "sh /muster/backup.sh bench" : hand.backUp);
      // As each night: with what the schedule prunes.
      const unchanged = await data.run(ours ? "sh /muster/backup.sh schedule" : hand.backUpAndPrune);
      if (ours) newMegabytes.push(Number(await data.lastBackup("added")) / 1e6);
      const side = sides[name];
      side.first.push(first);
      side.unchanged.push(unchanged);
      say(`${name}: backup ${first.seconds.toFixed(1)} s, unchanged ${unchanged.seconds.toFixed(1)} s`);
    }
    await data.stack.docker.getContainer(data.container("mattermost")).stop();
    for (const name of order) {
      await data.empty();
      const run = name === "ours" ? await data.restore() : await data.run(hand.restore);
      sides[name].restored.push(run);
      say(`${name}: restore ${run.seconds.toFixed(1)} s`);
      await data.requireWhole(name === "ours" ? "restore.sh" : "a restore by hand");
    }
    await data.startServer();
  }
  return figuresOf(sides, newMegabytes);
}

function figuresOf({ ours, byHand: other }: Record<Name, Side>, newMegabytes: readonly number[]): Figure[] {
  const budget = budgets.dataRatio;
  const seconds = (runs: readonly Run[]): number[] => runs.map((run) => run.seconds);
  const cpu = (runs: readonly Run[]): number[] => runs.map((run) => run.cpuSeconds);
  const ratio = (what: string, of: (side: Side) => number[], most?: number): Figure =>
    ratioFigure(`${what}: ours to by hand`, of(ours), of(other), most);
  return [
    ratio("backup", ({ first }) => seconds(first), budget),
    ratio("restore into an empty stack", ({ restored }) => seconds(restored), budget),
    ratio("unchanged nightly backup", ({ unchanged }) => seconds(unchanged)),
    ratioFigure(
      "unchanged nightly backup to a first one, ours",
      seconds(ours.unchanged),
      seconds(ours.first),
    ),
    ratio("backup, processors' time", ({ first }) => cpu(first)),
    ratio("restore, processors' time", ({ restored }) => cpu(restored)),
    figure("backup: ours", "s", seconds(ours.first)),
    figure("backup: by hand", "s", seconds(other.first)),
    figure("unchanged nightly backup: ours", "s", seconds(ours.unchanged)),
    figure("unchanged nightly backup: by hand", "s", seconds(other.unchanged)),
    figure("unchanged nightly backup: added to the repository", "MB", newMegabytes),
    figure("restore: ours, compared", "s", seconds(ours.restored)),
    figure("restore: by hand, not compared", "s", seconds(other.restored)),
  ];
}
