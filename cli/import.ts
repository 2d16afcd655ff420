/** `npm run import`: takes over what people have elsewhere. */
import { open } from "node:fs/promises";
import { reach } from "./access";
import { UserError } from "./errors";
import { importBulk } from "./importBulk";
import { importServer } from "./importServer";
import { runnable } from "./load";
import { up } from "./up";
import { isUp } from "./writers";

export interface ImportOptions {
  /** Of an old server's database. */
  dump?: string;
  /** Its data folder. */
  files?: string;
  /** Its config.json. */
  config?: string;
  /** An archive in Mattermost's own form, such as mmetl makes of a Slack export. */
  bulk?: string;
  /** The stack's name once more: what it holds is replaced. */
  overwrite?: string;
}

/** What is to be imported. */
export type Import =
  | { kind: "server"; dump: string; files: string; config?: string; overwrite: boolean }
  | { kind: "bulk"; archive: string };

/** Imports into a stack, which is brought up first if need be. */
export async function importInto(stack: string, options: ImportOptions): Promise<void> {
  const asked = importOf(stack, options);
  if (asked.kind === "bulk") await requireArchive(asked.archive);
  const topology = runnable(stack);
  const docker = await reach(topology);
  if (!(await isUp(docker, topology))) await up(stack, []);
  if (asked.kind === "bulk") await importBulk(docker, topology, asked.archive);
  else await importServer(docker, topology, asked);
}

/** Pure: what the words of the command mean. @throws UserError where they don't go together. */
export function importOf(stack: string, { dump, files, config, bulk, overwrite }: ImportOptions): Import {
  const given = Object.entries({ dump, files, config, bulk, overwrite })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => `--${name}`);
  const refuse = (problem: string, fix: string): UserError =>
    new UserError(
      `${problem}\n  given:   ${given.length === 0 ? "nothing" : given.join(" ")}\n  allowed: --dump FILE --files FOLDER [--config FILE] [--overwrite ${stack}], or --bulk FILE\n  fix:     ${fix}`,
    );
  if (overwrite !== undefined && overwrite !== stack)
    throw refuse(
      "--overwrite names another stack.",
      "say the name of the stack whose data shall be replaced",
    );
  if (bulk !== undefined) {
    if (given.length > 1)
      throw refuse("A bulk import adds to what is there: it takes no other word.", "leave the others out");
    return { kind: "bulk", archive: bulk };
  }
  if (dump === undefined || files === undefined)
    throw refuse(
      "An old server is its database and its files.",
      "name both; docs/runbooks/from-mattermost.md, docs/runbooks/from-slack.md",
    );
  return {
    kind: "server",
    dump,
    files,
    ...(config === undefined ? {} : { config }),
    overwrite: overwrite !== undefined,
  };
}

/** Mattermost takes nothing else. */
async function requireArchive(path: string): Promise<void> {
  const file = await open(path).catch((error: unknown) => {
    throw new UserError(`The archive can't be read: ${(error as Error).message}`);
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (!isZip(buffer.subarray(0, bytesRead)))
      throw new UserError(
        `The archive isn't a zip.\n  given:   ${path}\n  allowed: a zip with a .jsonl in its root, and attachments below data/\n  fix:     zip -r import.zip data *.jsonl; docs/runbooks/from-slack.md; nothing was changed`,
      );
  } finally {
    await file.close();
  }
}

/** By its first bytes. Pure. */
export const isZip = (head: Buffer): boolean => head.toString("latin1") === "PK\x03\x04";
