/** Settings of backups: where to, when, and what is kept. Nothing switches them off. */
import { z } from "zod";
import { absolutePath, domainName, hostKey, port, timeOfDay, userName } from "./fields";

const folder = z.strictObject({
  kind: z.literal("folder").describe("On the host itself: safe from mistakes, but not from losing the host."),
  path: absolutePath
    .optional()
    .describe(
      "Folder of the host, such as a mounted disk; it must be there. Default: a volume of the engine.",
    ),
});
const sftp = z.strictObject({
  kind: z
    .literal("sftp")
    .describe("A folder of another machine, over SSH; its key is `muster:backupSshKey`."),
  host: z.union([domainName, z.ipv4()]).describe("The other machine."),
  port: port.default(22).describe("Port of its SSH server."),
  user: userName.describe("User there."),
  hostKey: hostKey.describe("The other machine's SSH host key, as `ssh-keyscan` prints it without the name."),
  path: absolutePath.describe("Folder there."),
});
const s3 = z.strictObject({
  kind: z
    .literal("s3")
    .describe(
      "A bucket of any S3-compatible storage; the secret part of its key is `muster:backupS3Secret`.",
    ),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .refine((text) => new URL(text).pathname === "/", {
      error: "with a path",
      params: { allowed: "an address without a path, such as https://s3.eu-central-1.amazonaws.com" },
    })
    .describe("Address of the storage, such as https://s3.eu-central-1.amazonaws.com."),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .default("us-east-1")
    .describe("Region, where the storage asks for one."),
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)
    .describe("Name of the bucket; `npm run bucket` makes it."),
  prefix: z
    .string()
    .regex(/^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/)
    .optional()
    .describe("Folder within the bucket. Default: the stack's name."),
  accessKeyId: z.string().min(1).max(128).describe("The host's access key, which writes and can't destroy."),
  lockDays: z
    .int()
    .min(1)
    .max(3650)
    .default(30)
    .describe("Days for which nothing in the bucket can be deleted by anyone; `npm run bucket` sets it."),
});

/** How many snapshots of each kind stay. */
const kept = (most: number) => z.int().min(0).max(most);

export const backupSchema = z
  .strictObject({
    target: z.discriminatedUnion("kind", [folder, sftp, s3]).prefault({ kind: "folder" }),
    at: timeOfDay.default("02:30").describe("Time of the nightly backup, UTC. A missed one is caught up."),
    keep: z
      .strictObject({
        daily: z
          .int()
          .min(1)
          .max(366)
          .default(7)
          .describe("Days of which the last snapshot stays. Of the last seven days, all do."),
        weekly: kept(520).default(5).describe("The same for weeks."),
        monthly: kept(240).default(12).describe("The same for months."),
        yearly: kept(100).default(3).describe("The same for years."),
      })
      .prefault({}),
    checkDays: z
      .int()
      .min(1)
      .max(31)
      .default(7)
      .describe("Days between checks of the repository, which read part of the data back."),
    drillDays: z
      .int()
      .min(1)
      .max(92)
      .default(7)
      .describe("Days between drills, which restore the newest snapshot and compare it; they read it whole."),
  })
  .prefault({});

export type BackupSettings = z.output<typeof backupSchema>;
export type BackupTarget = BackupSettings["target"];
