import { model } from "../model";
import type { Service, ServiceContext, ServiceFile } from "../service";
import { jsonText, text } from "../text";
import { alertsOf } from "./alerts";
import { dashboardsOf } from "./dashboards";
import { datasource, grafanaDashboard } from "./dashboards.grafana";
import { answers, hasOwnStack } from "./exporter";
import { alertingFile, configurationFile, grafanaPassword, secretFiles } from "./grafana.files";
import { prometheusName } from "./names";
import type { Settings } from "../../../stacks/settings/schema";

const size = model.grafana;
const port = 3000;

const publishedPort = ({ monitoring }: Settings): number =>
  monitoring.kind === "stack" ? monitoring.grafanaPort : port;

/** Grafana: dashboards and alerts, all of them from here. It keeps nothing: docs/decisions/0022-monitoring.md. */
export const grafana: Service = {
  name: "grafana",
  title: "Grafana",
  image: () => "grafana",
  user: { uid: 472, gid: 472 },
  when: hasOwnStack,
  role: "app",
  needs: () => ({ memoryMiB: size.memoryBase, cpus: size.cpusBase, diskGiB: 0 }),
  ports: (settings) => [
    {
      name: "http",
      number: port,
      published: publishedPort(settings),
      protocol: "tcp",
      exposure: "admin",
      metrics: ["/metrics"],
      why: "dashboards and alerts",
    },
  ],
  volumes: () => [],
  generates: { [grafanaPassword]: 24 },
  container: (context) => ({
    // The image sets these, and Grafana takes the environment before its file.
    environment: {
      GF_PATHS_DATA: "/var/lib/grafana",
      GF_PATHS_PLUGINS: "/tmp/plugins",
      GF_PATHS_PROVISIONING: "/tmp/provisioning",
    },
    files: [
      configurationFile(context, publishedPort(context.settings)),
      ...secretFiles(context),
      { name: "start.sh", content: text`${start}` },
      datasourceFile(context),
      providerFile,
      ...dashboardsOf(context).map((dashboard): ServiceFile => ({
        name: `${dashboard.uid}.json`,
        content: text`${JSON.stringify(grafanaDashboard(dashboard))}`,
      })),
      alertingFile(context, alertsOf(context)),
    ],
    entrypoint: ["/muster/busybox", "sh", "/muster/start.sh"],
    command: [
      "/usr/share/grafana/bin/grafana",
      "server",
      "--homepath=/usr/share/grafana",
      "--config=/muster/grafana.ini",
    ],
  }),
  shell: true,
  sandbox: {
    egress: { value: true, reason: "publishes its port, and sends alerts" },
    temporary: {
      value: { "/tmp": 64, "/var/lib/grafana": 128 },
      reason: "its database, which is made anew at each start",
    },
  },
  health: { ...answers(port, "/api/health"), startSeconds: 180 },
  startsAfter: [prometheusName],
  stopGraceSeconds: 15,
  jobs: [],
};

/** Provisioning is read from folders of given names. */
const start = `set -eu
in=$GF_PATHS_PROVISIONING
for kind in datasources dashboards alerting plugins; do /muster/busybox mkdir -p "$in/$kind"; done
/muster/busybox cp /muster/datasources.yaml "$in/datasources/"
/muster/busybox cp /muster/dashboards.yaml "$in/dashboards/"
/muster/busybox cp /muster/alerting.yaml "$in/alerting/"
/muster/busybox mkdir -p /tmp/dashboards
/muster/busybox cp /muster/muster-*.json /tmp/dashboards/
exec "$@"
`;

const datasourceFile = ({ address }: ServiceContext): ServiceFile => ({
  name: "datasources.yaml",
  content: jsonText({
    apiVersion: 1,
    datasources: [
      {
        ...datasource,
        name: "Prometheus",
        access: "proxy",
        url: text`http://${address(prometheusName, "http")}`,
        isDefault: true,
        editable: false,
        jsonData: { httpMethod: "POST", timeInterval: "30s" },
      },
    ],
  }),
});

const providerFile: ServiceFile = {
  name: "dashboards.yaml",
  content: jsonText({
    apiVersion: 1,
    providers: [
      {
        name: "muster",
        folder: "Muster",
        type: "file",
        disableDeletion: true,
        allowUiUpdates: false,
        options: { path: "/tmp/dashboards" },
      },
    ],
  }),
};
