/** docs/outputs.md with a real Grafana, where there is one, in front of a real Prometheus. */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { until } from "../e2e/monitoring/prometheus";
import { backedUp, outputsFrom } from "../helpers/exampleOutputs";
import { Grafana } from "../helpers/grafana";
import { exampleText, pageStack } from "../helpers/outputsPage";
import { OutputsStage } from "../helpers/outputsStage";
import { withPrograms } from "../helpers/programs";
import { stackTopology } from "../helpers/stacks";

jest.setTimeout(180_000);

interface Dashboard {
  uid: string;
  panels: { title: string; targets: { refId: string; expr: string }[] }[];
}
const own = JSON.parse(exampleText("dashboard.json")) as Dashboard;

withPrograms(
  ["jq", "prometheus", "nodeExporter", "blackboxExporter", "grafana"],
  "no real Grafana shows the outputs: its dashboard is looked at by its queries alone",
)("the outputs in a real Grafana", () => {
  const stage = new OutputsStage();
  let grafana: Grafana | undefined;
  const api = <T>(path: string, body?: unknown): Promise<T> => {
    if (grafana === undefined) throw new Error("Grafana isn't there");
    return grafana.ask<T>(path, body);
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
        api<{ dashboard: Dashboard; meta: { provisioned: boolean } }>(`dashboards/uid/${own.uid}`).catch(
          () => ({
            dashboard: undefined,
            meta: undefined,
          }),
        ),
      (found) => found.dashboard !== undefined,
    );
    expect(meta?.provisioned).toBe(true);
    expect(dashboard?.panels.map(({ title }) => title)).toEqual(own.panels.map(({ title }) => title));
  });

  it("answer every query of it with data, by the data source that was provisioned", async () => {
    const datasource = { type: "prometheus", uid: "prometheus" };
    for (const { title, targets } of own.panels)
      for (const target of targets)
        await until(
          30,
          async () => {
            const query = { ...target, datasource, expr: target.expr.replaceAll("$stack", pageStack) };
            const { results } = await api<{
              results: Record<string, { error?: string; frames?: { data: { values: unknown[][] } }[] }>;
            }>("ds/query", { queries: [query], from: "now-5m", to: "now" });
            const { error, frames = [] } = results[target.refId] ?? {};
            return { title, error, rows: frames.flatMap(({ data }) => data.values[0] ?? []).length };
          },
          ({ error, rows }) => error === undefined && rows > 0,
        );
  });
});
