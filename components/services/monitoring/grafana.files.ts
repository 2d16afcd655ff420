/** Grafana's own configuration, and its alerts as provisioning. Pure. */
import { secret, jsonText, type JsonValue, type Late, text } from "../text";
import type { ServiceContext, ServiceFile } from "../service";
import type { Settings } from "../../../stacks/settings/schema";
import { type Alert, templated } from "./alerts";
import { datasource } from "./dashboards.grafana";

/** Name of the administrator's password among the secrets. */
export const grafanaPassword = "grafana-password";

/** Source: the datasources that Grafana 13.2's image brings as plugins. */
const otherDatasources = [
  "cloudwatch",
  "elasticsearch",
  "grafana-postgresql-datasource",
  "grafana-pyroscope-datasource",
  "influxdb",
  "jaeger",
  "loki",
  "mssql",
  "mysql",
  "opentsdb",
  "stackdriver",
  "tempo",
  "zipkin",
];

/** A value as Grafana's file takes it: within three quotes nothing in it means anything. */
const quoted = (value: string): string => `"""${value.replaceAll('"', "")}"""`;

/**
 * Nobody comes in without the password; nothing is reported, looked up, or fetched from elsewhere.
 * Source: Grafana's docs, Configure Grafana.
 */
export function configurationFile(context: ServiceContext, published: number): ServiceFile {
  const sections: Record<string, Record<string, string>> = {
    log: { mode: "console" },
    server: { http_port: "3000", root_url: `http://localhost:${published}/` },
    analytics: {
      enabled: "false",
      reporting_enabled: "false",
      check_for_updates: "false",
      check_for_plugin_updates: "false",
      feedback_links_enabled: "false",
    },
    security: {
      admin_user: "admin",
      admin_password: "$__file{/muster/grafana-password}",
      disable_gravatar: "true",
      cookie_samesite: "strict",
    },
    users: { allow_sign_up: "false" },
    "auth.anonymous": { enabled: "false" },
    plugins: {
      plugin_admin_enabled: "false",
      // Its own datasources are programs beside it, each with its memory; of these, Prometheus' alone has work here.
      disable_plugins: otherDatasources.join(","),
      // They come with the image: installing them anew fails where the image can't be written to.
      preinstall_disabled: "true",
      public_key_retrieval_disabled: "true",
    },
    news: { news_feed_enabled: "false" },
    snapshots: { enabled: "false", external_enabled: "false" },
    ...smtp(context),
  };
  const lines = Object.entries(sections).flatMap(([section, values]) => [
    `[${section}]`,
    ...Object.entries(values).map(([key, value]) => `${key} = ${value}`),
    "",
  ]);
  return { name: "grafana.ini", content: text`${lines.join("\n")}` };
}

const alertsByMail = (monitoring: Settings["monitoring"]): boolean =>
  monitoring.kind === "stack" && monitoring.alerts === "mail";

/** Mail goes over the same server as the chat's. */
function smtp({ settings: { mail, monitoring } }: ServiceContext): Record<string, Record<string, string>> {
  if (mail === undefined || !alertsByMail(monitoring)) return {};
  // TLS from the start follows from port 465.
  const startTls = { starttls: "MandatoryStartTLS", tls: "NoStartTLS", none: "NoStartTLS" }[mail.security];
  return {
    smtp: {
      enabled: "true",
      host: quoted(`${mail.host}:${mail.port}`),
      ...(mail.username === undefined
        ? {}
        : { user: quoted(mail.username), password: "$__file{/muster/mail-password}" }),
      from_address: quoted(mail.from),
      from_name: "Muster",
      startTLS_policy: startTls,
    },
  };
}

/** The secrets that the configuration names. */
export const secretFiles = ({ settings: { mail, monitoring }, secrets }: ServiceContext): ServiceFile[] => [
  { name: "grafana-password", content: text`${secret(grafanaPassword)}` },
  ...(alertsByMail(monitoring) && mail?.username !== undefined && secrets.has("mailPassword")
    ? [{ name: "mail-password", content: text`${secret("mailPassword")}` }]
    : []),
];

const receiver = "muster";

/** Where alerts go, and when. */
function contact({ monitoring }: Settings): Record<string, JsonValue<Late>> {
  if (monitoring.kind !== "stack" || monitoring.alerts === "none") return {};
  const to: JsonValue<Late> =
    monitoring.alerts === "mail"
      ? {
          uid: "muster-mail",
          type: "email",
          settings: { addresses: monitoring.alertsTo ?? "", singleEmail: true },
        }
      : // Mattermost takes what Slack takes.
        { uid: "muster-chat", type: "slack", settings: { url: secret("alertWebhook") } };
  return {
    contactPoints: [{ orgId: 1, name: receiver, receivers: [to] }],
    policies: [
      {
        orgId: 1,
        receiver,
        group_by: ["grafana_folder", "alertname"],
        group_wait: "30s",
        // An alert has waited for its minutes already: that it is gone needn't wait.
        group_interval: "1m",
        repeat_interval: "12h",
      },
    ],
  };
}

/** The alerts, and where they go. */
export function alertingFile(context: ServiceContext, alerts: readonly Alert[]): ServiceFile {
  return {
    name: "alerting.yaml",
    content: jsonText<Late>({
      apiVersion: 1,
      ...contact(context.settings),
      groups: [
        { orgId: 1, name: "muster", folder: "Muster", interval: "1m", rules: alerts.map(grafanaRule) },
      ],
    }),
  };
}

const lastTenMinutes = { from: 600, to: 0 };

/** The one rule that speaks for all when Prometheus doesn't answer; it waits some minutes, as long as a start may take. */
const speaker = "ContainersUnseen";

/**
 * The condition stands in PromQL, whose samples may have any value: raised to the power of nought they are one. No
 * sample is no alert; a Prometheus that doesn't answer is one, not one for each rule.
 */
function grafanaRule({ name, expr, forMinutes, summary, action }: Alert) {
  return {
    uid: `muster-${name.toLowerCase()}`,
    title: name,
    condition: "C",
    for: `${forMinutes}m`,
    noDataState: "OK",
    execErrState: name === speaker ? "Error" : "KeepLast",
    // No dollar sign: Grafana would take what follows for a variable of the environment.
    annotations: { summary: templated(summary, ".Labels."), description: templated(action, ".Labels.") },
    labels: { from: "muster" },
    data: [
      {
        refId: "A",
        relativeTimeRange: lastTenMinutes,
        datasourceUid: datasource.uid,
        model: { refId: "A", expr: `(${expr}) ^ 0`, instant: true, range: false },
      },
      {
        refId: "C",
        relativeTimeRange: lastTenMinutes,
        datasourceUid: "__expr__",
        model: {
          refId: "C",
          type: "threshold",
          expression: "A",
          conditions: [{ evaluator: { type: "gt", params: [0] } }],
        },
      },
    ],
  };
}
