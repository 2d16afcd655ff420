/** The dashboards as Grafana's JSON. Pure. */
import type { Dashboard, Query } from "./dashboards";

/** Name by which Grafana knows Prometheus. */
export const datasource = { uid: "prometheus", type: "prometheus" } as const;

const columns = 24;
const size = { w: 12, h: 8 };

const refId = (at: number): string => String.fromCharCode("A".charCodeAt(0) + at);

type Step = [color: "red" | "green", from: number | null];
const steps = (...all: readonly Step[]) => ({
  mode: "absolute",
  steps: all.map(([color, value]) => ({ color, value })),
});
const thresholds = (wrong: NonNullable<Query["wrong"]>) =>
  "below" in wrong
    ? steps(["red", null], ["green", wrong.below])
    : steps(["green", null], ["red", wrong.above]);

/** As Grafana's file provider takes it. */
export const grafanaDashboard = ({ uid, title, panels }: Dashboard) => ({
  uid,
  title,
  tags: ["muster"],
  timezone: "browser",
  schemaVersion: 39,
  editable: false,
  refresh: "30s",
  time: { from: "now-6h", to: "now" },
  panels: panels.map(({ title: name, kind, unit, queries }, index) => ({
    id: index + 1,
    title: name,
    type: kind === "stat" ? "stat" : "timeseries",
    datasource,
    gridPos: { ...size, x: (index * size.w) % columns, y: Math.floor((index * size.w) / columns) * size.h },
    fieldConfig: {
      defaults: unit === "state" ? stateField : { unit, min: 0, thresholds: steps(["green", null]) },
      overrides: queries.flatMap(({ wrong }, at) =>
        wrong === undefined
          ? []
          : [
              {
                matcher: { id: "byFrameRefID", options: refId(at) },
                properties: [{ id: "thresholds", value: thresholds(wrong) }],
              },
            ],
      ),
    },
    options:
      kind === "stat"
        ? { reduceOptions: { calcs: ["lastNotNull"] }, textMode: "value_and_name", colorMode: "background" }
        : { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } },
    targets: queries.map(({ expr, legend }, at) => ({
      refId: refId(at),
      datasource,
      expr,
      legendFormat: legend,
      ...(kind === "stat" ? { instant: true, range: false } : { instant: false, range: true }),
    })),
  })),
});

/** One is well, nought isn't. */
const stateField = {
  mappings: [
    {
      type: "value",
      options: {
        "0": { text: "down", color: "red", index: 0 },
        "1": { text: "up", color: "green", index: 1 },
      },
    },
  ],
  thresholds: steps(["red", null], ["green", 1]),
};
