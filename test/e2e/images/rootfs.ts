import { createReadStream, createWriteStream } from "node:fs";
import { lstat, readlink, stat } from "node:fs/promises";
import { relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { pack, type Header, type Pack } from "tar-stream";
import { filesBelow } from "./recipe";

interface Common {
  /** Without a leading slash. */
  readonly path: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** One entry of an image's file system. Folders above a file are made as needed, for root. */
export type Entry = Common &
  (
    | { readonly type: "folder" }
    | { readonly type: "link"; readonly to: string }
    | { readonly type: "text"; readonly text: string }
    | { readonly type: "file"; readonly from: string; readonly capability?: "NET_BIND_SERVICE" }
  );

// struct vfs_cap_data, revision 2, effective, with CAP_NET_BIND_SERVICE (bit 10) permitted: what
// `setcap cap_net_bind_service=+ep` writes. Docker's ADD of an archive keeps it.
const NET_BIND_SERVICE = "\x01\0\0\x02" + "\0\x04\0\0" + "\0".repeat(12);

// Fixed, so that the same recipe gives the same layer.
const mtime = new Date("2026-01-01T00:00:00Z");

/** Writes the entries as a tar archive. */
export async function writeRootfs(entries: readonly Entry[], path: string): Promise<void> {
  const archive = pack();
  const fill = async (): Promise<void> => {
    const folders = new Set(entries.filter(({ type }) => type === "folder").map((entry) => entry.path));
    for (const entry of entries) {
      for (const folder of above(entry.path)) {
        if (folders.has(folder)) continue;
        folders.add(folder);
        await add(archive, { name: folder, type: "directory", mode: 0o755 });
      }
      await addEntry(archive, entry);
    }
    archive.finalize();
  };
  // Without the destruction a failure here would leave the other side waiting for the archive's end.
  const filled = fill().catch((error: unknown) => {
    archive.destroy(error as Error);
    throw error;
  });
  await Promise.all([filled, pipeline(archive, createWriteStream(path))]);
}

function above(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

async function addEntry(archive: Pack, entry: Entry): Promise<void> {
  const common = { name: entry.path, uid: entry.uid ?? 0, gid: entry.gid ?? 0 };
  switch (entry.type) {
    case "folder":
      return add(archive, { ...common, type: "directory", mode: entry.mode ?? 0o755 });
    case "link":
      return add(archive, { ...common, type: "symlink", linkname: entry.to, mode: 0o777 });
    case "text":
      return add(archive, { ...common, type: "file", mode: entry.mode ?? 0o644 }, entry.text);
    case "file": {
      const { size, mode } = await stat(entry.from);
      const pax = entry.capability && { pax: { "SCHILY.xattr.security.capability": NET_BIND_SERVICE } };
      const header: Partial<Header> & { name: string } = {
        ...common,
        type: "file",
        mode: entry.mode ?? mode & 0o777,
        size,
        mtime,
        ...pax,
      };
      await new Promise<void>((done, fail) => {
        const target = archive.entry(header, (error) => (error ? fail(error) : done()));
        pipeline(createReadStream(entry.from), target).catch(fail);
      });
    }
  }
}

async function add(archive: Pack, header: Partial<Header> & { name: string }, text = ""): Promise<void> {
  await new Promise<void>((done, fail) => {
    const finished = (error?: Error | null): void => (error ? fail(error) : done());
    archive.entry({ ...header, mtime, size: Buffer.byteLength(text) }, text, finished);
  });
}

/** The files and links below a folder of this machine, as entries below `to`. */
export async function folderEntries(
  folder: string,
  to: string,
  wanted: (path: string) => boolean = () => true,
): Promise<Entry[]> {
  const paths = (await filesBelow(folder)).filter((path) => wanted(relative(folder, path)));
  return Promise.all(
    paths.map(async (from): Promise<Entry> => {
      const path = `${to}/${relative(folder, from)}`;
      const isLink = (await lstat(from)).isSymbolicLink();
      return isLink ? { type: "link", path, to: await readlink(from) } : { type: "file", path, from };
    }),
  );
}
