/** Grafana's dashboards: panels and their queries as data, then as Grafana's JSON. Pure. */
import type { ServiceContext } from "../service";
import { peopleExpressions } from "./people";

interface Query {
  expr: string;
  /** How a series is called, by its labels. */
  legend: string;
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

const query = (expr: string, legend: string): Query => ({ expr, legend });

const overview: Dashboard = {
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
      queries: [query("probe_ssl_earliest_cert_expiry - time()", "{{instance}}")],
    },
    {
      title: "Backups, age",
      kind: "stat",
      unit: "s",
      queries: ["backup", "check", "drill"].map((what) =>
        query(
          `time() - muster_${what}_last_success_timestamp_seconds`,
          { backup: "last backup", check: "last check", drill: "last proven restore" }[what] ?? what,
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
};

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
export const dashboardsOf = (about: About): Dashboard[] => [overview, ...people(about), machine];

/** Name by which Grafana knows Prometheus. */
export const datasource = { uid: "prometheus", type: "prometheus" } as const;

const columns = 24;
const size = { w: 12, h: 8 };

/** As Grafana's file provider takes it. */
export const grafanaDashboard = ({ uid, title, panels }: Dashboard) => ({
  uid,
  title,
  tags: ["muster"],
  timezone: "browser",
  schemaVersion: 39,
  editable: false,
  refresh: "30s",
  time: { from: "now-6h", to: "now" },
  panels: panels.map(({ title: name, kind, unit, queries }, index) => ({
    id: index + 1,
    title: name,
    type: kind === "stat" ? "stat" : "timeseries",
    datasource,
    gridPos: { ...size, x: (index * size.w) % columns, y: Math.floor((index * size.w) / columns) * size.h },
    fieldConfig: { defaults: unit === "state" ? stateField : { unit, min: 0 }, overrides: [] },
    options:
      kind === "stat"
        ? { reduceOptions: { calcs: ["lastNotNull"] }, textMode: "value_and_name", colorMode: "background" }
        : { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } },
    targets: queries.map(({ expr, legend }, at) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + at),
      datasource,
      expr,
      legendFormat: legend,
      ...(kind === "stat" ? { instant: true, range: false } : { instant: false, range: true }),
    })),
  })),
});

/** One is well, nought isn't. */
const stateField = {
  mappings: [
    {
      type: "value",
      options: {
        "0": { text: "down", color: "red", index: 0 },
        "1": { text: "up", color: "green", index: 1 },
      },
    },
  ],
  thresholds: {
    mode: "absolute",
    steps: [
      { color: "red", value: null },
      { color: "green", value: 1 },
    ],
  },
};
