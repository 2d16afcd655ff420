/** docs/outputs.md with the real programs: Prometheus, its exporters, and Grafana where there is one. */
import type { Outputs } from "../../stacks/outputs";
import { type Sample, until } from "../e2e/monitoring/prometheus";
import { backedUp, outputsFrom } from "../helpers/exampleOutputs";
import { exampleText, pageStack } from "../helpers/outputsPage";
import { freeRow, OutputsStage } from "../helpers/outputsStage";
import { withPrograms } from "../helpers/programs";
import { stackTopology } from "../helpers/stacks";

jest.setTimeout(120_000);
const seconds = 30;

interface Panel {
  title: string;
  type: "stat" | "table";
  targets: { expr: string; legendFormat?: string }[];
  gridPos: { x: number; y: number; w: number; h: number };
  transformations?: {
    options: { excludeByName: Record<string, true>; indexByName: Record<string, number> };
  }[];
}
const dashboard = JSON.parse(exampleText("dashboard.json")) as {
  uid: string;
  panels: Panel[];
  templating: { list: { name: string; query: string }[] };
};
const ofStack = (expr: string): string => expr.replaceAll("$stack", pageStack);

withPrograms(
  ["jq", "prometheus", "nodeExporter", "blackboxExporter"],
  "no real Prometheus takes the outputs",
)("the outputs in a real Prometheus", () => {
  const stage = new OutputsStage();
  let outputs: Outputs;
  let firstPort: number;
  const outputsWith = (change: Record<string, unknown>): Outputs =>
    outputsFrom(
      stackTopology(pageStack, { ...change, monitoring: { kind: "targets", firstPort } }, ["licence"]),
      backedUp,
    );
  const answers = (expr: string, holds: (found: Sample[]) => boolean): Promise<Sample[]> =>
    until(seconds, () => stage.prometheus.query(expr), holds);

  beforeAll(async () => {
    firstPort = await freeRow(20);
    outputs = outputsWith({});
    await stage.open(outputs);
  });
  afterAll(() => stage.close());

  it("are discovered as targets, each with its labels, and all answer", async () => {
    const found = await until(
      seconds,
      async () => (await stage.prometheus.targets()).filter(({ scrapePool }) => scrapePool === "muster"),
      (targets) => targets.length > 0 && targets.every(({ health }) => health === "up"),
    );
    const expected = outputs.monitoring.targets.map(({ targets: [address = ""], labels }) => {
      const { __metrics_path__: path = "", ...shown } = labels;
      return { scrapeUrl: `http://${address}${path}`, labels: { ...shown, instance: address } };
    });
    expect(expected.length).toBeGreaterThan(5);
    const byUrl = (a: { scrapeUrl: string }, b: { scrapeUrl: string }) =>
      a.scrapeUrl < b.scrapeUrl ? -1 : 1;
    expect(found.map(({ scrapeUrl, labels }) => ({ scrapeUrl, labels })).sort(byUrl)).toEqual(
      expected.sort(byUrl),
    );
  });

  it("make every site and health address asked, and one that isn't well is seen", async () => {
    const addresses = [
      ...Object.values(outputs.endpoints),
      ...Object.values(outputs.services).flatMap(({ healthAddress }) =>
        healthAddress.startsWith("docker:") ? [] : [healthAddress],
      ),
    ].sort();
    const probes = await answers(
      "probe_success",
      (found) => found.length === addresses.length && found.every(({ value }) => value === 1),
    );
    expect(probes.map(({ metric }) => metric["instance"]).sort()).toEqual(addresses);
    const ping = outputs.services["mattermost"]?.healthAddress ?? "";
    stage.unwell.add(ping);
    const [down, ...more] = await answers("probe_success == 0", (found) => found.length > 0);
    stage.unwell.clear();
    expect(more).toEqual([]);
    expect(down?.metric).toMatchObject({
      ...{ instance: ping, job: "muster-probes", stack: pageStack },
      ...{ service: "mattermost", host: "main" },
    });
    await answers("probe_success == 0", (found) => found.length === 0);
  });

  it("are metrics, from a file that the node exporter has read whole", async () => {
    const ports = await answers("muster_outputs_open_port_info", (found) => found.length > 0);
    expect(ports).toHaveLength(outputs.openPorts.length);
    expect(await stage.prometheus.query("node_textfile_scrape_error")).toEqual([
      expect.objectContaining({ value: 0 }),
    ]);
    const [cost] = await stage.prometheus.query("muster_outputs_cost_per_month");
    expect(cost?.value).toBe(outputs.cost.monthly);
  });

  it("answer every query of the dashboard with data, and every label that it shows", async () => {
    for (const { title, type, targets, transformations } of dashboard.panels)
      for (const { expr, legendFormat = "" } of targets) {
        const found = await answers(ofStack(expr), (samples) => samples.length > 0);
        for (const { metric } of found) {
          const labels = Object.keys(metric);
          for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
            expect([title, labels]).toEqual([title, expect.arrayContaining([label])]);
          if (type !== "table") continue;
          const { excludeByName, indexByName } = transformations?.[0]?.options ?? {
            excludeByName: {},
            indexByName: {},
          };
          const columns = [...labels, "Time", "Value"].filter((column) => !(column in excludeByName));
          expect([title, columns.sort()]).toEqual([title, Object.keys(indexByName).sort()]);
        }
      }
  });

  it("name the stacks that the dashboard lets one choose", async () => {
    const { query = "" } = dashboard.templating.list.find(({ name }) => name === "stack") ?? {};
    const [, metric = "", label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
    expect(await stage.prometheus.labelValues(label, metric)).toEqual([pageStack]);
  });

  it("are taken again once they have changed, without a reload", async () => {
    stage.take(outputsWith({ meetings: "off" }));
    const pools = await until(
      seconds,
      async () => (await stage.prometheus.targets()).map(({ labels }) => labels["service"] ?? labels["site"]),
      (found) => !found.includes("jitsi-jvb") && !found.includes("meet"),
    );
    expect(pools).toEqual(expect.arrayContaining(["mattermost", "chat"]));
    await answers('muster_outputs_service_info{service="jitsi-jvb"}', (found) => found.length === 0);
  });
});

describe("the dashboard", () => {
  it("lays no panel over another, and asks for the chosen stack alone", () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) => {
      expect(x + w).toBeLessThanOrEqual(24);
      return Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`);
    });
    expect(new Set(cells).size).toBe(cells.length);
    for (const { expr } of dashboard.panels.flatMap(({ targets }) => targets)) {
      expect(expr).toContain("$stack");
      expect(ofStack(expr)).not.toContain("$");
    }
  });

  it.each(["sizing_people", "sizing_memory_bytes", "cost_per_month", "open_port_info", "backup_info"])(
    "shows %s",
    (metric) => {
      expect(JSON.stringify(dashboard)).toContain(`muster_outputs_${metric}{`);
    },
  );
});
