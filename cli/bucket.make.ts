/** Makes a backup bucket as it should be, and says of each part how it was. Run again, it changes nothing. */
import type { BackupTarget } from "../stacks/settings/backup";
import {
  destroyingRules,
  expiryOf,
  hasExpiry,
  keptDays,
  mergedExpiry,
  mergedPolicy,
  namedPrincipals,
  type Principals,
  samePolicy,
  statementsOf,
  wantedLock,
} from "./bucket.policy";
import { type Storage, storageOf } from "../stacks/topology/storage";
import { insteadOf, type Part } from "./bucket.providers";
import { UserError } from "./errors";
import type { Answer, Bucket, Lock } from "./s3";

/** One line of the report. */
export interface Line {
  state: "ok" | "made" | "mended" | "by hand" | "WARNING";
  what: string;
  detail: string;
  fix?: string;
}

export interface Wanted {
  target: Extract<BackupTarget, { kind: "s3" }>;
  prefix: string;
  /** Id of the key that makes it. */
  operator: string;
  /** How the server's policies name the host's key and the one that prunes, where it isn't their id. */
  principals: { host?: string | undefined; prune?: string | undefined };
}

/** Makes what is missing. */
export async function makeBucket(bucket: Bucket, wanted: Wanted): Promise<Line[]> {
  const provider = storageOf(wanted.target.endpoint);
  return [
    await there(bucket, wanted),
    await versioned(bucket, provider),
    await locked(bucket, wanted, provider),
    ...(await expiring(bucket, wanted, provider)),
    await guarded(bucket, wanted, provider),
  ];
}

async function there(bucket: Bucket, { target }: Wanted): Promise<Line> {
  const what = `bucket ${target.bucket}`;
  const found = await bucket.look();
  if (found.done) return { state: "ok", what, detail: "is there" };
  if (found.reason === "wrong key")
    throw new UserError(
      `The storage doesn't know this key.\n  found: ${found.words}\n  fix:   look at MUSTER_BUCKET_ACCESS_KEY_ID and MUSTER_BUCKET_SECRET_ACCESS_KEY; nothing was changed`,
    );
  if (found.reason !== "absent")
    throw new UserError(
      `The bucket ${target.bucket} can't be looked at.\n  found: ${found.words}\n  fix:   use a key that may administer it; where it is somebody else's, choose another muster:backup.target.bucket; nothing was changed`,
    );
  const lockable = await bucket.create(true);
  // Some storages refuse to make a bucket that can be locked, and make a plain one.
  const made = !lockable.done && lockable.reason === "unsupported" ? await bucket.create(false) : lockable;
  if (!made.done)
    throw new UserError(
      `The bucket ${target.bucket} can't be made.\n  found: ${made.words}\n  fix:   use a key that may make buckets, or another muster:backup.target.bucket, whose name may be taken; nothing was changed`,
    );
  return { state: "made", what, detail: lockable.done ? "with object lock" : "without object lock" };
}

/** The line of a part that the server refuses. */
function refused(part: Part, what: string, answer: Answer<unknown>, provider: Storage): Line {
  const words = answer.done ? "it isn't so afterwards" : answer.words;
  return { state: "by hand", what, detail: `not set: ${words}`, fix: insteadOf(part, provider) };
}

async function versioned(bucket: Bucket, provider: Storage): Promise<Line> {
  const what = "versions";
  const current = await bucket.versioning();
  if (current.done && current.value) return { state: "ok", what, detail: "kept" };
  if (!current.done && current.reason === "unsupported")
    return refused("versioning", what, current, provider);
  const set = await bucket.enableVersioning();
  return set.done
    ? { state: "mended", what, detail: "are kept from now on" }
    : refused("versioning", what, set, provider);
}

const inDays = (days: number): string => `${days} ${days === 1 ? "day" : "days"}`;
const lockWords = ({ mode, days }: Lock): string => `${inDays(days)}, ${mode.toLowerCase()}`;

async function locked(bucket: Bucket, { target: { lockDays } }: Wanted, provider: Storage): Promise<Line> {
  const what = "lock";
  const wanted = wantedLock(lockDays);
  const current = await bucket.lock();
  const before = current.done ? current.value : undefined;
  if (before?.mode === wanted.mode && before.days === wanted.days)
    return { state: "ok", what, detail: lockWords(wanted) };
  const set = await bucket.setLock(wanted);
  if (!set.done) return refused("lock", what, set, provider);
  // A storage that takes it and forgets it doesn't lock.
  const after = await bucket.lock();
  if (!after.done || after.value?.days !== wanted.days) return refused("lock", what, after, provider);
  const detail = `${lockWords(wanted)}, for what is written from now on`;
  return before === undefined
    ? { state: "made", what, detail }
    : { state: "mended", what, detail: `${detail}; was ${lockWords(before)}` };
}

async function expiring(
  bucket: Bucket,
  { target: { lockDays }, prefix }: Wanted,
  provider: Storage,
): Promise<Line[]> {
  const what = "old versions";
  const detail = `removed by the storage after ${inDays(keptDays(lockDays))}`;
  const current = await bucket.expiry();
  if (!current.done && current.reason !== "absent") return [refused("expiry", what, current, provider)];
  const rules = current.done ? current.value : [];
  const destroying: Line[] = destroyingRules(rules, prefix).map((rule) => ({
    state: "WARNING",
    what: "expiry",
    detail: `the bucket's rule ${rule} removes backups themselves`,
    fix: "remove that rule: npm run prune removes what isn't kept",
  }));
  const all = expiryOf(prefix, lockDays);
  if (hasExpiry(rules, all)) return [{ state: "ok", what, detail }, ...destroying];
  const set = await bucket.setExpiry(mergedExpiry(rules, all));
  // Some storages take the rule for versions and nothing else.
  const taken =
    set.done || set.reason === "denied"
      ? set
      : await bucket.setExpiry(mergedExpiry(rules, expiryOf(prefix, lockDays, true)));
  return [
    taken.done
      ? { state: current.done ? "mended" : "made", what, detail }
      : refused("expiry", what, taken, provider),
    ...destroying,
  ];
}

/** The report's name for the policy. */
export const policyPart = "policy";

async function guarded(bucket: Bucket, wanted: Wanted, provider: Storage): Promise<Line> {
  const { target, prefix } = wanted;
  const what = policyPart;
  const current = await bucket.policy();
  if (!current.done && current.reason !== "absent") return refused("policy", what, current, provider);
  const before = current.done ? current.value : "{}";
  const principals = principalsOf(wanted, namedPrincipals(before, prefix), provider);
  if (principals === undefined)
    return {
      state: "by hand",
      what,
      detail: `not set: AWS names users, not keys`,
      fix: "run it again with --principal ARN; with the host's key, `aws sts get-caller-identity` says the ARN",
    };
  const after = mergedPolicy(before, prefix, statementsOf(target.bucket, prefix, principals));
  const detail = `${principals.host} writes and doesn't delete`;
  if (samePolicy(before, after)) return { state: "ok", what, detail };
  const set = await bucket.setPolicy(after);
  return set.done
    ? { state: current.done ? "mended" : "made", what, detail }
    : refused("policy", what, set, provider);
}

/** What is said wins, then a user whom the policy names already; elsewhere than at AWS a key goes by its id. */
function principalsOf(
  { target, operator, principals: { host, prune } }: Wanted,
  before: Partial<Principals>,
  provider: Storage,
): Principals | undefined {
  const user = host ?? (isUser(before.host) ? before.host : undefined);
  if (user === undefined && provider === "aws") return undefined;
  const named = { host: user ?? target.accessKeyId, prune: prune ?? before.prune };
  // Where keys go by their id, a policy shuts out its own maker too.
  return isUser(named.host) ? named : { ...named, operator: before.operator ?? operator };
}

const isUser = (principal: string | undefined): boolean => principal?.startsWith("arn:") === true;
