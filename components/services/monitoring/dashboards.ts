/** The dashboards: panels and their queries as data. Pure. */
import type { Settings } from "../../../stacks/settings/schema";
import { relaysOverTls } from "../coturn.tls";
import type { ServiceContext } from "../service";
import { certificateSeconds, freeDiskShare, oldestSeconds } from "./limits";
import { peopleExpressions } from "./people";

export interface Query {
  expr: string;
  /** How a series is called, by its labels. */
  legend: string;
  /** From where on a number is red. */
  wrong?: { below: number } | { above: number };
}
export interface Panel {
  title: string;
  /** A number for each series, or its course. */
  kind: "stat" | "course";
  unit: "none" | "bytes" | "percentunit" | "s" | "reqps" | "Bps" | "state";
  queries: readonly Query[];
}
export interface Dashboard {
  uid: string;
  title: string;
  panels: readonly Panel[];
}

type About = Pick<ServiceContext, "running" | "settings">;

const query = (expr: string, legend: string, wrong?: Query["wrong"]): Query => ({
  expr,
  legend,
  ...(wrong === undefined ? {} : { wrong }),
});

/** Of sites, and of the relay where it has one. */
const certificates = (settings: Settings): Query[] =>
  Object.entries(certificateSeconds(settings))
    .filter(([job]) => job === "sites" || relaysOverTls(settings))
    .map(([job, below]) =>
      query(`probe_ssl_earliest_cert_expiry{job="${job}"} - time()`, "{{instance}}", { below }),
    );

const overview = (settings: Settings): Dashboard => ({
  uid: "muster-overview",
  title: "Overview",
  panels: [
    {
      title: "Services that run",
      kind: "stat",
      unit: "state",
      queries: [query("muster_container_up", "{{service}}")],
    },
    {
      title: "Sites and doors",
      kind: "stat",
      unit: "state",
      queries: [query("probe_success", "{{instance}}")],
    },
    {
      title: "Certificates end in",
      kind: "stat",
      unit: "s",
      queries: certificates(settings),
    },
    {
      title: "Backups, age",
      kind: "stat",
      unit: "s",
      queries: (["backup", "check", "drill"] as const).map((what) =>
        query(
          `time() - muster_${what}_last_success_timestamp_seconds`,
          { backup: "last backup", check: "last check", drill: "last proven restore" }[what],
          { above: oldestSeconds(settings)[what] },
        ),
      ),
    },
    {
      title: "Memory against limit",
      kind: "course",
      unit: "percentunit",
      queries: [
        query("muster_container_memory_used_bytes / muster_container_memory_limit_bytes", "{{service}}"),
      ],
    },
    {
      title: "Time until a site answers",
      kind: "course",
      unit: "s",
      queries: [query('probe_duration_seconds{job="sites"}', "{{instance}}")],
    },
  ],
});

function people(about: About): Dashboard[] {
  const { calls, meetings } = peopleExpressions(about);
  const course = (title: string, expr: string | undefined, most: number): Panel[] =>
    expr === undefined
      ? []
      : [
          {
            title,
            kind: "course",
            unit: "none",
            queries: [query(`${expr} or vector(0)`, "people"), query(`vector(${most})`, "sized for")],
          },
        ];
  const { inCalls, inMeetings } = about.settings.people;
  const panels = [
    ...course("People in calls", calls, inCalls),
    ...course("People in meetings", meetings, inMeetings),
    ...(meetings === undefined
      ? []
      : [
          {
            title: "Meetings",
            kind: "course" as const,
            unit: "none" as const,
            queries: [query("sum(jitsi_jvb_conferences)", "meetings")],
          },
        ]),
  ];
  return panels.length === 0 ? [] : [{ uid: "muster-people", title: "Calls and meetings", panels }];
}

const machine: Dashboard = {
  uid: "muster-machine",
  title: "Machine and database",
  panels: [
    {
      title: "Processors in use",
      kind: "course",
      unit: "percentunit",
      queries: [query('1 - avg by (job) (rate(node_cpu_seconds_total{mode="idle"}[5m]))', "{{job}}")],
    },
    {
      title: "Processors by service",
      kind: "course",
      unit: "none",
      queries: [query("rate(muster_container_cpu_microseconds_total[5m]) / 1e6", "{{service}}")],
    },
    {
      title: "Memory left",
      kind: "course",
      unit: "bytes",
      queries: [query("node_memory_MemAvailable_bytes", "{{job}}")],
    },
    {
      title: "Memory by service",
      kind: "course",
      unit: "bytes",
      queries: [query("muster_container_memory_used_bytes", "{{service}}")],
    },
    {
      title: "Disks, free",
      kind: "stat",
      unit: "percentunit",
      queries: [
        query(
          "min by (job, device) (node_filesystem_avail_bytes / node_filesystem_size_bytes)",
          "{{job}} {{device}}",
          { below: freeDiskShare },
        ),
      ],
    },
    {
      title: "Requests to the sites",
      kind: "course",
      unit: "reqps",
      queries: [query("sum by (code) (rate(caddy_http_request_duration_seconds_count[5m]))", "{{code}}")],
    },
    {
      title: "Database, connections",
      kind: "course",
      unit: "none",
      queries: [
        query("sum(pg_stat_activity_count)", "in use"),
        query("max(pg_settings_max_connections)", "at most"),
      ],
    },
    {
      title: "Database, size",
      kind: "course",
      unit: "bytes",
      queries: [query("pg_database_size_bytes", "{{datname}}")],
    },
  ],
};

/** All dashboards of a stack. */
export const dashboardsOf = (about: About): Dashboard[] => [
  overview(about.settings),
  ...people(about),
  machine,
];
