/** How the plan and its page grow with the number of services: a made-up catalogue, in this process, after a warm-up. */
import { describePlan } from "../cli/planText";
import { planOf } from "../stacks/plan";
import { pageOf } from "../stacks/plan/page/index";
import type { Topology } from "../stacks/topology";
import { syntheticTopology } from "./catalogue";
import { median } from "./figures";
import type { Table } from "./report";

const sizes = [5, 20, 50, 100, 200] as const;

interface Grown {
  services: number;
  topologyMs: number;
  textMs: number;
  pageMs: number;
  pageKB: number;
}

export function measurePlans(runs: number, say: (line: string) => void): Table[] {
  const all = sizes.map((services) => {
    const grown = measured(services, runs);
    say(`${services} services: page ${grown.pageMs.toFixed(0)} ms, ${grown.pageKB.toFixed(0)} kB`);
    return grown;
  });
  return [growthTable(all), ratios(all)];
}

function measured(services: number, runs: number): Grown {
  const topology = syntheticTopology("bench", services);
  pageOf(planOf(topology));
  return {
    services,
    topologyMs: timed(runs, () => syntheticTopology("bench", services)),
    textMs: timed(runs, () => describePlan(planOf(topology))),
    pageMs: timed(runs, () => pageOf(planOf(topology))),
    pageKB: pageOf(planOf(topology)).length / 1000,
  };
}

function timed(runs: number, work: () => Topology | string): number {
  return median(
    Array.from({ length: runs }, () => {
      const began = performance.now();
      work();
      return performance.now() - began;
    }),
  );
}

const growthTable = (all: readonly Grown[]): Table => ({
  title: "The plan and its page",
  head: ["Services", "Topology", "Text", "Page", "Size of the page"],
  rows: all.map(({ services, topologyMs, textMs, pageMs, pageKB }) => [
    String(services),
    `${topologyMs.toFixed(1)} ms`,
    `${textMs.toFixed(1)} ms`,
    `${pageMs.toFixed(0)} ms`,
    `${pageKB.toFixed(0)} kB`,
  ]),
});

/** What each part costs for the most services, as a multiple of what it costs for the fewest. */
function ratios(all: readonly Grown[]): Table {
  const [few, many] = [all[0], all.at(-1)];
  const row = (what: string, of: (one: Grown) => number): string[] =>
    few === undefined || many === undefined ? [] : [what, (of(many) / of(few)).toFixed(1)];
  const head = `${many?.services ?? 0} services to ${few?.services ?? 0}`;
  return {
    title: `The plan and its page: ${head}`,
    head: ["What", "Ratio"],
    rows: [
      row("services", ({ services }) => services),
      row("topology", ({ topologyMs }) => topologyMs),
      row("text", ({ textMs }) => textMs),
      row("page", ({ pageMs }) => pageMs),
      row("size of the page", ({ pageKB }) => pageKB),
    ],
  };
}
