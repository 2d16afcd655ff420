/** docs/outputs.md with a real Grafana, where there is one, in front of a real Prometheus. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { until } from "../e2e/monitoring/prometheus";
import { backedUp, outputsFrom } from "../helpers/exampleOutputs";
import { Grafana } from "../helpers/grafana";
import type { Dashboard, GrafanaClient } from "../helpers/grafanaClient";
import { exampleText, pageStack } from "../helpers/outputsPage";
import { OutputsStage } from "../helpers/outputsStage";
import { withPrograms } from "../helpers/programs";
import { stackTopology } from "../helpers/stacks";

jest.setTimeout(180_000);

const own = JSON.parse(exampleText("dashboard.json")) as Dashboard;

withPrograms(
  ["jq", "prometheus", "nodeExporter", "blackboxExporter", "grafana"],
  "no real Grafana shows the outputs: its dashboard is looked at by its queries alone",
)("the outputs in a real Grafana", () => {
  const stage = new OutputsStage();
  let grafana: Grafana | undefined;
  const client = (): GrafanaClient => {
    if (grafana === undefined) throw new Error("Grafana isn't there");
    return grafana.client;
  };

  beforeAll(async () => {
    await stage.open(outputsFrom(stackTopology(pageStack, {}, ["licence"]), backedUp));
    const place = (name: string, text: string): void => {
      mkdirSync(dirname(stage.page.path(name)), { recursive: true });
      stage.page.write(name, text);
    };
    place(
      "provisioning/datasources/muster.yml",
      exampleText("grafana-datasource.yml").replace("http://127.0.0.1:9090", stage.prometheusUrl),
    );
    place(
      "provisioning/dashboards/muster.yml",
      exampleText("grafana-dashboards.yml").replace("/var/lib/grafana/", `${stage.page.folder}/`),
    );
    place("dashboards/muster/dashboard.json", exampleText("dashboard.json"));
    grafana = await Grafana.start(stage.page.folder);
  });
  afterAll(async () => {
    await grafana?.stop();
    await stage.close();
  });

  it("are on the dashboard that was provisioned, panel by panel", async () => {
    const { dashboard, meta } = await until(
      60,
      () =>
        client()
          .dashboard(own.uid)
          .catch(() => ({ dashboard: undefined, meta: undefined })),
      (found) => found.dashboard !== undefined,
    );
    expect(meta?.provisioned).toBe(true);
    expect(dashboard?.panels.map(({ title }) => title)).toEqual(own.panels.map(({ title }) => title));
  });

  it("answer every query of it with data, by the data source that was provisioned", async () => {
    for (const { title, targets } of own.panels)
      for (const { refId, expr } of targets)
        await until(
          30,
          async () => ({
            title,
            ...(await client().rows({ refId, expr: expr.replaceAll("$stack", pageStack) })),
          }),
          ({ error, rows }) => error === undefined && rows > 0,
        );
  });
});
