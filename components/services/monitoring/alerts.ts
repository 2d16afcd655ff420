/**
 * Every alert: one declaration, with its whole condition in PromQL, so that the same expression is asked by Grafana, by
 * promtool and by tests. Pure.
 */
import type { Settings } from "../../../stacks/settings/schema";
import type { ServiceContext } from "../service";
import { backupHours, certificateSeconds, freeDiskShare, oldestSeconds } from "./limits";
import { crowds } from "./people";

export interface Alert {
  name: string;
  /** Answers with a sample for each thing that is wrong, and with nothing else. */
  expr: string;
  /** How long it must be so. */
  forMinutes: number;
  /** What is wrong; `{{service}}` and the like stand for labels of the sample. */
  summary: string;
  /** What to do. */
  action: string;
}

const services: readonly Alert[] = [
  {
    name: "ServiceDown",
    expr: "muster_container_up == 0",
    forMinutes: 2,
    summary: "{{service}} doesn't run",
    action:
      "Look at its last lines: docker logs muster-STACK-{{service}}. npm run up -- STACK brings back what is gone.",
  },
  {
    name: "ServiceRestarts",
    expr: "changes(muster_container_start_time_seconds[15m]) > 2",
    forMinutes: 0,
    summary: "{{service}} starts again and again",
    action:
      "Look at its last lines: docker logs muster-STACK-{{service}}. A restart by its own health check says why.",
  },
  {
    name: "MetricsMissing",
    expr: "up == 0",
    forMinutes: 5,
    summary: "{{job}} gives no metrics",
    action:
      "If ServiceDown says so as well, go by that. Otherwise ask docker ps for its health; Mattermost's metrics need a licence that has them.",
  },
  {
    name: "ContainersUnseen",
    expr: "time() - node_textfile_mtime_seconds > 180 or absent(muster_container_up)",
    forMinutes: 3,
    summary: "nobody sees any more which containers run",
    action: "Look at the exporter on that host: docker logs muster-STACK-node-exporter.",
  },
];

const endpoints = (settings: Settings): readonly Alert[] => [
  {
    name: "EndpointDown",
    expr: "probe_success == 0",
    forMinutes: 3,
    summary: "{{instance}} doesn't answer",
    action: "npm run doctor -- STACK says from outside what is wrong; then look at {{service}} and at caddy.",
  },
  {
    name: "CertificateEnds",
    expr: Object.entries(certificateSeconds(settings))
      .map(([job, seconds]) => `probe_ssl_earliest_cert_expiry{job="${job}"} - time() < ${seconds}`)
      .join(" or "),
    forMinutes: 15,
    summary: "the certificate of {{instance}} ends soon and wasn't renewed",
    action:
      "Look for the authority's answer: docker logs muster-STACK-caddy, or -certificates for the relay; docs/edge.md says what each needs.",
  },
];

const machine: readonly Alert[] = [
  {
    name: "DiskFull",
    expr: `min by (job, device) (node_filesystem_avail_bytes / node_filesystem_size_bytes) < ${freeDiskShare}`,
    forMinutes: 10,
    summary: "less than a tenth of the disk {{device}} is free",
    action:
      "npm run plan -- STACK says what the data disk should hold; make it larger, or remove old images: docker image prune.",
  },
  {
    name: "DiskFillsUp",
    expr: "min by (job, device) (predict_linear(node_filesystem_avail_bytes[6h], 2 * 86400)) < 0 and min by (job, device) (node_filesystem_avail_bytes / node_filesystem_size_bytes) < 0.3",
    forMinutes: 60,
    summary: "the disk {{device}} will be full within two days, if it goes on so",
    action: "Find out what grows: docker system df -v. Then make the disk larger.",
  },
  {
    name: "DiskFilesRunOut",
    expr: "min by (job, device) (node_filesystem_files_free / (node_filesystem_files > 0)) < 0.05",
    forMinutes: 10,
    summary: "the disk {{device}} has room for few more files",
    action: "Find out who makes so many: df -i on the machine, then docker system df -v.",
  },
  {
    name: "MachineMemoryShort",
    expr: "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 0.05",
    forMinutes: 15,
    summary: "the machine of {{job}} has hardly any memory left",
    action:
      "npm run plan -- STACK says how full it should be; choose a larger machine, or lower muster:people.",
  },
  {
    // A container whose main process was ended so starts anew, and counts from nothing.
    name: "OutOfMemory",
    expr: "increase(node_vmstat_oom_kill[15m]) > 0",
    forMinutes: 0,
    summary: "the kernel of the machine of {{job}} ended a program for want of memory",
    action:
      "Who it was: ServiceOutOfMemory or ServiceRestarts says so, or dmesg on the machine. A limit follows from muster:people.",
  },
  {
    name: "ServiceMemoryShort",
    expr: "muster_container_memory_used_bytes / muster_container_memory_limit_bytes > 0.9",
    forMinutes: 15,
    summary: "{{service}} uses more than nine tenths of its memory",
    action:
      "Its limit follows from muster:people: raise it to who is really there, or report it if it is right already.",
  },
  {
    name: "ServiceOutOfMemory",
    expr: "increase(muster_container_oom_kills_total[15m]) > 0",
    forMinutes: 0,
    summary: "the kernel ended a program within {{service}}, which wanted more memory than its limit",
    action:
      "Its limit follows from muster:people: raise it to who is really there, or report it if it is right already.",
  },
];

const lastFailed = (what: string): string => {
  const [good, failed] = ["success", "failure"].map((end) => `muster_${what}_last_${end}_timestamp_seconds`);
  return `${failed} > ${good} or ${failed} unless ${good}`;
};
/** Where there never was a good one, the time counts from the first use. */
const olderThan = (what: "backup" | "check" | "drill", settings: Settings): string =>
  `time() - (muster_${what}_last_success_timestamp_seconds or muster_backup_first_use_timestamp_seconds) > ${oldestSeconds(settings)[what]}`;

const logs =
  "Look at what it said: docker logs muster-STACK-backup; docs/backups.md says what each message means.";

const backups = (settings: Settings): readonly Alert[] => [
  {
    name: "BackupOld",
    expr: olderThan("backup", settings),
    forMinutes: 10,
    summary: `the last good backup is older than ${backupHours} hours`,
    action: logs,
  },
  {
    name: "BackupFails",
    expr: lastFailed("backup"),
    forMinutes: 30,
    summary: "the last backup failed",
    action: logs,
  },
  {
    name: "RestoreOld",
    expr: olderThan("drill", settings),
    forMinutes: 60,
    summary: "for too long no backup has been proven by a restore",
    action: logs,
  },
  {
    name: "RestoreFails",
    expr: lastFailed("drill"),
    forMinutes: 30,
    summary: "the last trial restore failed: the backups may be of no use",
    action: logs,
  },
  {
    name: "BackupCheckOld",
    expr: olderThan("check", settings),
    forMinutes: 60,
    summary: "the repository of the backups wasn't checked for too long",
    action: logs,
  },
  {
    name: "BackupCheckFails",
    expr: lastFailed("check"),
    forMinutes: 30,
    summary: "the repository of the backups is damaged, or can't be read",
    action: "docs/runbooks/damaged-repository.md",
  },
];

const databaseAlerts: readonly Alert[] = [
  {
    name: "DatabaseUnreachable",
    expr: "pg_up == 0",
    forMinutes: 2,
    summary: "the database lets its exporter not in",
    action: "Look at it: docker logs muster-STACK-postgres.",
  },
  {
    name: "DatabaseConnectionsShort",
    expr: "sum(pg_stat_activity_count) / max(pg_settings_max_connections) > 0.9",
    forMinutes: 10,
    summary: "nine tenths of the database's connections are taken",
    action:
      "Usually queries hang: docker logs muster-STACK-postgres, and Grafana's dashboard Machine and database.",
  },
];

/** All alerts of a stack. */
export const alertsOf = (context: Pick<ServiceContext, "running" | "settings" | "stack">): Alert[] =>
  [
    ...services,
    ...endpoints(context.settings),
    ...machine,
    ...backups(context.settings),
    ...databaseAlerts,
    ...crowds(context),
  ].map((alert) => ({ ...alert, action: alert.action.replaceAll("STACK", context.stack) }));

/** The same for Prometheus itself: for one that you have, and for promtool. */
export const prometheusRules = (alerts: readonly Alert[]) => ({
  groups: [
    {
      name: "muster",
      rules: alerts.map(({ name, expr, forMinutes, summary, action }) => ({
        alert: name,
        expr,
        for: `${forMinutes}m`,
        annotations: { summary: templated(summary, "$labels."), action: templated(action, "$labels.") },
      })),
    },
  ],
});

/** A text with labels in the form that a program's templates know. */
export const templated = (text: string, prefix: string): string =>
  text.replace(/\{\{(\w+)\}\}/g, (_, label: string) => `{{ ${prefix}${label} }}`);
