import { type Alert, alertsOf, prometheusRules } from "../../components/services/monitoring/alerts";
import { dashboardsOf } from "../../components/services/monitoring/dashboards";
import { cases, type Case, up } from "../helpers/alertCases";
import { aboutOf, everything, fileOf } from "../helpers/monitored";
import { hasPromtool, promtool } from "../helpers/promtool";
import { localTopology } from "../helpers/stacks";

const embedded = { ...everything, calls: "embedded" };
const full = localTopology(everything, ["licence", "dnsToken"]);
const alerts = alertsOf(aboutOf(full));

const [hour, day] = [3600, 86_400];

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
      alertsOf(aboutOf(localTopology(change, secrets)))
        .filter(({ name }) => name.endsWith("Crowded"))
        .map(({ expr }) => expr);
    expect(crowds(everything, ["licence", "dnsToken"])).toEqual([
      "sum(rtcd_rtc_sessions_total) > 10",
      "sum(jitsi_jvb_local_endpoints) > 10",
    ]);
    expect(crowds(embedded, ["dnsToken"])).toEqual([
      "sum(mattermost_plugin_calls_rtc_sessions_total) > 10",
      "sum(jitsi_jvb_local_endpoints) > 10",
    ]);
    // The Team Edition counts nobody.
    expect(crowds({ monitoring: { kind: "stack" }, calls: "embedded" }, [])).toEqual([]);
  });

  it.each([
    ["internal", { domain: "localhost" }, hour],
    ["acme", {}, 10 * day],
    [
      "an authority of one's own",
      { edge: { ...everything.edge, authority: { directory: "https://ca.example.org/" } } },
      hour,
    ],
    [
      "origin",
      { domain: "example.org", edge: { provider: "cloudflare", zone: "example.org" }, turn: "off" },
      14 * day,
    ],
  ])("know how long a certificate holds: %s", (_, change, seconds) => {
    const { expr = "" } =
      alertsOf(aboutOf(localTopology({ ...everything, turn: "on", ...change }))).find(
        ({ name }) => name === "CertificateEnds",
      ) ?? {};
    expect(expr).toContain(`{job="sites"} - time() < ${seconds} or`);
  });

  it("go by the days between drills and checks", () => {
    const topology = localTopology({
      monitoring: { kind: "stack" },
      backup: { drillDays: 30, checkDays: 3 },
    });
    const exprs = alertsOf(aboutOf(topology)).map(({ expr }) => expr);
    for (const [kind, days] of [
      ["drill", 32],
      ["check", 5],
    ] as const)
      expect(exprs).toContainEqual(
        expect.stringMatching(`^time.*muster_${kind}_last_success_timestamp_seconds .*> ${days * day}$`),
      );
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
      BackupOld: {
        step: 60,
        series: { 'muster_backup_first_use_timestamp_seconds{service="backup"}': "0+0x40" },
        notYet: 36,
        fires: 38,
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
    const queries = dashboardsOf(aboutOf(full)).flatMap(({ panels }) =>
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
