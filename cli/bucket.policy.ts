/** What a backup bucket should be: who may do what in it, and what the storage removes. Pure. */
import { createHash } from "node:crypto";
import type { Expiry, Lock } from "./s3";

/**
 * Compliance, not governance: governance lets the account's own administrators delete, and the lock is there for
 * the day when their key is stolen too. Its price: a mistake stays for so many days as well.
 */
export const wantedLock = (days: number): Lock => ({ mode: "COMPLIANCE", days });

/** Days for which a version stays that was overwritten or deleted: longer than the lock, to notice and undo it. */
export const keptDays = (lockDays: number): number => lockDays + 3;
const unfinishedDays = 7;

/** Who stands in the policy, by the names that the server gives them. */
export interface Principals {
  host: string;
  prune?: string | undefined;
  /** Where a policy shuts out even the bucket's owner: the key that makes the bucket. */
  operator?: string | undefined;
}

interface Statement {
  Sid?: string;
  Effect: "Allow" | "Deny";
  Principal: { AWS: string | string[] };
  Action: string | string[];
  Resource: string | string[];
}
interface Policy {
  Version?: string;
  Statement?: Statement[];
}

/** Start of the names of a repository's own statements: letters and digits alone are allowed there. */
const ownName = (prefix: string): string =>
  `Muster${createHash("sha256").update(prefix).digest("hex").slice(0, 8)}`;

/** The statements of one repository. */
export function statementsOf(
  bucket: string,
  prefix: string,
  { host, prune, operator }: Principals,
): Statement[] {
  const whole = `arn:aws:s3:::${bucket}`;
  const inside = (path: string): string => `${whole}/${prefix}/${path}`;
  const statement = (
    name: string,
    effect: "Allow" | "Deny",
    who: string,
    actions: string[],
    resources: string[],
  ): Statement => ({
    Sid: `${ownName(prefix)}${name}`,
    Effect: effect,
    Principal: { AWS: [who] },
    Action: actions.map((action) => `s3:${action}`),
    Resource: resources,
  });
  return [
    statement("HostLists", "Allow", host, ["ListBucket", "GetBucketLocation"], [whole]),
    statement("HostWrites", "Allow", host, ["GetObject", "PutObject"], [inside("*")]),
    statement("HostUnlocks", "Allow", host, ["DeleteObject"], [inside("locks/*")]),
    // Said once more as a refusal: the key may have more rights from elsewhere.
    statement("HostDeletesNothing", "Deny", host, ["DeleteObject"], backups.map(inside)),
    statement("HostDestroysNothing", "Deny", host, destroying.objects, [`${whole}/*`]),
    statement("HostChangesNothing", "Deny", host, destroying.bucket, [whole]),
    ...(prune === undefined
      ? []
      : [
          statement("PruneLists", "Allow", prune, ["ListBucket", "GetBucketLocation"], [whole]),
          statement("PrunePrunes", "Allow", prune, ["GetObject", "PutObject", "DeleteObject"], [inside("*")]),
        ]),
    ...(operator === undefined
      ? []
      : [statement("Operator", "Allow", operator, ["*"], [whole, `${whole}/*`])]),
  ];
}

/** What restic's repository holds, besides the locks of those who are working in it. */
const backups = ["config", "data/*", "index/*", "keys/*", "snapshots/*"];

/** Ways to lose what is there, other than deleting an object by its name. */
const destroying = {
  objects: ["DeleteObjectVersion", "PutObjectRetention", "PutObjectLegalHold", "BypassGovernanceRetention"],
  bucket: [
    "DeleteBucket",
    "PutBucketPolicy",
    "DeleteBucketPolicy",
    "PutBucketVersioning",
    "PutBucketObjectLockConfiguration",
    "PutLifecycleConfiguration",
  ],
};

const parsed = (policy: string): Policy => JSON.parse(policy) as Policy;

/** The policy with this repository's statements; what others have put there stays. */
export function mergedPolicy(current: string, prefix: string, own: readonly Statement[]): string {
  const { Version = "2012-10-17", Statement = [] } = parsed(current);
  const others = Statement.filter(({ Sid }) => Sid?.startsWith(ownName(prefix)) !== true);
  return JSON.stringify({ Version, Statement: [...others, ...own] });
}

/** Whether two policies say the same: servers reorder them, and write a list of one as a plain text. */
export const samePolicy = (one: string, other: string): boolean =>
  normal(parsed(one)) === normal(parsed(other));

const normal = ({ Statement = [] }: Policy): string =>
  JSON.stringify(Statement.map((statement) => JSON.stringify(sorted(statement))).sort());

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(sorted);
    return items.length === 1 ? items[0] : [...(items as string[])].sort();
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** Whom the policy already names for this repository. */
export function namedPrincipals(policy: string, prefix: string): Partial<Principals> {
  const who = (name: string): string | undefined => {
    const found = parsed(policy).Statement?.find(({ Sid }) => Sid === `${ownName(prefix)}${name}`);
    return found === undefined ? undefined : [found.Principal.AWS].flat()[0];
  };
  return {
    host: who("HostWrites"),
    prune: who("PrunePrunes"),
    operator: who("Operator"),
  } as Partial<Principals>;
}

const ruleName = (prefix: string): string => `muster ${prefix}`;

/** What the storage removes by itself; `versionsOnly` for those that can't do the rest. */
export const expiryOf = (prefix: string, lockDays: number, versionsOnly = false): Expiry => ({
  ID: ruleName(prefix),
  Status: "Enabled",
  Filter: { Prefix: `${prefix}/` },
  NoncurrentVersionExpiration: { NoncurrentDays: keptDays(lockDays) },
  ...(versionsOnly
    ? {}
    : {
        // Marks of deleted locks, one for each backup, once no version is behind them.
        Expiration: { ExpiredObjectDeleteMarker: true },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: unfinishedDays },
      }),
});

/** The rules with this repository's; what others have put there stays. */
export const mergedExpiry = (current: readonly Expiry[], own: Expiry): Expiry[] => [
  ...current.filter(({ ID }) => ID !== own.ID),
  own,
];

/** Whether a rule among these does at least what is wanted. */
export const hasExpiry = (current: readonly Expiry[], own: Expiry): boolean =>
  current.some(
    (rule) =>
      rule.ID === own.ID &&
      rule.Status === "Enabled" &&
      (rule.Filter?.Prefix ?? "") === own.Filter?.Prefix &&
      rule.NoncurrentVersionExpiration?.NoncurrentDays === own.NoncurrentVersionExpiration?.NoncurrentDays &&
      rule.Expiration?.Days === undefined,
  );

/** Names of others' rules that remove the backups themselves, not only old versions of them. */
export const destroyingRules = (current: readonly Expiry[], prefix: string): string[] =>
  current
    .filter(
      ({ Status, Expiration }) =>
        Status === "Enabled" && (Expiration?.Days ?? Expiration?.Date) !== undefined,
    )
    .filter(({ Filter }) => {
      const start = Filter?.Prefix ?? Filter?.And?.Prefix ?? "";
      return `${prefix}/`.startsWith(start) || start.startsWith(`${prefix}/`);
    })
    .map(({ ID = "without a name" }) => ID);
