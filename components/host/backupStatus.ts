/**
 * What the backup's container has written down about its last good backup and its last proven restore. Read with
 * Node's own HTTP alone: every run of the program asks, and a library takes time to load.
 */
import { request } from "node:http";
import { buffer } from "node:stream/consumers";
import { statusPath } from "../services/backup/backup";

/** A record of the container's: values by name. */
export type StatusRecord = Readonly<Record<string, string>>;

/** `undefined` where there is none, or where nobody can say. */
export interface BackupStatus {
  /** Of the last good backup. */
  backup: StatusRecord | undefined;
  /** Of the last drill that proved one. */
  drill: StatusRecord | undefined;
}

/** Where nothing is known: no engine, no container, a host that isn't there yet. */
export const unknownStatus: BackupStatus = { backup: undefined, drill: undefined };

/**
 * Never fails. Where no engine listens it says so at once; one that listens is busy rather than gone.
 * @param engine such as `unix:///var/run/docker.sock`. @param patienceMs how long a silent one is waited for.
 */
export async function readBackupStatus(
  engine: string,
  container: string,
  patienceMs = 5000,
): Promise<BackupStatus> {
  const read = async (name: string): Promise<StatusRecord | undefined> => {
    const path = `/containers/${container}/archive?path=${statusPath}/${name}`;
    try {
      return recordIn(fileIn(await get(engine, path, patienceMs)));
    } catch {
      return undefined;
    }
  };
  const [backup, drill] = await Promise.all([read("backup.good"), read("drill.good")]);
  return { backup, drill };
}

async function get(engine: string, path: string, patienceMs: number): Promise<Buffer> {
  const signal = AbortSignal.timeout(patienceMs);
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: engine.replace(/^unix:\/\//, ""), path, signal }, (answer) => {
      if (answer.statusCode === 200) buffer(answer).then(resolve, reject);
      else {
        answer.resume();
        reject(new Error(`status ${answer.statusCode ?? ""}`));
      }
    });
    asked.once("error", reject).end();
  });
}

/** The first plain file of a tar archive: headers of 512 bytes, with the size in octal. */
function fileIn(archive: Buffer): string {
  for (let at = 0; at + 512 <= archive.length;) {
    const size = parseInt(archive.toString("latin1", at + 124, at + 136), 8);
    const type = archive.toString("latin1", at + 156, at + 157);
    if (Number.isNaN(size)) break;
    if (type === "0" || type === "\0") return archive.toString("utf8", at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error("no file");
}

const recordIn = (text: string): StatusRecord =>
  Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const tab = line.indexOf("\t");
      return tab < 0 ? [] : [[line.slice(0, tab), line.slice(tab + 1)]];
    }),
  );
