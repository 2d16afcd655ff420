/** Places for backups and for the state, each as one line that people type. Pure. */

/** Parts of `s3://KEY_ID@BUCKET/FOLDER?region=...&endpoint=...`. */
interface BucketLine {
  keyId: string | undefined;
  bucket: string;
  folder: string | undefined;
  query: string;
}

function bucketLine(text: string): BucketLine | undefined {
  const match = /^s3:\/\/(?:([^@/?\s]+)@)?([^/?\s]+)(?:\/([^?\s]*))?(?:\?(\S*))?$/.exec(text);
  if (match === null) return undefined;
  const [, keyId, bucket = "", folder, query = ""] = match;
  return { keyId, bucket, folder: folder === "" ? undefined : folder, query };
}

export const backupForms =
  "s3://KEY_ID@BUCKET?region=REGION&endpoint=https://... (at AWS without endpoint), sftp://USER@HOST/FOLDER HOST_KEY, or folder (on the host itself)";

/** `muster:backup.target` of such a line; `undefined` where it is none. Its fields aren't checked yet. */
export function backupTarget(text: string): Record<string, unknown> | undefined {
  const line = text.trim();
  if (line === "folder") return { kind: "folder" };
  if (line.startsWith("/")) return { kind: "folder", path: line };
  const sftp = /^sftp:\/\/([^@\s]+)@([^:/\s]+)(?::(\d+))?(\/\S+) +(\S+ \S+)$/.exec(line);
  if (sftp !== null) {
    const [, user, host, port, path, hostKey] = sftp;
    return { kind: "sftp", host, ...(port === undefined ? {} : { port: Number(port) }), user, hostKey, path };
  }
  const s3 = bucketLine(line);
  if (s3?.keyId === undefined) return undefined;
  const query = new URLSearchParams(s3.query);
  const region = query.get("region") ?? undefined;
  const endpoint = query.get("endpoint") ?? `https://s3.${region ?? "us-east-1"}.amazonaws.com`;
  return {
    kind: "s3",
    endpoint: endpoint.includes("://") ? endpoint : `https://${endpoint}`,
    ...(region === undefined ? {} : { region }),
    bucket: s3.bucket,
    ...(s3.folder === undefined ? {} : { prefix: s3.folder }),
    accessKeyId: s3.keyId,
  };
}

export const stateForms =
  "s3://KEY_ID@BUCKET?region=REGION&endpoint=https://... (at AWS without endpoint), pulumi (Pulumi Cloud, free for one person), or file (this machine alone)";

/** `muster:state` of such a line; `undefined` for the project's own folder. */
export function stateSettings(text: string): { backend: string; accessKeyId?: string } | undefined {
  const line = text.trim();
  if (line === "file") return undefined;
  if (line === "pulumi") return { backend: "https://api.pulumi.com" };
  const s3 = bucketLine(line);
  if (s3 === undefined) return { backend: line };
  const folder = s3.folder === undefined ? "" : `/${s3.folder}`;
  const backend = `s3://${s3.bucket}${folder}${s3.query === "" ? "" : `?${s3.query}`}`;
  return { backend, ...(s3.keyId === undefined ? {} : { accessKeyId: s3.keyId }) };
}
