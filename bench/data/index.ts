/** Backups and restores of about a gigabyte: against the same tools by hand, and what people notice of them. */
import type { Figure } from "../figures";
import type { Table } from "../report";
import type { Workshop } from "../workshop";
import { recoveryFigures, recoveryTable } from "./recovery";
import { measureRequests } from "./requests";
import { measureRounds } from "./rounds";
import { DataStack } from "./stack";

export async function measureData(
  workshop: Workshop,
  rounds: number,
  say: (line: string) => void,
): Promise<{ figures: Figure[]; tables: Table[] }> {
  const data = new DataStack(workshop, say);
  try {
    await data.stack.clear();
    await data.up();
    await data.pause();
    await data.someContent();
    const small = await data.recovered();
    say(`recovery of next to nothing: up ${small.up.toFixed(1)} s, restore ${small.restore.toFixed(1)} s`);
    await data.pause();
    await data.fill();
    const compared = await measureRounds(data, rounds, say);
    const requests = await measureRequests(data, rounds, say);
    const large = await data.recovered();
    say(`recovery of all: up ${large.up.toFixed(1)} s, restore ${large.restore.toFixed(1)} s`);
    return {
      figures: [...compared, ...requests, ...recoveryFigures(small, large)],
      tables: [recoveryTable(small, large)],
    };
  } finally {
    await data.remove();
  }
}
