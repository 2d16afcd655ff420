/** Makes the bucket for a stack's backups, with a key that writes and doesn't destroy, and proves it. */
import { setTimeout } from "node:timers/promises";
import { prefixOf } from "../components/services/backup/repository";
import type { BackupTarget } from "../stacks/settings/backup";
import { keyFromEnvironment, openStack, requireSecret, secretOf } from "./backupKeys";
import { type Line, makeBucket, policyPart } from "./bucket.make";
import { prove } from "./bucket.proof";
import { UserError } from "./errors";
import { planned } from "./load";
import { type AccessKey, openBucket } from "./s3";

/** A new policy counts everywhere after so long at most. */
const policySeconds = 20;

interface Options {
  /** How the server's policies name the host's key. */
  principal?: string;
  /** … and the key that prunes. */
  prunePrincipal?: string;
  /** A key that may make the bucket. Default: the environment's. */
  operator?: AccessKey;
}

/** Keys that the work needs: one that may make a bucket, and the host's, to prove what it can't do. */
export interface Keys {
  operator: AccessKey;
  host: AccessKey;
}

/** `npm run bucket`: makes or mends the bucket of `backup.target`, then tries it with the host's key. */
export async function bucket(stack: string, options: Options): Promise<void> {
  const topology = planned(stack);
  const { target } = topology.settings.backup;
  if (target.kind !== "s3")
    throw new UserError(
      `Stack ${stack} keeps its backups in no bucket.\n  given:   muster:backup.target.kind: ${target.kind}\n  allowed: s3\n  fix:     set muster:backup.target, or leave it so: no bucket is needed`,
    );
  const operator =
    options.operator ?? keyFromEnvironment("MUSTER_BUCKET", "to make the bucket with", target.accessKeyId);
  requireSecret(topology, "backupS3Secret");
  await openStack(stack);
  const secret = await secretOf(topology, "backupS3Secret");
  const prefix = prefixOf(target, stack);
  const lines = await setUp(target, prefix, { operator, host: { id: target.accessKeyId, secret } }, options);
  console.log(describe(target, prefix, lines));
  if (lines.some(({ state }) => state === "WARNING")) process.exitCode = 1;
}

/** Makes the bucket, then proves what the host's key can and can't do. */
export async function setUp(
  target: Extract<BackupTarget, { kind: "s3" }>,
  prefix: string,
  keys: Keys,
  { principal, prunePrincipal }: Options = {},
): Promise<Line[]> {
  const operator = await openBucket(target, keys.operator);
  const host = await openBucket(target, keys.host);
  const principals = { host: principal, prune: prunePrincipal };
  const made = await makeBucket(operator, { target, prefix, operator: keys.operator.id, principals });
  const run = new Date().toISOString().replace(/\D/g, "");
  const settled = made.every(({ what, state }) => what !== policyPart || state === "ok");
  const patience = settled ? 0 : policySeconds;
  return [
    ...made,
    ...(await prove({ host, operator, prefix, run, patience, pause: () => setTimeout(1000) })),
  ];
}

/** The report. */
export function describe(
  { endpoint, bucket: name, accessKeyId }: Extract<BackupTarget, { kind: "s3" }>,
  prefix: string,
  lines: readonly Line[],
): string {
  const width = Math.max(...lines.map(({ what }) => what.length));
  const rows = lines.flatMap(({ state, what, detail, fix }) => [
    `  ${state.padEnd("by hand".length)}  ${what.padEnd(width)}  ${detail}`,
    ...(fix === undefined ? [] : [`  ${" ".repeat("by hand".length)}  ${" ".repeat(width)}  fix: ${fix}`]),
  ]);
  const warnings = lines.filter(({ state }) => state === "WARNING").length;
  return [
    `Bucket ${name} at ${endpoint}, folder ${prefix}/, host's key ${accessKeyId}`,
    "",
    ...rows,
    "",
    warnings === 0
      ? "The host's key writes and can't destroy."
      : `WARNING: ${warnings} of these must be mended before these backups can be relied on; see above.`,
  ].join("\n");
}
