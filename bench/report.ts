/** Results as text: one table for the terminal, the same for docs/bench.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { projectDir } from "../test/helpers/stacks";
import { type Figure, type Unit, verdict } from "./figures";
import type { Growth } from "./grow";

export interface Results {
  figures: readonly Figure[];
  growth: readonly Growth[];
  media: readonly Table[];
  data: { figures: readonly Figure[]; tables: readonly Table[] };
  hosts: readonly Table[];
  proxy: readonly Table[];
  plans: readonly Table[];
  /** When, on what kind of machine, how thoroughly. */
  circumstances: string;
}

export interface Table {
  title: string;
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

const digits: Readonly<Record<Unit, number>> = { s: 2, ms: 2, MB: 0, times: 2 };
const show = (value: number, unit: Unit): string =>
  `${value.toFixed(digits[unit])}${unit === "times" ? " times" : ` ${unit}`}`;
const shown = (value: number | null | undefined, unit: Unit): string =>
  value === undefined || value === null ? "" : show(value, unit);

function spread({ runs, unit }: Figure): string {
  if (runs.length < 2) return "";
  return `${Math.min(...runs).toFixed(digits[unit])} to ${Math.max(...runs).toFixed(digits[unit])}`;
}

function figureTable({ figures }: { figures: readonly Figure[] }, title = "Budgets and figures"): Table {
  return {
    title,
    head: ["What", "Value", "Budget", "Verdict", "Runs", "Spread"],
    rows: figures.map((figure) => [
      figure.what,
      shown(figure.value, figure.unit),
      shown(figure.budget, figure.unit),
      verdict(figure),
      figure.runs.length === 0 ? "" : String(figure.runs.length),
      spread(figure),
    ]),
  };
}

/** Numbers that mean the same on any machine, or nearly so. */
function ratioTable({ figures, growth }: Results): Table {
  const compared = figures.flatMap(({ what, unit, value, budget }) =>
    unit === "times" && value !== undefined ? [[what, value.toFixed(2), budget?.toFixed(2) ?? ""]] : [],
  );
  const used = figures.flatMap(({ what, unit, value, budget }) =>
    unit === "times" || value === undefined || budget === undefined
      ? []
      : [[`${what}: part of its budget`, (value / budget).toFixed(2), "1.00"]],
  );
  return {
    title: "Ratios",
    head: ["Ratio", "Value", "Budget"],
    rows: [...compared, ...used, ...grown(growth)],
  };
}

/** What the most services cost, as a multiple of what the fewest do. */
function grown(growth: readonly Growth[]): string[][] {
  const [few, many] = [growth[0], growth.at(-1)];
  if (few === undefined || many === undefined || few === many) return [];
  const row = (what: string, of: (one: Growth) => number | null | undefined): string[][] => {
    const [small, large] = [of(few), of(many)];
    const name = `${what}, ${many.services} services to ${few.services}`;
    return typeof small === "number" && typeof large === "number"
      ? [[name, (large / small).toFixed(2), ""]]
      : [];
  };
  return [
    ...row("resources", ({ resources }) => resources),
    ...row("topology", ({ topologyMs }) => topologyMs),
    ...row("program", ({ programSeconds }) => programSeconds),
    ...row("program's memory", ({ programMB }) => programMB),
    ...row("up, fresh", ({ up }) => up?.fresh),
    ...row("up, unchanged", ({ up }) => up?.unchanged),
  ];
}

function growthTable({ growth }: Results): Table {
  return {
    title: "Growth",
    head: ["Services", "Resources", "Topology", "Program", "Memory", "Up, fresh", "Up, unchanged"],
    rows: growth.map(({ services, resources, topologyMs, programSeconds, programMB, up }) => [
      String(services),
      String(resources),
      show(topologyMs, "ms"),
      show(programSeconds, "s"),
      shown(programMB, "MB"),
      shown(up?.fresh, "s"),
      shown(up?.unchanged, "s"),
    ]),
  };
}

/** Places on the page, each with its own results. */
export type Place = "measured" | "media" | "data" | "hosts" | "proxy" | "plans";

const tables: Record<Place, (results: Results) => Table[]> = {
  measured: (results) =>
    [ratioTable(results), figureTable(results), growthTable(results)].filter(({ rows }) => rows.length > 0),
  media: ({ media }) => [...media],
  hosts: ({ hosts }) => [...hosts],
  proxy: ({ proxy }) => [...proxy],
  plans: ({ plans }) => [...plans],
  data: ({ data: { figures, tables: further } }) =>
    figures.length === 0 ? [] : [figureTable({ figures }, "Backups and restores"), ...further],
};

/** For the terminal. */
export function asText(results: Results): string {
  const shown = Object.values(tables).flatMap((of) => of(results));
  const parts = shown.map(({ title, head, rows }) => {
    const all = [head, ...rows];
    const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
    const lines = all.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
    return [title, ...lines.map((line) => `  ${line.trimEnd()}`)].join("\n");
  });
  return [results.circumstances, ...parts].join("\n\n");
}

function asMarkdown(results: Results, place: Place): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const parts = tables[place](results).map(({ title, head, rows }) =>
    [`### ${title}`, "", line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n"),
  );
  return [results.circumstances, ...parts].join("\n\n");
}

const page = join(projectDir, "docs", "bench.md");

/** Puts the results between the page's marks; the rest of it is written by hand. */
export async function writePage(results: Results, places: readonly Place[]): Promise<void> {
  const text = places.reduce(
    (now, place) => {
      const marked = new RegExp(`(<!-- ${place} -->\\n)[^]*?(<!-- end of ${place} -->)`);
      if (!marked.test(now))
        throw new Error(`${page} has no place for results: <!-- ${place} --> ... <!-- end of ${place} -->`);
      return now.replace(
        marked,
        (_, start: string, end: string) => `${start}\n${asMarkdown(results, place)}\n\n${end}`,
      );
    },
    readFileSync(page, "utf8"),
  );
  const style = JSON.parse(readFileSync(join(projectDir, ".prettierrc.json"), "utf8")) as object;
  writeFileSync(page, await format(text, { ...style, parser: "markdown" }));
}
