import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../../stacks/settings/schema";
import type { ImageName } from "../images";
import { database } from "../postgres";
import { filesPath, type Service, type ServiceContext, type ServiceFile } from "../service";
import { secret, text } from "../text";
import { knownHostsLine, repositoryOf } from "./repository";
import { metricsPort, settingsFile } from "./settingsFile";
import { mibPerGiB, model } from "../model";

const size = model.backup;

/** Where it writes down what its last runs came to. */
export const statusPath = "/status";

const scripts = ["lib", "schedule", "backup", "check", "drill", "guard", "restore", "import", "metrics"];

/** Backups: a schedule, restic, and PostgreSQL's own tools in the version of the server. */
export const backup: Service = {
  name: "backup",
  title: "Backup",
  image: ({ postgres: { major } }) => `postgres-${major}` as ImageName,
  user: { uid: 0, gid: 0 },
  when: () => true,
  role: "app",
  needs: ({ accounts, historyMonths }, settings) => ({
    memoryMiB: size.memoryBase + size.memoryPerAccount * accounts,
    cpus: size.cpusBase,
    diskGiB:
      size.diskBase +
      ((size.diskPerAccount + (ownFolder(settings) ? size.repositoryPerAccount : 0)) *
        accounts *
        historyMonths) /
        mibPerGiB,
  }),
  ports: () => [
    {
      name: "metrics",
      number: metricsPort,
      protocol: "tcp",
      exposure: "internal",
      consumers: [],
      metrics: ["/metrics.txt"],
      why: "age and size of the last backup and of the last proven restore, for monitoring",
    },
  ],
  volumes: (settings) => [
    { name: "status", path: statusPath, backup: "none", why: "what the last backups came to", kept: true },
    { name: "staging", path: "/staging", backup: "none", why: "the dump on its way into the repository" },
    { name: "scratch", path: "/scratch", backup: "none", why: "databases that are restored to be compared" },
    { name: "cache", path: "/cache", backup: "none", why: "restic's index, which the repository has too" },
    ...repositoryVolume(settings),
  ],
  generates: { "backup-key": 40 },
  container: (context) => ({
    environment: {},
    files: [...scriptFiles, settingsFile(context), ...secretFiles(context)],
    entrypoint: ["sh"],
    command: [`${filesPath}/schedule.sh`],
  }),
  shell: true,
  tools: ({ backup: { target } }) => [
    { image: "restic", path: "/usr/bin/restic" },
    ...(target.kind === "sftp" ? [{ image: "rclone", path: "/usr/local/bin/rclone" } as const] : []),
  ],
  seesBackedUp: true,
  sandbox: {
    capabilities: {
      value: ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_SETGID", "CAP_SETUID"],
      reason:
        "reads every service's files, whoever owns them, and runs the drill's server as a user; other services' volumes are read-only here",
    },
    egress: { value: true, reason: "reaches repositories on other machines" },
    temporary: { value: { "/tmp": 32 }, reason: "restic's messages" },
  },
  health: {
    command: [
      `${filesPath}/busybox`,
      "sh",
      "-c",
      `[ -n "$(${filesPath}/busybox find /tmp/alive -mmin -3)" ]`,
    ],
    intervalSeconds: 2,
    timeoutSeconds: 5,
    retries: 5,
    startSeconds: 60,
  },
  startsAfter: ["postgres"],
  // A backup that is stopped half-way has changed nothing.
  stopGraceSeconds: 10,
  jobs: [],
};

const scriptFiles = scripts.map((name): ServiceFile => {
  return { name: `${name}.sh`, content: text`${readFileSync(join(__dirname, `${name}.sh`), "utf8")}` };
});

const ownFolder = ({ backup: { target } }: Settings): boolean =>
  target.kind === "folder" && target.path === undefined;

function repositoryVolume({ backup: { target } }: Settings): ReturnType<Service["volumes"]> {
  if (target.kind !== "folder") return [];
  return [
    {
      name: "repository",
      path: "/repository",
      backup: "none",
      why: "the backups themselves",
      kept: true,
      ...(target.path === undefined ? {} : { folder: target.path }),
    },
  ];
}

function secretFiles({ stack, settings, secrets }: ServiceContext): ServiceFile[] {
  const { target } = settings.backup;
  return [
    { name: "pgpass", content: text`*:*:*:${database.user}:${secret("database-password")}\n` },
    {
      name: "repository-key",
      content: text`${secret(secrets.has("backupKey") ? "backupKey" : "backup-key")}`,
    },
    ...Object.values(repositoryOf(target, stack).secretEnvironment).map((name) => ({
      name,
      content: text`${secret(name)}`,
    })),
    ...(target.kind === "sftp"
      ? [
          { name: "ssh-key", content: text`${secret("backupSshKey")}\n` },
          { name: "known-hosts", content: text`${knownHostsLine(target)}` },
        ]
      : []),
  ];
}
