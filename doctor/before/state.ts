/** Whether a first `up` can keep its state where the settings say. Pure. */
import type { Seen } from "../check";

/** A folder of this machine. */
export interface StateFolder {
  path: string;
  there: boolean;
  /** Of the folder, or where it isn't there yet, of the nearest one above it. */
  writable: boolean;
  /** Whether the stack is in it already. */
  hasStack: boolean;
}

export function folderSeen({ path, there, writable, hasStack }: StateFolder): Seen {
  if (!writable)
    return {
      ok: false,
      saw: `${path} can't be written`,
      fix: "give yourself the right to write there, or name another folder in muster:state.backend",
    };
  return {
    ok: true,
    saw: `${path}: ${hasStack ? "has the stack" : there ? "there" : "made by the first up"}`,
  };
}

/** What a storage says to one question; `reason` is `absent`, `denied`, `wrong key` and others. */
export type Asked<T = undefined> = { done: true; value: T } | { done: false; reason: string; words: string };

/** Where the key of the state's bucket comes from. */
export type KeyFrom = "settings" | "environment";

export function stateBucketSeen(bucket: string, look: Asked, keyFrom: KeyFrom): Seen {
  if (look.done) return { ok: true, saw: `bucket ${bucket}` };
  const key =
    keyFrom === "settings"
      ? "look at muster:state.accessKeyId, and set its secret with npm run secret -- STACK stateSecretKey"
      : "look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment";
  const fix: Record<string, string> = {
    absent: `make the bucket ${bucket}, or name another one in muster:state.backend`,
    denied: "let the key read, write, list and delete in that bucket",
    "wrong key": key,
  };
  return {
    ok: false,
    saw: look.words,
    fix: fix[look.reason] ?? "look at the storage's own words, and at muster:state.backend",
  };
}

/** A bucket, as Pulumi takes its address. */
export interface StateBucket {
  bucket: string;
  /** Folder in it; empty where there is none. */
  folder: string;
  region: string;
  endpoint: string;
}

/**
 * Where `s3://BUCKET/FOLDER?region=...&endpoint=...` leads; `undefined` for any other address.
 * @param usual region where it names none.
 */
export function stateBucketOf(backend: string, usual = "us-east-1"): StateBucket | undefined {
  const [, bucket, folder = "", query = ""] =
    /^s3:\/\/([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(backend) ?? [];
  if (bucket === undefined) return undefined;
  const given = new URLSearchParams(query);
  const region = given.get("region") ?? usual;
  const endpoint = given.get("endpoint") ?? `s3.${region}.amazonaws.com`;
  const plain = given.get("disableSSL") === "true" || given.get("disable_https") === "true";
  return {
    bucket,
    folder: folder.replace(/\/$/, ""),
    region,
    endpoint: endpoint.includes("://") ? endpoint : `${plain ? "http" : "https"}://${endpoint}`,
  };
}
