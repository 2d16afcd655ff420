/** A bucket of an S3-compatible storage, as our verbs use it. Answers are data: servers differ in what they have. */
import { createHash } from "node:crypto";
import type * as Sdk from "@aws-sdk/client-s3";
import { UserError } from "./errors";

export interface AccessKey {
  id: string;
  secret: string;
}

/** Why a server didn't do it. */
export type Reason = "absent" | "denied" | "wrong key" | "unsupported" | "failed";
export type Answer<T = undefined> =
  | { done: true; value: T }
  | {
      done: false;
      reason: Reason;
      /** The server's own words. */
      words: string;
    };

/** A bucket's default lock: for how long nothing that is written can be deleted. */
export interface Lock {
  mode: "COMPLIANCE" | "GOVERNANCE";
  days: number;
}

/** What the storage itself removes after a while. */
export type Expiry = Sdk.LifecycleRule;

/** One bucket, with one key. */
export interface Bucket {
  /** Whether it is there, by listing it. */
  look(): Promise<Answer>;
  create(lockable: boolean): Promise<Answer>;
  versioning(): Promise<Answer<boolean>>;
  enableVersioning(): Promise<Answer>;
  /** Its default lock; `undefined` where it can be locked, but has no default. */
  lock(): Promise<Answer<Lock | undefined>>;
  setLock(lock: Lock): Promise<Answer>;
  expiry(): Promise<Answer<readonly Expiry[]>>;
  setExpiry(rules: readonly Expiry[]): Promise<Answer>;
  /** Its policy, as JSON. */
  policy(): Promise<Answer<string>>;
  setPolicy(policy: string): Promise<Answer>;
  /** Writes an object; gives its version where the bucket has versions. */
  put(key: string, text: string): Promise<Answer<string | undefined>>;
  get(key: string, version?: string): Promise<Answer<string>>;
  /** Removes an object or a version of it; gives the mark's version where it leaves a mark in the object's place. */
  remove(key: string, version?: string): Promise<Answer<string | undefined>>;
}

const absent = new Set([
  "NoSuchBucket",
  "NoSuchKey",
  "NoSuchVersion",
  "NotFound",
  "NoSuchBucketPolicy",
  "NoSuchLifecycleConfiguration",
  "ObjectLockConfigurationNotFoundError",
]);
const wrongKey = new Set(["InvalidAccessKeyId", "SignatureDoesNotMatch", "Unauthorized"]);
const unsupported = new Set(["NotImplemented", "UnsupportedOperation", "MethodNotAllowed"]);

/** What a server's error means. */
export function reasonOf(code: string, status: number): Reason {
  if (wrongKey.has(code)) return "wrong key";
  if (unsupported.has(code) || status === 501 || status === 405) return "unsupported";
  if (absent.has(code) || status === 404) return "absent";
  return code === "AccessDenied" || status === 403 || status === 401 ? "denied" : "failed";
}

/**
 * Connects to a bucket. The SDK is loaded here alone: no other verb waits for it.
 * @param key left out: the one that the environment has, as any program of AWS finds it.
 */
export async function openBucket(
  { endpoint, region, bucket }: { endpoint: string; region: string; bucket: string },
  key?: AccessKey,
): Promise<Bucket> {
  // It would complain about the Node version on every call.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  const sdk = await import("@aws-sdk/client-s3");
  const client = new sdk.S3Client({
    endpoint,
    region,
    ...(key === undefined ? {} : { credentials: { accessKeyId: key.id, secretAccessKey: key.secret } }),
    // A self-hosted storage has no name per bucket.
    forcePathStyle: true,
    // Not every storage knows the newer checksums.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  return bucketOf(sdk, client, bucket, endpoint);
}

function bucketOf(sdk: typeof Sdk, client: Sdk.S3Client, bucket: string, endpoint: string): Bucket {
  const own = { Bucket: bucket };
  /** Sends it; what the server says against it is an answer, a server that doesn't answer is an error. */
  const ask = async <O, T>(
    answer: Promise<O>,
    valueOf: (output: O) => T | Promise<T>,
  ): Promise<Answer<T>> => {
    try {
      return { done: true, value: await valueOf(await answer) };
    } catch (error) {
      const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
      const status = $metadata?.httpStatusCode;
      if (status === undefined)
        throw new UserError(
          `The storage doesn't answer: ${endpoint}\n  found: ${message === "" ? name : message}\n  fix:   look whether muster:backup.target.endpoint is right and reachable from here`,
        );
      return { done: false, reason: reasonOf(name, status), words: `${name}: ${message}` };
    }
  };
  const nothing = (): undefined => undefined;
  return {
    look: () => ask(client.send(new sdk.ListObjectsV2Command({ ...own, MaxKeys: 1 })), nothing),
    create: (lockable) =>
      ask(
        client.send(
          new sdk.CreateBucketCommand({ ...own, ...(lockable ? { ObjectLockEnabledForBucket: true } : {}) }),
        ),
        nothing,
      ),
    versioning: () =>
      ask(client.send(new sdk.GetBucketVersioningCommand(own)), ({ Status }) => Status === "Enabled"),
    enableVersioning: () =>
      ask(
        client.send(
          new sdk.PutBucketVersioningCommand({ ...own, VersioningConfiguration: { Status: "Enabled" } }),
        ),
        nothing,
      ),
    lock: () =>
      ask(client.send(new sdk.GetObjectLockConfigurationCommand(own)), ({ ObjectLockConfiguration }) =>
        lockOf(ObjectLockConfiguration?.Rule?.DefaultRetention),
      ),
    setLock: ({ mode, days }) =>
      ask(
        client.send(
          new sdk.PutObjectLockConfigurationCommand({
            ...own,
            ObjectLockConfiguration: {
              ObjectLockEnabled: "Enabled",
              Rule: { DefaultRetention: { Mode: mode, Days: days } },
            },
          }),
        ),
        nothing,
      ),
    expiry: () =>
      ask(client.send(new sdk.GetBucketLifecycleConfigurationCommand(own)), ({ Rules }) => Rules ?? []),
    setExpiry: (rules) =>
      ask(
        client.send(
          new sdk.PutBucketLifecycleConfigurationCommand({
            ...own,
            LifecycleConfiguration: { Rules: [...rules] },
          }),
        ),
        nothing,
      ),
    policy: () => ask(client.send(new sdk.GetBucketPolicyCommand(own)), ({ Policy }) => Policy ?? "{}"),
    setPolicy: (Policy) => ask(client.send(new sdk.PutBucketPolicyCommand({ ...own, Policy })), nothing),
    put: (Key, text) =>
      ask(
        client.send(
          new sdk.PutObjectCommand({
            ...own,
            Key,
            Body: text,
            // A locked bucket takes nothing without a checksum; every storage knows this one.
            ContentMD5: createHash("md5").update(text).digest("base64"),
          }),
        ),
        ({ VersionId }) => VersionId,
      ),
    get: (Key, VersionId) =>
      ask(
        client.send(
          new sdk.GetObjectCommand({ ...own, Key, ...(VersionId === undefined ? {} : { VersionId }) }),
        ),
        ({ Body }) => Body?.transformToString() ?? "",
      ),
    remove: (Key, VersionId) =>
      ask(
        client.send(
          new sdk.DeleteObjectCommand({ ...own, Key, ...(VersionId === undefined ? {} : { VersionId }) }),
        ),
        ({ DeleteMarker, VersionId: mark }) => (DeleteMarker === true ? mark : undefined),
      ),
  };
}

const lockOf = (retention: Sdk.DefaultRetention | undefined): Lock | undefined =>
  retention?.Mode === undefined
    ? undefined
    : { mode: retention.Mode, days: retention.Days ?? (retention.Years ?? 0) * 365 };
