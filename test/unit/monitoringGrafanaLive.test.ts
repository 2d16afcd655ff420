/** The files that a stack gives its Grafana, in a real one, where there is one: it takes them all, and sends mail. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { alertsOf } from "../../components/services/monitoring/alerts";
import { dashboardsOf } from "../../components/services/monitoring/dashboards";
import { until } from "../e2e/monitoring/prometheus";
import { Grafana, grafanaHome, stateWithoutPrometheus } from "../helpers/grafana";
import { MailSink } from "../helpers/mailSink";
import { aboutOf, everything, fileOf } from "../helpers/monitored";
import { withPrograms } from "../helpers/programs";
import { localTopology } from "../helpers/stacks";

jest.setTimeout(180_000);

const to = "ops@example.org";
const password = "generated-for-this-test";

withPrograms(
  ["grafana"],
  "no real Grafana takes a stack's dashboards and alerts: their form is looked at alone",
)("a stack's files in a real Grafana", () => {
  const folder = mkdtempSync(join(tmpdir(), "muster-grafana-"));
  let mail: MailSink;
  let grafana: Grafana | undefined;
  const ask = <T>(path: string, body?: unknown): Promise<T> => {
    if (grafana === undefined) throw new Error("Grafana isn't there");
    return grafana.client.ask<T>(path, body);
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
    const topology = topologyOf(mail.port);
    const place = (name: string, path: string, change: (text: string) => string = (text) => text): void => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), change(fileOf(topology, "grafana", name)));
    };
    writeFileSync(join(folder, "grafana-password"), password);
    place("grafana.ini", "grafana.ini", (text) => text.replaceAll("/muster/", `${folder}/`));
    place("datasources.yaml", "provisioning/datasources/datasources.yaml");
    place("dashboards.yaml", "provisioning/dashboards/dashboards.yaml", (text) =>
      text.replace("/tmp/dashboards", `${folder}/dashboards`),
    );
    for (const { uid } of dashboardsOf(about)) place(`${uid}.json`, `dashboards/${uid}.json`);
    const quiet = stateWithoutPrometheus(grafanaHome() ?? { home: "", version: "" });
    place("alerting.yaml", "provisioning/alerting/alerting.yaml", (text) =>
      text.replaceAll("KeepLast", quiet),
    );
    grafana = await Grafana.start(folder, { config: join(folder, "grafana.ini"), password });
  });
  afterAll(async () => {
    await grafana?.stop();
    await mail.close();
    rmSync(folder, { recursive: true });
  });

  it("has every alert, and every dashboard with its panels", async () => {
    const rules = await ask<{ title: string }[]>("v1/provisioning/alert-rules");
    expect(rules.map(({ title }) => title).sort()).toEqual(
      alertsOf(about)
        .map(({ name }) => name)
        .sort(),
    );
    for (const { uid, panels } of dashboardsOf(about)) {
      const { dashboard, meta } = await until(
        60,
        () => grafana?.client.dashboard(uid).catch(() => undefined) ?? Promise.resolve(undefined),
        (found) => found !== undefined,
      ).then((found) => found ?? { dashboard: undefined, meta: undefined });
      expect(meta?.provisioned).toBe(true);
      expect(dashboard?.panels.map(({ title }) => title)).toEqual(panels.map(({ title }) => title));
    }
  });

  it("sends every alert by mail to whom the settings name, over the chat's mail server", async () => {
    const policy = await ask<{ receiver: string }>("v1/provisioning/policies");
    const points = await ask<{ name: string; type: string }[]>("v1/provisioning/contact-points");
    expect(points.filter(({ name }) => name === policy.receiver)).toMatchObject([{ type: "email" }]);
    await ask("alertmanager/grafana/config/api/v1/receivers/test", {
      receivers: [
        {
          name: "test",
          grafana_managed_receiver_configs: [
            { name: "test", type: "email", settings: { addresses: to, singleEmail: true } },
          ],
        },
      ],
    });
    const [letter] = await until(
      30,
      () => Promise.resolve(mail.letters),
      (letters) => letters.length > 0,
    );
    expect(letter).toMatchObject({ from: "chat@example.org", to: [to] });
    expect(letter?.text).toContain("TestAlert");
  });

  it("says that Prometheus doesn't answer, once", async () => {
    const bad = await until(
      120,
      async () => (await grafana?.client.rules())?.filter(({ health }) => health === "error") ?? [],
      (rules) => rules.length > 0,
    );
    expect(bad.map(({ name }) => name)).toEqual(["ContainersUnseen"]);
  });
});
