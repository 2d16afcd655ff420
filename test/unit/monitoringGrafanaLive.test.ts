/**
 * The files that a stack gives its Grafana, in a real one in front of a real Prometheus, where they are there: it takes
 * them all, and sends mail when a fault comes and when it goes. With seconds in the place of minutes.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { alertsOf } from "../../components/services/monitoring/alerts";
import { dashboardsOf } from "../../components/services/monitoring/dashboards";
import { until } from "../e2e/monitoring/prometheus";
import { Daemon } from "../helpers/daemon";
import { freeTcpPort } from "../helpers/freePort";
import { Grafana, grafanaHome, stateWithoutPrometheus } from "../helpers/grafana";
import type { GrafanaClient } from "../helpers/grafanaClient";
import { MailSink } from "../helpers/mailSink";
import { aboutOf, everything, fileOf } from "../helpers/monitored";
import { programName, withPrograms } from "../helpers/programs";
import { localTopology } from "../helpers/stacks";

jest.setTimeout(180_000);

const to = "ops@example.org";
const password = "generated-for-this-test";

withPrograms(
  ["prometheus", "grafana"],
  "no real Grafana takes a stack's dashboards and alerts: their form is looked at alone",
)("a stack's files in a real Grafana", () => {
  const folder = mkdtempSync(join(tmpdir(), "muster-grafana-"));
  let mail: MailSink;
  let grafana: Grafana | undefined;
  let prometheus: Daemon | undefined;
  let prometheusPort = 0;
  /** What the machine's exporter says of one service. */
  let isUp = true;
  const exporter = createServer((_, response) =>
    response.end(`muster_container_up{service="jitsi-web"} ${isUp ? 1 : 0}\n`),
  );
  const client = (): GrafanaClient => {
    if (grafana === undefined) throw new Error("Grafana isn't there");
    return grafana.client;
  };
  const monitoring = { kind: "stack", alerts: "mail", alertsTo: to };
  const topologyOf = (port: number) =>
    localTopology(
      {
        ...everything,
        monitoring,
        mail: { host: "127.0.0.1", port, security: "none", from: "chat@example.org" },
      },
      ["licence", "dnsToken"],
    );
  const about = aboutOf(topologyOf(25));

  beforeAll(async () => {
    mail = await MailSink.open();
    prometheusPort = await freeTcpPort();
    const topology = topologyOf(mail.port);
    const place = (name: string, path: string, change: (text: string) => string = (text) => text): void => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), change(fileOf(topology, "grafana", name)));
    };
    writeFileSync(join(folder, "grafana-password"), password);
    place("grafana.ini", "grafana.ini", (text) => text.replaceAll("/muster/", `${folder}/`));
    place("datasources.yaml", "provisioning/datasources/datasources.yaml", (text) =>
      text.replace("prometheus:9090", `127.0.0.1:${prometheusPort}`),
    );
    place("dashboards.yaml", "provisioning/dashboards/dashboards.yaml", (text) =>
      text.replace("/tmp/dashboards", `${folder}/dashboards`),
    );
    for (const { uid } of dashboardsOf(about)) place(`${uid}.json`, `dashboards/${uid}.json`);
    const quiet = stateWithoutPrometheus(grafanaHome() ?? { home: "", version: "" });
    place("alerting.yaml", "provisioning/alerting/alerting.yaml", (text) =>
      text
        .replaceAll("KeepLast", quiet)
        .replaceAll(/"(for|interval)":"\d+m"/g, '"$1":"10s"')
        .replace(/"group_wait":"[^"]+"/, '"group_wait":"1s"')
        .replace(/"group_interval":"[^"]+"/, '"group_interval":"5s"'),
    );
    grafana = await Grafana.start(folder, { config: join(folder, "grafana.ini"), password });
  });
  afterAll(async () => {
    await grafana?.stop();
    await prometheus?.stop();
    exporter.close();
    await mail.close();
    rmSync(folder, { recursive: true });
  });

  it("has every alert, and every dashboard with its panels", async () => {
    const rules = await client().rules();
    expect(rules.map(({ name }) => name).sort()).toEqual(
      alertsOf(about)
        .map(({ name }) => name)
        .sort(),
    );
    for (const { uid, panels } of dashboardsOf(about)) {
      const found = await client().provisioned(uid);
      expect(found?.meta.provisioned).toBe(true);
      expect(found?.dashboard.panels.map(({ title }) => title)).toEqual(panels.map(({ title }) => title));
    }
  });

  it("says that Prometheus doesn't answer, once", async () => {
    const rules = await until(
      120,
      () => client().rules(),
      (all) => all.length > 0 && all.every(({ lastEvaluation }) => !lastEvaluation.startsWith("0001")),
    );
    const bad = rules.filter(({ health }) => health === "error");
    expect(bad.map(({ name }) => name)).toEqual(["ContainersUnseen"]);
  });

  const letters = (subject: RegExp) =>
    until(
      90,
      () => Promise.resolve(mail.letters.filter(({ text }) => subject.test(text))),
      (found) => found.length > 0,
    );

  it("sends an alert by mail to whom the settings name, over the chat's mail server, and that it is gone", async () => {
    await new Promise<void>((listening) => exporter.listen(0, "127.0.0.1", listening));
    const target = `127.0.0.1:${(exporter.address() as AddressInfo).port}`;
    const job = { job_name: "node-exporter", static_configs: [{ targets: [target] }] };
    writeFileSync(
      join(folder, "prometheus.json"),
      JSON.stringify({ global: { scrape_interval: "1s" }, scrape_configs: [job] }),
    );
    prometheus = new Daemon(
      programName("prometheus"),
      [
        "--config.file=prometheus.json",
        "--storage.tsdb.path=prometheus",
        `--web.listen-address=127.0.0.1:${prometheusPort}`,
      ],
      { cwd: folder },
    );
    await prometheus.answers(`http://127.0.0.1:${prometheusPort}/-/ready`, 60);
    isUp = false;
    const [fires] = await letters(/^Subject: \[FIRING:1\] ServiceDown/m);
    expect(fires).toMatchObject({ from: "chat@example.org", to: [to] });
    // Its lines are folded, and it has a plain form and one in HTML.
    expect(fires?.text.replaceAll(/=\r?\n/g, "")).toMatch(/jitsi-web doesn('|&#39;)t run/);
    isUp = true;
    await letters(/^Subject: \[RESOLVED\] ServiceDown/m);
  });
});
