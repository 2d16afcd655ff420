/** Everything that people have written, to be compared: by other means than those of the program. */
import { execute } from "../client";
import type { Stack } from "../stack";

export interface Fingerprint {
  /** Rows and a checksum over all of them, by table. */
  tables: Record<string, string>;
  /** Checksum of each file, by path. */
  files: Record<string, string>;
}

/** @param leaveOut tables that a start or a sign-in changes by itself. */
export async function fingerprint(stack: Stack, leaveOut: readonly string[] = []): Promise<Fingerprint> {
  const sql = (query: string): Promise<string> =>
    execute(stack.docker, `muster-${stack.name}-postgres`, [
      ...["psql", "-X", "-q", "-A", "-t", "-U", "mattermost", "-d", "mattermost", "-c", query],
    ]);
  const list = await sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1");
  const tables: Record<string, string> = {};
  for (const table of list.trim().split("\n"))
    if (!leaveOut.includes(table))
      tables[table] = (
        await sql(
          `SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM ${table} t`,
        )
      ).trim();
  const sums = await execute(stack.docker, `muster-${stack.name}-backup`, [
    ...["sh", "-c", "find /volumes/mattermost/data -type f -exec sha256sum {} +"],
  ]);
  const files = Object.fromEntries(
    sums
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split("  ").reverse() as [string, string]),
  );
  return { tables, files };
}

/** What a start or a sign-in writes by itself. */
export const unsteady = ["sessions", "systems", "jobs"];
