/** What faults are produced on. */
import { setTimeout as pause } from "node:timers/promises";
import type { MediaStack } from "../e2e/media/stack";
import type { Stack } from "../e2e/stack";
import type { Engine } from "./engine";
import type { Found } from "./ledger";
import type { Load } from "./load";

/** A backup that was good. */
export interface Backup {
  snapshot: string;
  /** When it began, in milliseconds: what was acknowledged before is in it. */
  at: number;
}

export class Ground {
  /** Those that the soak has asked for, the newest last. */
  readonly backups: Backup[] = [];

  constructor(
    readonly media: MediaStack,
    readonly engine: Engine,
    readonly load: Load,
  ) {}

  get stack(): Stack {
    return this.media.stack;
  }

  /** What isn't as it should be since a moment; empty where all is back. */
  async away(since: number): Promise<string[]> {
    const unwell = await this.stack.unwell().catch((error: unknown) => [(error as Error).message]);
    const idle = this.load.activities.filter((activity) => !activity.workedSince(since));
    return [
      ...unwell.map((name) => `${name} isn't healthy`),
      ...idle.map(({ name, lastRefusal }) => `no ${name} (${lastRefusal})`),
    ];
  }

  /**
   * Waits until all containers are healthy and everything that people do has worked since a moment.
   * @returns what is still away after so many seconds.
   */
  async back(since: number, secondsAtMost: number): Promise<string[]> {
    for (;;) {
      const away = await this.away(since);
      if (away.length === 0 || Date.now() > since + secondsAtMost * 1000) return away;
      await pause(500);
    }
  }

  /** Takes a backup as a person does, and remembers it. */
  async backUp(): Promise<void> {
    await this.stack.must(["backup", this.stack.name]);
    const record = await this.media.runIn("backup", ["cat", "/status/backup.good"]);
    const value = (key: string): string => new RegExp(`^${key}\t(.*)$`, "m").exec(record)?.[1] ?? "";
    this.backups.push({ snapshot: value("snapshot"), at: Number(value("began")) * 1000 });
  }

  /** Every message and every file that is there now, by other means than the program's. */
  async found(): Promise<Found> {
    const sql = (query: string): Promise<string> =>
      this.media.runIn("postgres", [
        ...["psql", "-X", "-q", "-A", "-t", "-F", " ", "-U", "mattermost", "-d", "mattermost", "-c", query],
      ]);
    const lines = (text: string): [string, string][] =>
      text
        .split("\n")
        .filter(Boolean)
        .map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ")).trim()]);
    const data = "/volumes/mattermost/data";
    const sums = await this.media.runIn("backup", [
      ...["sh", "-c", `cd ${data} && find . -type f -exec sha256sum {} +`],
    ]);
    const sumOf = new Map(lines(sums).map(([sum, path]) => [path.replace("./", ""), sum]));
    const files = lines(await sql("SELECT id, path FROM fileinfo WHERE deleteat = 0"));
    return {
      message: new Map(lines(await sql("SELECT id, md5(message) FROM posts WHERE deleteat = 0"))),
      // A row whose file is gone is no file.
      file: new Map(
        files.flatMap(([id, path]) => {
          const sum = sumOf.get(path);
          return sum === undefined ? [] : [[id, sum] as const];
        }),
      ),
    };
  }
}
