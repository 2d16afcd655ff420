import {
  forgetCommand,
  keepFlags,
  knownHostsLine,
  repositoryOf,
} from "../../components/services/backup/repository";
import type { BackupTarget } from "../../stacks/settings/backup";
import { localTopology } from "../helpers/stacks";

const targetOf = (target: Record<string, unknown>): BackupTarget =>
  localTopology({ backup: { target } }).settings.backup.target;
const s3 = (change: Record<string, unknown> = {}): BackupTarget =>
  targetOf({
    kind: "s3",
    endpoint: "https://s3.eu-central-1.amazonaws.com",
    region: "eu-central-1",
    bucket: "team-backups",
    accessKeyId: "AKIAHOST",
    ...change,
  });
const sftp = (change: Record<string, unknown> = {}) =>
  targetOf({
    kind: "sftp",
    host: "backups.example.org",
    user: "muster",
    hostKey: "ssh-ed25519 AAAAC3Nza",
    path: "/srv/backups",
    ...change,
  }) as Extract<BackupTarget, { kind: "sftp" }>;

describe("a repository", () => {
  it("in a folder is where the container sees it", () => {
    expect(repositoryOf(targetOf({ kind: "folder", path: "/mnt/disk" }), "prod")).toEqual({
      address: "/repository",
      environment: {},
      secretEnvironment: {},
      options: [],
    });
  });

  it("in a bucket lies in the stack's folder", () => {
    expect(repositoryOf(s3(), "prod")).toEqual({
      address: "s3:https://s3.eu-central-1.amazonaws.com/team-backups/prod",
      environment: { AWS_DEFAULT_REGION: "eu-central-1", AWS_ACCESS_KEY_ID: "AKIAHOST" },
      secretEnvironment: { AWS_SECRET_ACCESS_KEY: "backupS3Secret" },
      options: [],
    });
  });

  it.each([
    [
      "a folder of its own",
      { prefix: "chat/prod" },
      "https://s3.eu-central-1.amazonaws.com/team-backups/chat/prod",
    ],
    ["a port", { endpoint: "http://10.0.0.5:9000/" }, "http://10.0.0.5:9000/team-backups/prod"],
  ])("in a bucket with %s", (_, change, address) => {
    expect(repositoryOf(s3(change), "prod").address).toBe(`s3:${address}`);
  });

  it("on another machine goes through rclone, with a pinned key and no command run there", () => {
    expect(repositoryOf(sftp({ port: 2222 }), "prod")).toEqual({
      address: "rclone:target:/srv/backups",
      environment: {
        RCLONE_CONFIG: "/dev/null",
        RCLONE_CONFIG_TARGET_TYPE: "sftp",
        RCLONE_CONFIG_TARGET_HOST: "backups.example.org",
        RCLONE_CONFIG_TARGET_PORT: "2222",
        RCLONE_CONFIG_TARGET_USER: "muster",
        RCLONE_CONFIG_TARGET_KEY_FILE: "/muster/ssh-key",
        RCLONE_CONFIG_TARGET_KNOWN_HOSTS_FILE: "/muster/known-hosts",
        RCLONE_CONFIG_TARGET_HOST_KEY_ALGORITHMS: "ssh-ed25519",
        RCLONE_CONFIG_TARGET_SHELL_TYPE: "none",
      },
      secretEnvironment: {},
      options: ["-o", "rclone.program=/muster/rclone"],
    });
  });

  it("asks an RSA key for the signatures that servers still give", () => {
    const { environment } = repositoryOf(sftp({ hostKey: "ssh-rsa AAAAB3Nza" }), "prod");
    expect(environment["RCLONE_CONFIG_TARGET_HOST_KEY_ALGORITHMS"]).toBe("rsa-sha2-512 rsa-sha2-256");
  });

  it.each([
    [22, "backups.example.org ssh-ed25519 AAAAC3Nza\n"],
    [2222, "[backups.example.org]:2222 ssh-ed25519 AAAAC3Nza\n"],
  ])("knows the other machine at port %d", (port, line) => {
    expect(knownHostsLine(sftp({ port }))).toBe(line);
  });

  it("knows it without the comment that a key may have", () => {
    expect(knownHostsLine(sftp({ hostKey: "ssh-ed25519 AAAAC3Nza root@there" }))).toBe(
      "backups.example.org ssh-ed25519 AAAAC3Nza\n",
    );
  });
});

describe("what stays", () => {
  it("is all of a week, and then counted by day, week, month and year", () => {
    expect(keepFlags({ daily: 7, weekly: 5, monthly: 12, yearly: 3 }).join(" ")).toBe(
      "--keep-within 7d --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --keep-yearly 3",
    );
  });

  it("leaves out what isn't kept: restic refuses a count of 0 alone", () => {
    expect(keepFlags({ daily: 1, weekly: 0, monthly: 0, yearly: 2 }).join(" ")).toBe(
      "--keep-within 7d --keep-daily 1 --keep-yearly 2",
    );
  });

  it("is asked of this stack's snapshots alone", () => {
    expect(forgetCommand("prod", { daily: 7, weekly: 0, monthly: 0, yearly: 0 }).join(" ")).toBe(
      "forget --host muster-prod --tag muster --group-by host --keep-within 7d --keep-daily 7 --prune",
    );
  });
});
