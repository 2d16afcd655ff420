/** Files on their way into a container, as a stream: never in memory as a whole. */
import { createReadStream } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type Docker from "dockerode";
import type { Pack } from "tar-stream";
import { UserError } from "./errors";

/** A file or folder of this machine, and where it comes to lie. */
export interface Sent {
  from: string;
  /** Path in the container, without a slash in front. */
  to: string;
  kind: "file" | "folder";
  bytes: number;
  /** Seconds since 1970. */
  changed: Date;
}

/** All files and folders below a folder; links are followed. Sockets and the like are left out. */
export async function below(folder: string, to: string, above: readonly string[] = []): Promise<Sent[]> {
  const real = await realpath(folder);
  if (above.includes(real)) return [];
  const found: Sent[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const from = join(folder, name);
    const info = await stat(from);
    const sent = { from, to: `${to}/${name}`, bytes: info.size, changed: info.mtime };
    if (info.isFile()) found.push({ ...sent, kind: "file" });
    if (!info.isDirectory()) continue;
    found.push({ ...sent, kind: "folder", bytes: 0 });
    found.push(...(await below(from, sent.to, [...above, real])));
  }
  return found;
}

/** What people see before it goes on its way. */
export const totalOf = (sent: readonly Sent[]): { files: number; bytes: number } => ({
  files: sent.filter(({ kind }) => kind === "file").length,
  bytes: sent.reduce((sum, { bytes }) => sum + bytes, 0),
});

/** Puts files and folders into a container, owned by `owner` and readable by nobody else. */
export async function send(
  container: Docker.Container,
  sent: readonly Sent[],
  owner: { uid: number; gid: number },
  interrupted: AbortSignal = new AbortController().signal,
): Promise<void> {
  const { pack } = await import("tar-stream");
  const archive = pack();
  const abort = new AbortController();
  const put = container.putArchive(streamOf(archive), {
    path: "/",
    abortSignal: AbortSignal.any([abort.signal, interrupted]),
  });
  try {
    await Promise.all([put, feed(archive, sent, owner)]);
  } catch (error) {
    abort.abort();
    await put.catch(() => undefined);
    if (interrupted.aborted) throw new UserError("Interrupted: nothing was changed.");
    throw error;
  }
}

/** Its type knows less of it than it is. */
const streamOf = (archive: Pack): NodeJS.ReadableStream => archive as unknown as NodeJS.ReadableStream;

/** Puts a text into a container, as a file for `owner` alone. */
export async function sendText(
  container: Docker.Container,
  to: string,
  text: string,
  owner: { uid: number; gid: number },
): Promise<void> {
  const { pack } = await import("tar-stream");
  const archive = pack();
  archive.entry({ name: to, mode: 0o400, ...owner }, text);
  archive.finalize();
  await container.putArchive(streamOf(archive), { path: "/" });
}

async function feed(
  archive: Pack,
  sent: readonly Sent[],
  owner: { uid: number; gid: number },
): Promise<void> {
  for (const { from, to, kind, bytes, changed } of sent) {
    if (kind === "folder") {
      archive.entry({ name: to, type: "directory", mode: 0o750, mtime: changed, ...owner });
      continue;
    }
    const entry = archive.entry({ name: to, mode: 0o640, mtime: changed, size: bytes, ...owner });
    // One that has grown is sent as it was; the pack complains about one that has shrunk.
    const content = bytes === 0 ? [] : createReadStream(from, { end: bytes - 1 });
    await pipeline(content, entry).catch((error: unknown) => {
      throw new UserError(
        `${from} can't be sent: ${(error as Error).message}\n  fix: stop the old server, or copy its folder first, so that nothing changes meanwhile`,
      );
    });
  }
  archive.finalize();
}

/** One file, and the folders that it comes to lie in. */
export async function single(from: string, to: string): Promise<Sent[]> {
  const { size, mtime } = await stat(from);
  return [
    { from: "", to: dirname(to), kind: "folder", bytes: 0, changed: mtime },
    { from, to, kind: "file", bytes: size, changed: mtime },
  ];
}
