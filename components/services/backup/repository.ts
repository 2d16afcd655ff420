/** What restic must be told to reach a stack's repository and to keep what the settings say. Pure. */
import type { BackupSettings, BackupTarget } from "../../../stacks/settings/backup";
import type { SecretSetting } from "../../../stacks/settings/secrets";
import { physicalPrefix } from "../../platform/names";

/** Where a container that runs restic finds what the repository needs. */
export interface RepositoryPaths {
  /** Of a folder target. */
  folder: string;
  /** Static binary, for SFTP. */
  rclone: string;
  sshKey: string;
  knownHosts: string;
}

export const repositoryPaths: RepositoryPaths = {
  folder: "/repository",
  rclone: "/muster/rclone",
  sshKey: "/muster/ssh-key",
  knownHosts: "/muster/known-hosts",
};

/** A repository, as restic takes it. */
export interface Repository {
  /** For `RESTIC_REPOSITORY` or `-r`. */
  address: string;
  /** Environment without secrets. */
  environment: Readonly<Record<string, string>>;
  /** Environment whose values are secret settings: only ever given to the process, not to the container. */
  secretEnvironment: Readonly<Record<string, SecretSetting>>;
  /** Arguments of every restic command. */
  options: readonly string[];
}

/** Tag of every snapshot. */
export const snapshotTag = "muster";

/** Host name under which a stack's snapshots stand, whichever container takes them. */
export const snapshotHost = physicalPrefix;

/** Folder of the stack's repository within the bucket. */
export const prefixOf = ({ prefix }: Extract<BackupTarget, { kind: "s3" }>, stack: string): string =>
  prefix ?? stack;

/** The repository of a stack. */
export function repositoryOf(target: BackupTarget, stack: string, paths = repositoryPaths): Repository {
  switch (target.kind) {
    case "folder":
      return { address: paths.folder, environment: {}, secretEnvironment: {}, options: [] };
    case "sftp":
      return sftpRepository(target, paths);
    case "s3":
      return {
        address: `s3:${new URL(target.endpoint).origin}/${target.bucket}/${prefixOf(target, stack)}`,
        environment: { AWS_DEFAULT_REGION: target.region, AWS_ACCESS_KEY_ID: target.accessKeyId },
        secretEnvironment: { AWS_SECRET_ACCESS_KEY: "backupS3Secret" },
        options: [],
      };
  }
}

/** Where it is, for people; no secret is in it. */
export function describeRepository(target: BackupTarget, stack: string): string {
  switch (target.kind) {
    case "folder":
      return target.path ?? `docker:${physicalPrefix(stack)}-backup-repository`;
    case "sftp":
      return `sftp://${target.user}@${target.host}:${target.port}${target.path}`;
    case "s3":
      return repositoryOf(target, stack).address;
  }
}

/** Through rclone: restic's own SFTP needs an `ssh` program, which the container doesn't have. */
function sftpRepository(target: Extract<BackupTarget, { kind: "sftp" }>, paths: RepositoryPaths): Repository {
  const remote = {
    TYPE: "sftp",
    HOST: target.host,
    PORT: String(target.port),
    USER: target.user,
    KEY_FILE: paths.sshKey,
    KNOWN_HOSTS_FILE: paths.knownHosts,
    // Else the server may show a key of another kind than the one that is known, and be refused.
    HOST_KEY_ALGORITHMS: algorithmsOf(target.hostKey),
    // Without it, rclone tries to run commands on the other machine.
    SHELL_TYPE: "none",
  };
  return {
    address: `rclone:target:${target.path}`,
    environment: {
      // All it needs stands here; it would complain that its file is missing.
      RCLONE_CONFIG: "/dev/null",
      ...Object.fromEntries(
        Object.entries(remote).map(([name, value]) => [`RCLONE_CONFIG_TARGET_${name}`, value]),
      ),
    },
    secretEnvironment: {},
    options: ["-o", `rclone.program=${paths.rclone}`],
  };
}

/** The signatures that a host key of this kind can make. */
function algorithmsOf(hostKey: string): string {
  const [kind = ""] = hostKey.split(" ");
  return kind === "ssh-rsa" ? "rsa-sha2-512 rsa-sha2-256" : kind;
}

/** The line by which the other machine is known. */
export function knownHostsLine({ host, port, hostKey }: Extract<BackupTarget, { kind: "sftp" }>): string {
  const [kind, key] = hostKey.split(" ");
  return `${port === 22 ? host : `[${host}]:${port}`} ${kind} ${key}\n`;
}

/**
 * Flags for `restic forget`: what stays. A count of 0 keeps none, which restic says by leaving it out. A day's last
 * backup alone would leave none of those from before a restore or an upgrade: all of a week's stay.
 */
export const keepFlags = (keep: BackupSettings["keep"]): string[] => [
  ...["--keep-within", "7d"],
  ...(["daily", "weekly", "monthly", "yearly"] as const).flatMap((period) =>
    keep[period] > 0 ? [`--keep-${period}`, String(keep[period])] : [],
  ),
];

/** `restic forget` of what the settings don't keep, with everything that only those snapshots used. */
export const forgetCommand = (stack: string, keep: BackupSettings["keep"]): string[] => [
  "forget",
  ...["--host", snapshotHost(stack), "--tag", snapshotTag],
  // All of a stack's snapshots are one series, whatever they hold.
  ...["--group-by", "host"],
  ...keepFlags(keep),
  "--prune",
];

/** Name of the generated secret that is the repository's key where the settings have none. */
export const repositoryKeySecret = "backup-key";
