import { alertsOf } from "../../components/services/monitoring/alerts";
import { type Dashboard, dashboardsOf } from "../../components/services/monitoring/dashboards";
import { grafanaDashboard } from "../../components/services/monitoring/dashboards.grafana";
import { aboutOf, everything, fileOf, jsonOf, planOf } from "../helpers/monitored";
import { localTopology } from "../helpers/stacks";

const full = localTopology(everything, ["licence", "dnsToken"]);
const alerts = alertsOf(aboutOf(full));

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
  jsonOf(localTopology(change, secrets), "grafana", "alerting.yaml") as Alerting;

describe("Grafana's alerts", () => {
  it("are the same ones: their condition is PromQL's, and a Prometheus that doesn't answer is an alert", () => {
    const rules = (jsonOf(full, "grafana", "alerting.yaml") as Alerting).groups.flatMap(
      (group) => group.rules,
    );
    expect(rules.map(({ title }) => title)).toEqual(alerts.map(({ name }) => name));
    expect(new Set(rules.map(({ uid }) => uid)).size).toBe(rules.length);
    rules.forEach((rule, index) => {
      const { expr, forMinutes } = alerts[index] ?? { expr: "", forMinutes: -1 };
      expect(rule.uid).toMatch(/^[a-z-]{1,40}$/);
      expect([rule.for, rule.noDataState, rule.condition]).toEqual([`${forMinutes}m`, "OK", "C"]);
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

  it("say once that Prometheus doesn't answer, and not while it starts", () => {
    const { rules = [] } = (jsonOf(full, "grafana", "alerting.yaml") as Alerting).groups[0] ?? {};
    const speakers = rules.filter(({ execErrState }) => execErrState !== "KeepLast");
    expect(speakers.map(({ title, execErrState }) => [title, execErrState])).toEqual([
      ["ContainersUnseen", "Error"],
    ]);
    expect(parseInt(speakers[0]?.for ?? "", 10)).toBeGreaterThanOrEqual(3);
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
    expect(ini).toContain('[smtp]\nenabled = true\nhost = """smtp.example.org:587"""\nuser = """muster"""');
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

/** Queries that are judged, with the steps that Grafana is given for each. */
const grafanaPanels = (dashboard: Dashboard) =>
  dashboard.panels.flatMap(({ title, queries }, index) => {
    const drawn = grafanaDashboard(dashboard).panels[index];
    return queries.flatMap(({ wrong }, at) => {
      if (wrong === undefined) return [];
      const override = drawn?.fieldConfig.overrides.find(
        ({ matcher }) => matcher.options === drawn.targets[at]?.refId,
      );
      return [{ title, wrong, steps: override?.properties[0]?.value.steps }];
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
    const { datasources } = jsonOf(full, "grafana", "datasources.yaml") as {
      datasources: { uid: string; url: string }[];
    };
    expect(datasources).toMatchObject([{ uid: "prometheus", url: "http://prometheus:9090" }]);
    // The image has these in its environment, which beats the file.
    expect(planOf(full, "grafana").spec.environment).toEqual({
      GF_PATHS_DATA: "/var/lib/grafana",
      GF_PATHS_PLUGINS: "/tmp/plugins",
      GF_PATHS_PROVISIONING: "/tmp/provisioning",
    });
    const start = fileOf(full, "grafana", "start.sh");
    expect(start).toContain("in=$GF_PATHS_PROVISIONING\n");
    const files = (planOf(full, "grafana").spec.files ?? []).map(({ name }) => name);
    for (const name of ["datasources", "dashboards", "alerting"]) {
      expect(files).toContain(`${name}.yaml`);
      expect(start).toContain(`cp /muster/${name}.yaml "$in/${name}/"`);
    }
    const { providers } = jsonOf(full, "grafana", "dashboards.yaml") as {
      providers: { options: { path: string } }[];
    };
    expect(start).toContain(`cp /muster/muster-*.json ${providers[0]?.options.path ?? "?"}/`);
    expect(files.filter((name) => /^muster-.*\.json$/.test(name))).toEqual(
      dashboardsOf(aboutOf(full)).map(({ uid }) => `${uid}.json`),
    );
  });

  it("shows every query of every panel, without one panel over another", () => {
    for (const dashboard of dashboardsOf(aboutOf(full))) {
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

  it("turns red where an alert fires, and is green before", () => {
    const judged = dashboardsOf(aboutOf(full)).flatMap(grafanaPanels);
    expect(judged.map(({ title }) => title)).toEqual([
      "Certificates end in",
      "Certificates end in",
      "Backups, age",
      "Backups, age",
      "Backups, age",
      "Disks, free",
    ]);
    for (const { wrong, steps } of judged) {
      const [sign, limit] = "below" in wrong ? ["<", wrong.below] : [">", wrong.above];
      expect(alerts.filter(({ expr }) => expr.includes(`${sign} ${limit}`))).not.toEqual([]);
      const [under, over] = sign === "<" ? ["red", "green"] : ["green", "red"];
      expect(steps).toEqual([
        { color: under, value: null },
        { color: over, value: limit },
      ]);
    }
  });

  it("shows calls and meetings only where somebody counts them", () => {
    const titles = (change: Record<string, unknown>): string[] =>
      dashboardsOf(aboutOf(localTopology(change))).map(({ title }) => title);
    expect(titles({ monitoring: { kind: "stack" } })).toEqual(["Overview", "Machine and database"]);
    expect(titles({ monitoring: { kind: "stack" }, meetings: "jitsi" })).toContain("Calls and meetings");
  });
});
