/**
 * The backup of a release: a small repository as its own scripts made it (`backup.tar`), and what must come back out of
 * it (`backup.json`), in test/releases/VERSION. Its key is no secret: it opens nothing else.
 */
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { extract, pack } from "tar-stream";
import { releasesDir } from "../../helpers/stacks";
import { execute } from "../client";
import type { Stack } from "../stack";
import { fingerprint } from "./fingerprint";

/** A table by the columns that it had then: later versions may add some. */
export interface KeptTable {
  columns: string[];
  rows: number;
  md5: string;
}

export interface KeptBackup {
  /** Of Muster. */
  version: string;
  /** Name of the stack that was backed up: its snapshots stand under it. */
  stack: string;
  /** Major version of PostgreSQL. */
  postgres: number;
  /** Of the repository. */
  key: string;
  tables: Record<string, KeptTable>;
  /** SHA-256 of each file, by its path in the backup. */
  files: Record<string, string>;
}

/** What people have written; the server writes into other tables by itself. */
const tables = [
  "users",
  "teams",
  "teammembers",
  "channels",
  "channelmembers",
  "posts",
  "fileinfo",
  "reactions",
] as const;

export const keptFolder = (version: string, dir = releasesDir): string => join(dir, version);

/** Every release's backup. */
export const keptBackups = (dir = releasesDir): KeptBackup[] =>
  readdirSync(dir)
    .sort()
    .map((version) => join(dir, version, "backup.json"))
    .filter((path) => existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, "utf8")) as KeptBackup);

/** What a running stack holds; with `like`, by the columns of then. */
export async function contentOf(
  stack: Stack,
  like?: KeptBackup,
): Promise<Pick<KeptBackup, "tables" | "files">> {
  const ask = async (query: string): Promise<string> =>
    (
      await execute(stack.docker, `muster-${stack.name}-postgres`, [
        ...["psql", "-X", "-q", "-A", "-t", "-U", "mattermost", "-d", "mattermost", "-c", query],
      ])
    ).trim();
  const found: Record<string, KeptTable> = {};
  for (const table of like === undefined ? tables : Object.keys(like.tables)) {
    const listed = `SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '${table}' ORDER BY 1`;
    const columns = like?.tables[table]?.columns ?? (await ask(listed)).split("\n");
    const row = `ROW(${columns.join(", ")})::text COLLATE "C"`;
    const answer = await ask(
      `SELECT count(*) || ' ' || coalesce(md5(string_agg(${row}, '|' ORDER BY ${row})), '') FROM ${table}`,
    );
    const [rows = "", md5 = ""] = answer.split(" ");
    found[table] = { columns, rows: Number(rows), md5 };
  }
  return { tables: found, files: (await fingerprint(stack)).files };
}

/**
 * Puts a repository away: its files alone, in order, without owners and times, so that the archive is small.
 * @param source the repository's folder, as an archive with one folder around it.
 */
export async function keep(
  folder: string,
  backup: KeptBackup,
  source: NodeJS.ReadableStream,
): Promise<string[]> {
  const files = new Map<string, Buffer>();
  const reader = extract();
  const read = (async () => {
    for await (const entry of reader) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      if (entry.header.type === "file")
        files.set(entry.header.name.replace(/^[^/]*\//, ""), Buffer.concat(chunks));
    }
  })();
  source.pipe(reader);
  await read;
  const names = [...files.keys()].filter((name) => !name.startsWith("locks/")).sort();
  const archive = pack();
  for (const name of names)
    archive.entry({ name, mode: 0o600, mtime: new Date(0) }, files.get(name) ?? Buffer.alloc(0));
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  writeFileSync(join(folder, "backup.tar"), Buffer.concat(chunks), { flag: "wx" });
  writeFileSync(join(folder, "backup.json"), `${JSON.stringify(backup, null, 2)}\n`, { flag: "wx" });
  return names;
}

/** Lays a release's repository into a folder. */
export async function unpack(version: string, target: string, dir = releasesDir): Promise<void> {
  const reader = extract();
  const read = (async () => {
    for await (const entry of reader) {
      const path = join(target, entry.header.name);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      writeFileSync(path, Buffer.concat(chunks), { mode: 0o600 });
    }
  })();
  await pipeline(
    createReadStream(join(keptFolder(version, dir), "backup.tar")),
    reader as unknown as NodeJS.WritableStream,
  );
  await read;
}
