/** Before a first `up`: where backups, mail and visitors go. */
import { existsSync } from "node:fs";
import { lookup } from "node:dns/promises";
import { isIPv4 } from "node:net";
import { prefixOf, repositoryKeySecret } from "../components/services/backup/repository";
import { isLocalDomain } from "../components/services/tls";
import { listOverSftp, sshFault } from "../components/host/tunnel";
import { mailSeen } from "../doctor/before/mail";
import { recordSeen } from "../doctor/before/names";
import { sshFaultSeen } from "../doctor/before/server";
import {
  bucketSeen,
  folderTargetSeen,
  noBackups,
  protectionSeen,
  repositorySeen,
  sftpFolderSeen,
} from "../doctor/before/storage";
import type { Check } from "../doctor/check";
import { smtpGreeting } from "../probe/net/smtp";
import { clientAddress, recordsIn } from "../stacks/plan";
import type { BackupTarget } from "../stacks/settings/backup";
import { storageOf } from "../stacks/topology/storage";
import { addressOf } from "./access";
import { insteadOf } from "./bucket.providers";
import { folderTarget } from "./doctorBefore.hosts";
import { once, type Outlook } from "./doctorOutlook";
import { openBucket } from "./s3";
import { outputOf } from "./state";

const patienceSeconds = 8;

export const wayChecks = (outlook: Outlook): Check[] => [
  ...backupChecks(outlook),
  ...mailChecks(outlook),
  ...nameChecks(outlook),
];

function backupChecks(outlook: Outlook): Check[] {
  const { target } = outlook.topology.settings.backup;
  switch (target.kind) {
    case "s3":
      return bucketChecks(outlook, target);
    case "sftp":
      return sftpChecks(outlook, target);
    case "folder":
      return folderChecks(outlook, target);
  }
}

/** Whether the stack has a key that may be that of a repository that lies there. */
async function keyKnown({ topology, state }: Outlook): Promise<boolean> {
  if (topology.secrets.has("backupKey")) return true;
  return outputOf(await state(), repositoryKeySecret, "result") !== undefined;
}

const repositoryCheck = {
  id: "backup.repository",
  group: "backups",
  title: "backups that lie there already",
  means: "another key has locked them: no backup can be taken beside them",
  fix: "name another folder",
} as const;

function bucketChecks(outlook: Outlook, target: Extract<BackupTarget, { kind: "s3" }>): Check[] {
  const { topology, secret } = outlook;
  const prefix = prefixOf(target, topology.stack);
  const host = once(async () =>
    openBucket(target, { id: target.accessKeyId, secret: await secret("backupS3Secret") }),
  );
  return [
    {
      id: "backup.target",
      group: "backups",
      title: `bucket ${target.bucket} at ${target.endpoint}`,
      means: noBackups,
      fix: "look at muster:backup.target",
      needs: ["secret.backupS3Secret"],
      run: async () => bucketSeen(target.bucket, await (await host()).look()),
    },
    {
      id: "backup.protection",
      group: "backups",
      title: "versions and lock of the bucket",
      means: "whoever takes the machine can destroy its backups",
      fix: "npm run bucket -- STACK",
      needs: ["backup.target"],
      run: async () => {
        const bucket = await operatorBucket(target, host);
        const [versioning, lock] = [await bucket.versioning(), await bucket.lock()];
        const instead = insteadOf("lock", storageOf(target.endpoint));
        return protectionSeen({ versioning, lock, days: target.lockDays, instead });
      },
    },
    {
      ...repositoryCheck,
      needs: ["backup.target"],
      run: async () =>
        repositorySeen(prefix, await (await host()).get(`${prefix}/config`), await keyKnown(outlook)),
    },
  ];
}

/** With the operator's key where the environment has it, as `npm run bucket` takes it. */
function operatorBucket(
  target: Extract<BackupTarget, { kind: "s3" }>,
  host: () => ReturnType<typeof openBucket>,
): ReturnType<typeof openBucket> {
  const { MUSTER_BUCKET_ACCESS_KEY_ID: id, MUSTER_BUCKET_SECRET_ACCESS_KEY: secret } = process.env;
  return id === undefined || secret === undefined ? host() : openBucket(target, { id, secret });
}

function sftpChecks(outlook: Outlook, target: Extract<BackupTarget, { kind: "sftp" }>): Check[] {
  const { host, port, user, path } = target;
  const listed = once(async () => {
    const key = await outlook.key("backupSshKey");
    return { key, ran: await listOverSftp(target, path, key.file, patienceSeconds) };
  });
  return [
    {
      id: "backup.target",
      group: "backups",
      title: `${path} at ${host}, over SFTP`,
      means: noBackups,
      fix: "look at muster:backup.target",
      needs: ["secret.backupSshKey"],
      run: async () => {
        const { key, ran } = await listed();
        if (ran.code !== 255) return sftpFolderSeen(path, ran.code, ran.stderr);
        return sshFaultSeen(sshFault(ran.stderr), ran.stderr, {
          at: `${user}@${host}, port ${port}`,
          user,
          publicLine: key.publicLine,
          keys: { hostKey: "muster:backup.target.hostKey", address: "muster:backup.target.host" },
        });
      },
    },
    {
      ...repositoryCheck,
      needs: ["backup.target"],
      run: async () => {
        const { stdout } = (await listed()).ran;
        const there = stdout.split("\n").some((line) => line.trim() === `${path}/config`);
        return repositorySeen(
          path,
          there ? { done: true, value: undefined } : { done: false, reason: "absent", words: "" },
          await keyKnown(outlook),
        );
      },
    },
  ];
}

/** Docker makes none where one is missing. Another machine's is looked at over SSH. */
function folderChecks(
  { topology: { settings } }: Outlook,
  { path }: Extract<BackupTarget, { kind: "folder" }>,
): Check[] {
  if (path === undefined || settings.host.provider !== "local") return [];
  return [{ ...folderTarget, run: () => Promise.resolve(folderTargetSeen(path, existsSync(path))) }];
}

function mailChecks({ topology: { settings } }: Outlook): Check[] {
  const { mail, host } = settings;
  if (mail === undefined) return [];
  return [
    {
      id: "mail.server",
      group: "accounts",
      title: `mail server ${mail.host}`,
      means: "no invitation and no new password reaches anybody",
      fix: "look at muster:mail",
      run: async () =>
        mailSeen(
          mail,
          await smtpGreeting({ ...mail, timeoutSeconds: patienceSeconds }),
          host.provider === "local",
        ),
    },
  ];
}

/** Records that people enter themselves. */
function nameChecks({ topology, state }: Outlook): Check[] {
  const { edge, settings } = topology;
  if (edge.zone !== undefined || isLocalDomain(settings.domain)) return [];
  return recordsIn(topology)
    .filter(({ type }) => type === "A")
    .map(({ name }) => ({
      id: `dns.${name}`,
      group: "sites",
      title: `DNS of ${name}`,
      means: "nobody finds the site, and no certificate can be had",
      fix: "npm run plan -- STACK lists all records",
      run: async () => {
        const known = await state();
        const records = recordsIn(
          topology,
          (host) => clientAddress(settings, host) ?? addressOf(known, host),
        );
        const value = records.find((record) => record.name === name && record.type === "A")?.value ?? "";
        return recordSeen(name, await addressesOf(name), isIPv4(value) ? value : undefined);
      },
    }));
}

/** None for a name that isn't there. */
async function addressesOf(name: string): Promise<string[]> {
  try {
    return (await lookup(name, { all: true })).map(({ address }) => address);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTFOUND" || code === "ENODATA") return [];
    throw error;
  }
}
