import { type Alert, alertsOf, prometheusRules } from "../../components/services/monitoring/alerts";
import { dashboardsOf, grafanaDashboard } from "../../components/services/monitoring/dashboards";
import type { ServiceContext } from "../../components/services/service";
import type { Topology } from "../../stacks/topology";
import { jsonOf, fileOf, planOf } from "../helpers/monitored";
import { hasPromtool, promtool } from "../helpers/promtool";
import { localTopology } from "../helpers/stacks";

const everything = {
  domain: "example.org",
  monitoring: { kind: "stack" },
  meetings: "jitsi",
  calls: "rtcd",
  edition: "enterprise",
  turn: "tls",
  edge: { provider: "none", dns: { provider: "hetzner", tokenVariable: "HETZNER_API_TOKEN" } },
};
const embedded = { ...everything, calls: "embedded" };
const full = localTopology(everything, ["licence", "dnsToken"]);
const about = ({
  stack,
  settings,
  services,
}: Topology): Pick<ServiceContext, "running" | "settings" | "stack"> => ({
  stack,
  settings,
  running: services.map(({ service, image, volumes }) => ({ service, image: image.reference, volumes })),
});
const alerts = alertsOf(about(full));

const [hour, day] = [3600, 86_400];

/** What makes an alert fire and clear: series step by step, as promtool writes them, and when it is to be asked. */
interface Case {
  /** Minutes between two values. */
  step: number;
  series: Record<string, string>;
  /** Steps after which it has fired, after which it hasn't yet, and after which it has cleared. */
  fires: number;
  notYet?: number;
  clears: number;
  labels: Record<string, string>;
}

const up = 'up{job="rtcd", service="rtcd"}';
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

const cases: Record<string, Case> = {
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
      'muster_container_memory_working_set_bytes{service="caddy"}': "89+0x3 91+0x6 60+0x9",
      'muster_container_memory_limit_bytes{service="caddy"}': "100+0x30",
    },
    notYet: 6,
    fires: 9,
    clears: 12,
    labels: { service: "caddy" },
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
    series: { jitsi_jvb_participants: "10+0x3 11+0x6 2+0x9" },
    notYet: 5,
    fires: 8,
    clears: 12,
    labels: {},
  },
};

const filled = (text: string, labels: Record<string, string>): string =>
  text.replace(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? "");

/** promtool's own file for one alert. */
function unitTest({ name, summary, action }: Alert, { step, series, labels, ...at }: Case): unknown {
  const firing = [
    {
      exp_labels: labels,
      exp_annotations: { summary: filled(summary, labels), action: filled(action, labels) },
    },
  ];
  const asked: [number | undefined, unknown[]][] = [
    [at.notYet, []],
    [at.fires, firing],
    [at.clears, []],
  ];
  return {
    rule_files: ["rules.yml"],
    evaluation_interval: `${step}m`,
    tests: [
      {
        interval: `${step}m`,
        input_series: Object.entries(series).map(([metric, values]) => ({ series: metric, values })),
        alert_rule_test: asked.flatMap(([steps, expected]) =>
          steps === undefined
            ? []
            : [{ eval_time: `${steps * step}m`, alertname: name, exp_alerts: expected }],
        ),
      },
    ],
  };
}

const withPromtool = hasPromtool ? describe : describe.skip;

describe("alerts", () => {
  it("have names and texts of their own, a case here, and labels that their samples have", () => {
    expect(new Set(alerts.map(({ name }) => name)).size).toBe(alerts.length);
    expect(Object.keys(cases).sort()).toEqual(alerts.map(({ name }) => name).sort());
    for (const { name, summary, action } of alerts) {
      expect(name).toMatch(/^([A-Z][a-z]+)+$/);
      expect(action).not.toContain("STACK");
      // Grafana would take it for a variable.
      expect(summary + action).not.toContain("$");
      const labels = Object.keys(cases[name]?.labels ?? {});
      for (const [, label = ""] of `${summary}${name === "ContainersUnseen" ? "" : action}`.matchAll(
        /\{\{(\w+)\}\}/g,
      ))
        expect([name, labels]).toEqual([name, expect.arrayContaining([label])]);
    }
  });

  it("count people where they are counted", () => {
    const crowds = (change: Record<string, unknown>, secrets: string[]): string[] =>
      alertsOf(about(localTopology(change, secrets)))
        .filter(({ name }) => name.endsWith("Crowded"))
        .map(({ expr }) => expr);
    expect(crowds(everything, ["licence", "dnsToken"])).toEqual([
      "sum(rtcd_rtc_sessions_total) > 10",
      "sum(jitsi_jvb_participants) > 10",
    ]);
    expect(crowds(embedded, ["dnsToken"])).toEqual([
      "sum(mattermost_plugin_calls_rtc_sessions_total) > 10",
      "sum(jitsi_jvb_participants) > 10",
    ]);
    // The Team Edition counts nobody.
    expect(crowds({ monitoring: { kind: "stack" }, calls: "embedded" }, [])).toEqual([]);
  });

  it.each([
    ["internal", { domain: "localhost" }, hour],
    ["acme", {}, 10 * day],
    [
      "origin",
      { domain: "example.org", edge: { provider: "cloudflare", zone: "example.org" }, turn: "off" },
      14 * day,
    ],
  ])("know how long a certificate holds: %s", (_, change, seconds) => {
    const { expr = "" } =
      alertsOf(about(localTopology({ ...everything, turn: "on", ...change }))).find(
        ({ name }) => name === "CertificateEnds",
      ) ?? {};
    expect(expr).toContain(`{job="sites"} - time() < ${seconds} or`);
  });

  it("go by the days between drills and checks", () => {
    const topology = localTopology({
      monitoring: { kind: "stack" },
      backup: { drillDays: 30, checkDays: 3 },
    });
    const exprs = alertsOf(about(topology)).map(({ expr }) => expr);
    expect(exprs).toContain(`time() - muster_drill_last_success_timestamp_seconds > ${32 * day}`);
    expect(exprs).toContain(`time() - muster_check_last_success_timestamp_seconds > ${5 * day}`);
  });
});

withPromtool("promtool", () => {
  const rules = { "rules.yml": prometheusRules(alerts) };

  it.each([
    ["everything", full],
    ["embedded calls", localTopology(embedded, ["dnsToken"])],
    ["the least", localTopology({ monitoring: { kind: "stack" } })],
  ])("takes Prometheus' configuration: %s", (_, topology) => {
    const configuration = fileOf(topology, "prometheus", "prometheus.yml").replace(
      /<(\w+) (\w+)>/g,
      "192.0.2.1",
    );
    expect(promtool(["check", "config", "prometheus.yml"], { "prometheus.yml": configuration })).toContain(
      "is valid prometheus config file",
    );
  });

  it("takes the rules", () => {
    expect(promtool(["check", "rules", "rules.yml"], rules)).toContain(`${alerts.length} rules found`);
  });

  it.each(alerts.map((alert) => [alert.name, alert] as const))("sees %s fire and clear", (name, alert) => {
    const found = cases[name];
    if (found === undefined) throw new Error(`no case for ${name}`);
    promtool(["test", "rules", "test.yml"], { ...rules, "test.yml": unitTest(alert, found) });
  });

  it("sees an alert where no container is counted at all, and a failed backup where none was ever good", () => {
    const never: Record<string, Case> = {
      ContainersUnseen: { step: 1, series: { [up]: "1+0x20" }, fires: 5, clears: 0, labels: {} },
      BackupFails: {
        step: 10,
        series: { 'muster_backup_last_failure_timestamp_seconds{service="backup"}': "50+0x20" },
        fires: 9,
        clears: 0,
        labels: { service: "backup" },
      },
    };
    for (const [name, found] of Object.entries(never)) {
      const alert = alerts.find((other) => other.name === name);
      if (alert === undefined) throw new Error(`no alert ${name}`);
      promtool(["test", "rules", "test.yml"], { ...rules, "test.yml": unitTest(alert, found) });
    }
  });

  it("takes every query of every dashboard, and every alert as Grafana asks it", () => {
    const queries = dashboardsOf(about(full)).flatMap(({ panels }) =>
      panels.flatMap((panel) => panel.queries),
    );
    const asked = [...queries.map(({ expr }) => expr), ...alerts.map(({ expr }) => `(${expr}) ^ 0`)];
    const recorded = asked.map((expr, index) => ({ record: `query:${index}`, expr }));
    expect(
      promtool(["check", "rules", "queries.yml"], {
        "queries.yml": { groups: [{ name: "queries", rules: recorded }] },
      }),
    ).toContain(`${asked.length} rules found`);
  });

  it("sees one for each thing that is wrong, whatever its value: what Grafana's threshold is asked for", () => {
    const series = [
      { series: 'muster_container_up{service="a"}', values: "0" },
      { series: 'muster_container_up{service="b"}', values: "1" },
      { series: 'last{service="c"}', values: "7" },
    ];
    const is = (expr: string, labels: string) => ({
      expr,
      eval_time: "0m",
      exp_samples: [{ labels, value: 1 }],
    });
    promtool(["test", "rules", "test.yml"], {
      "test.yml": {
        evaluation_interval: "1m",
        tests: [
          {
            interval: "1m",
            input_series: series,
            promql_expr_test: [
              is("(muster_container_up == 0) ^ 0", '{service="a"}'),
              is("(last > 5) ^ 0", '{service="c"}'),
              { expr: "(last > 8) ^ 0", eval_time: "0m", exp_samples: [] },
            ],
          },
        ],
      },
    });
  });
});

interface Rule {
  uid: string;
  title: string;
  for: string;
  noDataState: string;
  execErrState: string;
  condition: string;
  annotations: Record<string, string>;
  data: { refId: string; datasourceUid: string; model: Record<string, unknown> }[];
}
interface Alerting {
  contactPoints?: { name: string; receivers: { type: string; settings: Record<string, unknown> }[] }[];
  policies?: { receiver: string }[];
  groups: { rules: Rule[] }[];
}
const alerting = (change: Record<string, unknown>, secrets: string[] = []): Alerting =>
  jsonOf<Alerting>(localTopology(change, secrets), "grafana", "alerting.yaml");

describe("Grafana's alerts", () => {
  it("are the same ones: their condition is PromQL's, and a Prometheus that doesn't answer is an alert", () => {
    const rules = jsonOf<Alerting>(full, "grafana", "alerting.yaml").groups.flatMap((group) => group.rules);
    expect(rules.map(({ title }) => title)).toEqual(alerts.map(({ name }) => name));
    expect(new Set(rules.map(({ uid }) => uid)).size).toBe(rules.length);
    rules.forEach((rule, index) => {
      const { expr, forMinutes } = alerts[index] ?? { expr: "", forMinutes: -1 };
      expect(rule.uid).toMatch(/^[a-z-]{1,40}$/);
      expect([rule.for, rule.noDataState, rule.execErrState, rule.condition]).toEqual([
        `${forMinutes}m`,
        "OK",
        "Error",
        "C",
      ]);
      expect(rule.data.map(({ refId, datasourceUid }) => [refId, datasourceUid])).toEqual([
        ["A", "prometheus"],
        ["C", "__expr__"],
      ]);
      expect(rule.data[0]?.model).toMatchObject({ expr: `(${expr}) ^ 0`, instant: true });
      expect(rule.data[1]?.model).toMatchObject({
        type: "threshold",
        expression: "A",
        conditions: [{ evaluator: { type: "gt", params: [0] } }],
      });
      expect(JSON.stringify(rule)).not.toContain("$");
    });
    expect(rules[0]?.annotations["summary"]).toBe("{{ .Labels.service }} doesn't run");
  });

  it("go out by mail, over the chat's mail server", () => {
    const mail = { host: "smtp.example.org", username: "muster", from: "chat@example.org" };
    const change = { monitoring: { kind: "stack", alerts: "mail", alertsTo: "ops@example.org" }, mail };
    const { contactPoints, policies } = alerting(change, ["mailPassword"]);
    expect(contactPoints?.flatMap(({ receivers }) => receivers)).toEqual([
      { uid: "muster-mail", type: "email", settings: { addresses: "ops@example.org", singleEmail: true } },
    ]);
    expect(policies?.map(({ receiver }) => receiver)).toEqual(contactPoints?.map(({ name }) => name));
    const topology = localTopology(change, ["mailPassword"]);
    const ini = fileOf(topology, "grafana", "grafana.ini");
    expect(ini).toContain("[smtp]\nenabled = true\nhost = `smtp.example.org:587`\nuser = `muster`");
    expect(ini).toContain("password = $__file{/muster/mail-password}");
    expect(ini).toContain("startTLS_policy = MandatoryStartTLS");
    expect(fileOf(topology, "grafana", "mail-password")).toBe("<secret mailPassword>");
  });

  it("go into a chat by its webhook, which is a secret", () => {
    const change = { monitoring: { kind: "stack", alerts: "webhook" } };
    const { contactPoints } = alerting(change, ["alertWebhook"]);
    expect(contactPoints?.flatMap(({ receivers }) => receivers)).toEqual([
      { uid: "muster-chat", type: "slack", settings: { url: "<secret alertWebhook>" } },
    ]);
    expect(fileOf(localTopology(change, ["alertWebhook"]), "grafana", "grafana.ini")).not.toContain("[smtp]");
  });

  it("go nowhere where nobody says so", () => {
    expect(alerting({ monitoring: { kind: "stack" } })).not.toHaveProperty("contactPoints");
    expect(alerting({ monitoring: { kind: "stack" } })).not.toHaveProperty("policies");
  });
});

describe("Grafana", () => {
  it("lets in nobody without its password, which is generated, and asks nothing of the world", () => {
    const ini = fileOf(full, "grafana", "grafana.ini");
    for (const line of [
      "admin_password = $__file{/muster/grafana-password}",
      "[auth.anonymous]\nenabled = false",
      "allow_sign_up = false",
      "reporting_enabled = false",
      "check_for_updates = false",
      "check_for_plugin_updates = false",
      "plugin_admin_enabled = false",
      "preinstall_disabled = true",
      "public_key_retrieval_disabled = true",
      "disable_gravatar = true",
      "news_feed_enabled = false",
      "external_enabled = false",
    ])
      expect(ini).toContain(line);
    expect(fileOf(full, "grafana", "grafana-password")).toBe("<secret grafana-password>");
    expect(planOf(full, "grafana").service.generates).toEqual({ "grafana-password": 24 });
  });

  it("finds its datasource and every dashboard where its start puts them", () => {
    const { datasources } = jsonOf<{ datasources: { uid: string; url: string }[] }>(
      full,
      "grafana",
      "datasources.yaml",
    );
    expect(datasources).toMatchObject([{ uid: "prometheus", url: "http://prometheus:9090" }]);
    const start = fileOf(full, "grafana", "start.sh");
    const files = (planOf(full, "grafana").spec.files ?? []).map(({ name }) => name);
    for (const name of ["datasources", "dashboards", "alerting"]) {
      expect(files).toContain(`${name}.yaml`);
      expect(start).toContain(`cp /muster/${name}.yaml "$in/${name}/"`);
    }
    const { providers } = jsonOf<{ providers: { options: { path: string } }[] }>(
      full,
      "grafana",
      "dashboards.yaml",
    );
    expect(start).toContain(`cp /muster/muster-*.json ${providers[0]?.options.path ?? "?"}/`);
    expect(files.filter((name) => /^muster-.*\.json$/.test(name))).toEqual(
      dashboardsOf(about(full)).map(({ uid }) => `${uid}.json`),
    );
  });

  it("shows every query of every panel, without one panel over another", () => {
    for (const dashboard of dashboardsOf(about(full))) {
      const drawn = grafanaDashboard(dashboard);
      expect(jsonOf(full, "grafana", `${dashboard.uid}.json`)).toEqual(JSON.parse(JSON.stringify(drawn)));
      expect(drawn.panels.map(({ targets }) => targets.map(({ expr }) => expr))).toEqual(
        dashboard.panels.map(({ queries }) => queries.map(({ expr }) => expr)),
      );
      const places = drawn.panels.map(({ gridPos: { x, y } }) => `${x} ${y}`);
      expect(new Set(places).size).toBe(places.length);
      for (const { gridPos } of drawn.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (const { targets } of drawn.panels)
        expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    }
  });

  it("shows calls and meetings only where somebody counts them", () => {
    const titles = (change: Record<string, unknown>): string[] =>
      dashboardsOf(about(localTopology(change))).map(({ title }) => title);
    expect(titles({ monitoring: { kind: "stack" } })).toEqual(["Overview", "Machine and database"]);
    expect(titles({ monitoring: { kind: "stack" }, meetings: "jitsi" })).toContain("Calls and meetings");
  });
});
