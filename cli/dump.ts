/** Tells what kind of a dump a file is, by its content. */
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { UserError } from "./errors";

/** Kinds that can be imported: `pg_dump -Fc`, and plain SQL. */
export type DumpKind = "custom" | "plain";

export interface Dump {
  path: string;
  kind: DumpKind;
  bytes: number;
  /** The same for the same dump: an import that was cut short may go on with it. */
  id: string;
}

/** Enough for the heads of plain dumps, and for what they end with. */
const sampleBytes = 8192;

/** @throws UserError where the file can't be imported. */
export async function dumpAt(path: string): Promise<Dump> {
  const file = await open(path).catch((error: unknown) => {
    throw new UserError(`The dump can't be read: ${(error as Error).message}`);
  });
  try {
    const bytes = (await file.stat()).size;
    const read = async (position: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(sampleBytes), 0, sampleBytes, position);
      return buffer.subarray(0, bytesRead);
    };
    const head = await read(0).catch(() => Buffer.alloc(0));
    const tail = await read(Math.max(0, bytes - sampleBytes)).catch(() => Buffer.alloc(0));
    const found = kindOf(head, tail);
    if ("problem" in found)
      throw new UserError(
        `${found.problem}\n  given:   ${path}\n  allowed: a dump of Mattermost's PostgreSQL database, by pg_dump -Fc or as plain SQL\n  fix:     ${found.fix}; nothing was changed`,
      );
    const id = createHash("sha256")
      .update(head)
      .update(tail)
      .update(String(bytes))
      .digest("hex")
      .slice(0, 16);
    return { path, kind: found.kind, bytes, id };
  } finally {
    await file.close();
  }
}

/** By the first and the last bytes. Pure. */
export function kindOf(head: Buffer, tail: Buffer): { kind: DumpKind } | { problem: string; fix: string } {
  const anew = "make it anew: pg_dump -Fc -f mattermost.dump DATABASE";
  if (head.subarray(0, 5).toString("latin1") === "PGDMP") return { kind: "custom" };
  const packer = packers.find(({ magic }) => head.subarray(0, magic.length).equals(magic));
  if (packer !== undefined)
    return { problem: "The dump is packed.", fix: `unpack it first: ${packer.unpack}` };
  if (head.subarray(257, 262).toString("latin1") === "ustar")
    return { problem: "The dump is a tar archive.", fix: anew };
  const text = head.toString("utf8");
  if (/^(-- (MySQL|MariaDB) dump|\/\*M?!)/.test(text))
    return {
      problem: "The dump is from MySQL, which Mattermost has left since version 11.",
      fix: "move the old server to PostgreSQL first, with Mattermost's own migration-assist (https://docs.mattermost.com/deployment-guide/postgres-migration.html), and dump that",
    };
  if (text.includes("-- PostgreSQL database cluster dump"))
    return { problem: "The dump is of a whole PostgreSQL server (pg_dumpall).", fix: anew };
  if (!text.includes("-- PostgreSQL database dump"))
    return { problem: "The file isn't a dump that is known here.", fix: anew };
  if (!tail.toString("utf8").includes("-- PostgreSQL database dump complete"))
    return { problem: "The dump is cut off: its last line is missing.", fix: `copy it again, or ${anew}` };
  return { kind: "plain" };
}

const packers = [
  { magic: Buffer.from([0x1f, 0x8b]), unpack: "gunzip" },
  { magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), unpack: "unzstd" },
  { magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a]), unpack: "unxz" },
  { magic: Buffer.from("BZh"), unpack: "bunzip2" },
  { magic: Buffer.from("PK\x03\x04", "latin1"), unpack: "unzip" },
];
