/** What the server has acknowledged, to be looked for at the end. In a file: an hour is about a megabyte. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";

export interface Entry {
  kind: "message" | "file";
  /** The server's. */
  id: string;
  /** Of the content: MD5 of a message, SHA-256 of a file. */
  sum: string;
  /** When the server's answer was there, in milliseconds. */
  at: number;
}

export class Ledger {
  constructor(private readonly path: string) {}

  add({ kind, id, sum, at }: Entry): void {
    appendFileSync(this.path, `${kind} ${id} ${sum} ${at}\n`);
  }

  entries(): Entry[] {
    return existsSync(this.path) ? entriesIn(readFileSync(this.path, "utf8")) : [];
  }
}

/** Pure. */
export const entriesIn = (text: string): Entry[] =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [kind = "", id = "", sum = "", at = ""] = line.split(" ");
      return { kind: kind as Entry["kind"], id, sum, at: Number(at) };
    });

/** What is there now: checksums by the server's ids. */
export type Found = Readonly<Record<Entry["kind"], ReadonlyMap<string, string>>>;

export interface Kept {
  acknowledged: number;
  /** Ids. */
  lost: readonly string[];
  /** Ids of those that are there with another content. */
  changed: readonly string[];
}

/** Pure. @param until only what was acknowledged before, in milliseconds. */
export function keptOf(kind: Entry["kind"], entries: readonly Entry[], found: Found, until = Infinity): Kept {
  const wanted = entries.filter((entry) => entry.kind === kind && entry.at < until);
  const there = found[kind];
  return {
    acknowledged: wanted.length,
    lost: wanted.filter(({ id }) => !there.has(id)).map(({ id }) => id),
    changed: wanted.filter(({ id, sum }) => there.has(id) && there.get(id) !== sum).map(({ id }) => id),
  };
}
