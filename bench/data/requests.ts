/** How long people wait for answers while a backup runs, against before. */
import { setTimeout as pause } from "node:timers/promises";
import { type Figure, figure, ratioFigure } from "../figures";
import type { DataStack } from "./stack";

const people = 4;
/** Between two requests of one person. */
const paceMs = 50;

/** Latencies in milliseconds while something goes on. */
async function during(data: DataStack, work: Promise<unknown>): Promise<number[]> {
  const { client, headers } = await data.client();
  const [team] = JSON.parse((await client.ask("/api/v4/users/me/teams", { headers })).body) as {
    id: string;
  }[];
  const path = `/api/v4/teams/${team?.id ?? ""}/channels/name/town-square`;
  const { id } = JSON.parse((await client.ask(path, { headers })).body) as { id: string };
  const waits: number[] = [];
  const state = { over: false };
  const person = async (first: number): Promise<void> => {
    for (let turn = first; !state.over; turn++) {
      const began = performance.now();
      const { status } =
        turn % 3 === 0
          ? await client.ask("/api/v4/posts", {
              method: "POST",
              headers,
              body: { channel_id: id, message: `bench ${turn}` },
            })
          : await client.ask(turn % 3 === 1 ? "/api/v4/users/me" : `/api/v4/channels/${id}`, { headers });
      const took = performance.now() - began;
      if (status >= 300) throw new Error(`a request while a backup runs was answered with ${status}`);
      waits.push(took);
      await pause(Math.max(0, paceMs - took));
    }
  };
  const all = Promise.all(Array.from({ length: people }, (_, index) => person(index)));
  try {
    await Promise.race([work, all]);
  } finally {
    state.over = true;
  }
  await all;
  return waits;
}

/** The value that a share of all is at most. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

/** Before and during in turns; a whole backup each, into a repository that holds nothing yet. */
export async function measureRequests(
  data: DataStack,
  rounds: number,
  say: (line: string) => void,
): Promise<Figure[]> {
  const p99: Record<"before" | "meanwhile", number[]> = { before: [], meanwhile: [] };
  for (let round = 0; round < rounds; round++) {
    await data.newRepository();
    const began = performance.now();
    const before = await during(data, pause(10_000));
    const meanwhile = await during(data, data.run("sh /muster/backup.sh bench"));
    p99.before.push(percentile(before, 0.99));
    p99.meanwhile.push(percentile(meanwhile, 0.99));
    say(
      `round ${round + 1}: p99 of ${before.length} requests before ${(p99.before.at(-1) ?? 0).toFixed(0)} ms, ` +
        `of ${meanwhile.length} meanwhile ${(p99.meanwhile.at(-1) ?? 0).toFixed(0)} ms (${((performance.now() - began) / 1000).toFixed(0)} s)`,
    );
  }
  return [
    ratioFigure("p99 of requests: while a backup runs to before", p99.meanwhile, p99.before),
    figure("p99 of requests: before a backup", "ms", p99.before),
    figure("p99 of requests: while a backup runs", "ms", p99.meanwhile),
  ];
}
