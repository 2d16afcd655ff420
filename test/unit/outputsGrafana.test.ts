/** docs/outputs.md with a real Grafana, where there is one, in front of a real Prometheus. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
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
    const found = await client().provisioned(own.uid);
    expect(found?.meta.provisioned).toBe(true);
    expect(found?.dashboard.panels.map(({ title }) => title)).toEqual(own.panels.map(({ title }) => title));
  });

  it("answer every query of it with data, by the data source that was provisioned", async () => {
    const panels = own.panels.map(({ title, targets }) => ({
      title,
      targets: targets.map(({ refId, expr }) => ({ refId, expr: expr.replaceAll("$stack", pageStack) })),
    }));
    await client().haveData(panels, 30);
  });
});
