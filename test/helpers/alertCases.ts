/** What makes each alert fire and clear, as series for promtool. */

const [hour, day] = [3600, 86_400];

/** What makes an alert fire and clear: series step by step, as promtool writes them, and when it is to be asked. */
export interface Case {
  /** Minutes between two values. */
  step: number;
  series: Record<string, string>;
  /** Steps after which it has fired, after which it hasn't yet, and after which it has cleared. */
  fires: number;
  notYet?: number;
  clears: number;
  labels: Record<string, string>;
}

export const up = 'up{job="rtcd", service="rtcd"}';
const disk = 'job="node-exporter", device="/dev/vda1", mountpoint="/muster"';
const backupCase = (what: string, goodSeconds: number, step: number): Case => ({
  step,
  // Good at the beginning, then not for so long, then again.
  series: {
    [`muster_${what}_last_success_timestamp_seconds{service="backup"}`]: `0+0x${Math.ceil(goodSeconds / 60 / step) + 6} ${
      (Math.ceil(goodSeconds / 60 / step) + 7) * step * 60
    }+0x10`,
  },
  notYet: Math.floor(goodSeconds / 60 / step),
  fires: Math.ceil(goodSeconds / 60 / step) + 5,
  clears: Math.ceil(goodSeconds / 60 / step) + 9,
  labels: { service: "backup" },
});
const failedCase = (what: string): Case => ({
  step: 10,
  series: {
    [`muster_${what}_last_success_timestamp_seconds{service="backup"}`]: "100+0x10 9000+0x10",
    [`muster_${what}_last_failure_timestamp_seconds{service="backup"}`]: "50+0x2 1800+0x20",
  },
  notYet: 4,
  fires: 9,
  clears: 13,
  labels: { service: "backup" },
});

export const cases: Record<string, Case> = {
  ServiceDown: {
    step: 1,
    series: {
      'muster_container_up{service="postgres"}': "1+0x3 0+0x8 1+0x9",
      'muster_container_up{service="caddy"}': "1+0x20",
    },
    notYet: 5,
    fires: 8,
    clears: 14,
    labels: { service: "postgres" },
  },
  ServiceRestarts: {
    step: 1,
    series: {
      'muster_container_start_time_seconds{service="jitsi-jvb"}': "0+0x3 300 400 500+0x30",
      'muster_container_start_time_seconds{service="caddy"}': "0+0x3 300 400+0x30",
    },
    notYet: 5,
    fires: 8,
    clears: 30,
    labels: { service: "jitsi-jvb" },
  },
  MetricsMissing: {
    step: 1,
    series: { [up]: "1+0x3 0+0x10 1+0x9", 'up{job="caddy", service="caddy"}': "1+0x30" },
    notYet: 7,
    fires: 12,
    clears: 16,
    labels: { job: "rtcd", service: "rtcd" },
  },
  ContainersUnseen: {
    step: 1,
    series: {
      'node_textfile_mtime_seconds{file="/tmp/text/containers.prom"}': "0+0x12 720+60x20",
      'muster_container_up{service="caddy"}': "1+0x40",
    },
    notYet: 5,
    fires: 9,
    clears: 16,
    labels: { file: "/tmp/text/containers.prom" },
  },
  EndpointDown: {
    step: 1,
    series: {
      'probe_success{job="sites", instance="https://chat.example.org", service="mattermost"}':
        "1+0x3 0+0x10 1+0x9",
      'probe_success{job="doors", instance="coturn 3478/tcp", service="coturn"}': "1+0x30",
    },
    notYet: 6,
    fires: 10,
    clears: 16,
    labels: { job: "sites", instance: "https://chat.example.org", service: "mattermost" },
  },
  CertificateEnds: {
    step: 5,
    series: {
      'probe_ssl_earliest_cert_expiry{job="sites", instance="https://chat.example.org"}': `${10 * day + 600}+0x10 ${90 * day}+0x10`,
      'probe_ssl_earliest_cert_expiry{job="doors", instance="coturn 5349/tcp"}': `${6 * day}+0x20`,
    },
    notYet: 4,
    fires: 9,
    clears: 12,
    labels: { job: "sites", instance: "https://chat.example.org" },
  },
  DiskFull: {
    step: 5,
    series: {
      [`node_filesystem_avail_bytes{${disk}}`]: "11+0x3 9+0x6 50+0x9",
      [`node_filesystem_size_bytes{${disk}}`]: "100+0x30",
    },
    notYet: 5,
    fires: 8,
    clears: 12,
    labels: { job: "node-exporter", device: "/dev/vda1" },
  },
  DiskFillsUp: {
    step: 5,
    series: {
      // It is at 25 %, and loses one percent in an hour; then somebody makes it larger.
      [`node_filesystem_avail_bytes{${disk}}`]: "2500-8x60 20000+0x90",
      [`node_filesystem_size_bytes{${disk}}`]: "10000+0x60 40000+0x90",
    },
    notYet: 8,
    fires: 40,
    clears: 80,
    labels: { job: "node-exporter", device: "/dev/vda1" },
  },
  DiskFilesRunOut: {
    step: 5,
    series: {
      [`node_filesystem_files_free{${disk}}`]: "60+0x3 40+0x6 60+0x9",
      [`node_filesystem_files{${disk}}`]: "1000+0x30",
      // A file system without such a number, as btrfs is.
      'node_filesystem_files_free{job="node-exporter", device="/dev/vdb"}': "0+0x30",
      'node_filesystem_files{job="node-exporter", device="/dev/vdb"}': "0+0x30",
    },
    notYet: 5,
    fires: 8,
    clears: 12,
    labels: { job: "node-exporter", device: "/dev/vda1" },
  },
  MachineMemoryShort: {
    step: 5,
    series: {
      'node_memory_MemAvailable_bytes{job="node-exporter"}': "60+0x3 40+0x6 60+0x9",
      'node_memory_MemTotal_bytes{job="node-exporter"}': "1000+0x30",
    },
    notYet: 6,
    fires: 9,
    clears: 12,
    labels: { job: "node-exporter" },
  },
  ServiceMemoryShort: {
    step: 5,
    series: {
      'muster_container_memory_used_bytes{service="caddy"}': "89+0x3 91+0x6 60+0x9",
      'muster_container_memory_limit_bytes{service="caddy"}': "100+0x30",
    },
    notYet: 6,
    fires: 9,
    clears: 12,
    labels: { service: "caddy" },
  },
  OutOfMemory: {
    step: 1,
    series: { 'node_vmstat_oom_kill{job="node-exporter"}': "3+0x3 4+0x40" },
    notYet: 3,
    fires: 6,
    clears: 25,
    labels: { job: "node-exporter" },
  },
  ServiceOutOfMemory: {
    step: 1,
    series: { 'muster_container_oom_kills_total{service="jitsi-jicofo"}': "0+0x3 1+0x40" },
    notYet: 2,
    fires: 6,
    clears: 30,
    labels: { service: "jitsi-jicofo" },
  },
  BackupOld: backupCase("backup", 36 * hour, 10),
  BackupFails: failedCase("backup"),
  RestoreOld: backupCase("drill", 9 * day, 60),
  RestoreFails: failedCase("drill"),
  BackupCheckOld: backupCase("check", 9 * day, 60),
  BackupCheckFails: failedCase("check"),
  DatabaseUnreachable: {
    step: 1,
    series: { 'pg_up{job="postgres-exporter", service="postgres-exporter"}': "1+0x3 0+0x8 1+0x9" },
    notYet: 5,
    fires: 8,
    clears: 14,
    labels: { job: "postgres-exporter", service: "postgres-exporter" },
  },
  DatabaseConnectionsShort: {
    step: 5,
    series: {
      'pg_stat_activity_count{state="active"}': "60+0x3 70+0x6 10+0x9",
      'pg_stat_activity_count{state="idle"}': "40+0x30",
      pg_settings_max_connections: "120+0x30",
    },
    notYet: 5,
    fires: 8,
    clears: 12,
    labels: {},
  },
  CallsCrowded: {
    step: 5,
    series: {
      'rtcd_rtc_sessions_total{groupID="a"}': "6+0x3 7+0x6 2+0x9",
      'rtcd_rtc_sessions_total{groupID="b"}': "4+0x30",
    },
    notYet: 5,
    fires: 8,
    clears: 12,
    labels: {},
  },
  MeetingsCrowded: {
    step: 5,
    series: { jitsi_jvb_local_endpoints: "10+0x3 11+0x6 2+0x9" },
    notYet: 5,
    fires: 8,
    clears: 12,
    labels: {},
  },
};
