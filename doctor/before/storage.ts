/** Whether backups can go where the settings say. Pure. */
import type { Seen } from "../check";
import type { Asked } from "./state";

/** What it means where there is no place for them. */
export const noBackups = "no backup is taken, and nobody notices before the first night";

/** The bucket, as the host's key sees it. */
export function bucketSeen(bucket: string, look: Asked): Seen {
  if (look.done) return { ok: true, saw: `bucket ${bucket}` };
  const fix: Record<string, string> = {
    absent: "make it: npm run bucket -- STACK",
    denied:
      "let the host's key list, read and write there: npm run bucket -- STACK sets that up, where the storage has policies",
    "wrong key":
      "look at muster:backup.target.accessKeyId, and set its secret: npm run secret -- STACK backupS3Secret",
  };
  return {
    ok: false,
    saw: look.words,
    fix: fix[look.reason] ?? "look at the storage's own words, and at muster:backup.target",
  };
}

/** What keeps the backups from being destroyed. */
export interface Protection {
  versioning: Asked<boolean>;
  lock: Asked<{ mode: string; days: number } | undefined>;
  /** What the settings want. */
  days: number;
  /** What to do where the storage has no lock. */
  instead: string;
}

const mayNot = new Set(["denied", "wrong key"]);

/** Versions and lock, as far as the key may ask; the host's own had better not. */
export function protectionSeen({ versioning, lock, days, instead }: Protection): Seen {
  if (!lock.done && mayNot.has(lock.reason))
    return {
      ok: "unchecked",
      saw: "the host's key may not ask, as it should be",
      fix: "npm run bucket -- STACK says it, with a key of yours; or give that key in MUSTER_BUCKET_ACCESS_KEY_ID and MUSTER_BUCKET_SECRET_ACCESS_KEY",
    };
  const held = lock.done ? lock.value : undefined;
  const versions = versioning.done && versioning.value;
  if (held === undefined)
    return {
      ok: false,
      severity: "warning",
      saw: versions ? "versions are kept, but nothing is locked" : "no lock",
      fix: lock.done || lock.reason === "absent" ? "npm run bucket -- STACK sets it" : instead,
    };
  const saw = `${held.mode.toLowerCase()}, ${held.days} days`;
  return held.mode === "COMPLIANCE" && held.days >= days
    ? { ok: true, saw }
    : {
        ok: false,
        severity: "warning",
        saw: `${saw}; wanted: compliance, ${days} days`,
        fix: "npm run bucket -- STACK sets it",
      };
}

/**
 * A repository that lies there already can be opened with its own key alone.
 * @param found its file `config`.
 * @param keyKnown whether this stack has a key that may be the repository's: of its settings, or of its state.
 */
export function repositorySeen(folder: string, found: Asked<unknown>, keyKnown: boolean): Seen {
  if (!found.done)
    return found.reason === "absent"
      ? { ok: true, saw: `nothing in ${folder}/` }
      : { ok: "unchecked", saw: `${folder}/: ${found.words}` };
  return keyKnown
    ? { ok: true, saw: `a repository in ${folder}/, and a key` }
    : {
        ok: false,
        saw: `a repository lies in ${folder}/ already, and this stack doesn't have its key`,
        fix: "set its key (npm run secret -- STACK backupKey), or name another folder in muster:backup.target.prefix",
      };
}

/** A folder over SFTP, once the key has let us in. */
export function sftpFolderSeen(path: string, code: number, stderr: string): Seen {
  if (code === 0) return { ok: true, saw: path };
  const saw = stderr.trim().split("\n").at(-1) ?? "";
  return {
    ok: false,
    saw: saw === "" ? `${path} can't be listed` : saw,
    fix: `make ${path} there, as that user, or set muster:backup.target.path`,
  };
}

/** A folder of this very machine. */
export const folderTargetSeen = (path: string, there: boolean): Seen =>
  there
    ? { ok: true, saw: path }
    : { ok: false, saw: `${path} isn't there`, fix: `make ${path}, or mount the disk that it is on` };
