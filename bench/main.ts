/**
 * `npm run bench`: measures the budgets, one run, medians, and prints one table. What needs the Pulumi CLI or
 * Docker is skipped, loudly, where they are missing.
 */
import { cpus, loadavg } from "node:os";
import { Command } from "commander";
import { lanAddresses } from "../cli/lan";
import { missingParts } from "../test/e2e/parts";
import { measureData } from "./data";
import { measureHosts } from "./hosts";
import { type Figure, verdict } from "./figures";
import { type Growth, measureGrowth } from "./grow";
import { measurePlan, measureProgram, measureTests } from "./offline";
import { measureProxy } from "./proxy";
import { measureRelay } from "./media/relay";
import { measureRest } from "./media/rest";
import { stopRunning, unlessStopping } from "./process";
import { pulumiVersion } from "./program";
import { asText, type Place, type Results, type Table, writePage } from "./report";
import { measureUps, skippedUps } from "./ups";
import { Workshop } from "./workshop";

const parts = [
  "plan",
  "program",
  "tests",
  "ups",
  "growth",
  "media",
  "data",
  "hosts",
  "proxy",
  "plans",
] as const;
type Part = (typeof parts)[number];

/** What stands together on the page is written together: a part alone would take the others' results away. */
const places: Readonly<Record<Place, readonly Part[]>> = {
  measured: ["plan", "program", "tests", "ups", "growth"],
  media: ["media"],
  data: ["data"],
  hosts: ["hosts"],
  proxy: ["proxy"],
  plans: ["plans"],
};

interface Options {
  quick: boolean;
  strict: boolean;
  write: boolean;
  rounds?: number;
  only: Part[];
}

const say = (line: string): void => console.error(line);

function readOptions(): Options {
  const list = (text: string): Part[] => {
    const wanted = text.split(",");
    const unknown = wanted.filter((part) => !(parts as readonly string[]).includes(part));
    if (unknown.length > 0) throw new Error(`--only takes ${parts.join(", ")}; given: ${unknown.join(", ")}`);
    return wanted as Part[];
  };
  const count = (text: string): number => {
    if (/^[1-9]\d*$/.test(text)) return Number(text);
    throw new Error(`--rounds takes a whole number from 1; given: ${text}`);
  };
  return new Command("bench")
    .description("Measures the budgets; see docs/bench.md.")
    .option("--quick", "fewer runs, and no real ups for growth", false)
    .option("--strict", "exit code 1 where a budget is missed", false)
    .option("--write", "write the results into docs/bench.md", false)
    .option(
      "--rounds <number>",
      "rounds of real ups, of the relay, of backups and of the proxy (default: 3, or 1 with --quick)",
      count,
    )
    .option("--only <parts>", `some of ${parts.join(",")}`, list, [...parts])
    .parse()
    .opts<Options>();
}

async function main(): Promise<void> {
  const { quick, strict, write, only, rounds = quick ? 1 : 3 } = readOptions();
  const wants = (part: Part): boolean => only.includes(part);
  const written = (Object.keys(places) as Place[]).filter((place) => places[place].every(wants));
  if (write && written.length === 0)
    throw new Error(
      `--write needs all of ${places.measured.join(", ")}, or media, data, hosts, proxy or plans; given: ${only.join(", ")}`,
    );
  const runs = quick ? { plan: 3, program: 2 } : { plan: 7, program: 5 };
  const load = loadavg()[0] ?? 0;
  const figures: Figure[] = [];
  let growth: Growth[] = [];
  const media: Table[] = [];
  let data: Results["data"] = { figures: [], tables: [] };
  const hosts: Table[] = [];
  const proxy: Table[] = [];
  const plans: Table[] = [];
  const failed: string[] = [];
  /** What fails leaves the other parts alone. */
  const measure = async (part: Part, title: string, how: () => Promise<void>): Promise<void> => {
    if (!wants(part)) return;
    say(`Measuring ${title} ...`);
    try {
      await how();
    } catch (error) {
      await unlessStopping();
      failed.push(title);
      say(`FAILED, ${title}: ${(error as Error).message}`);
    }
  };
  const add = async (found: Promise<Figure[]>): Promise<void> => {
    figures.push(...(await found));
  };

  await measure("plan", "the plan", () => add(measurePlan(runs.plan)));
  await measure("plans", "the plan and its page", async () => {
    const { measurePlans } = await import("./plans.js");
    plans.push(...measurePlans(quick ? 3 : 15, say));
  });
  await measure("program", "the program inside the engine", () => add(measureProgram(runs.program)));
  await measure("tests", "npm test", () => add(measureTests()));
  const needsWorkshop =
    wants("ups") ||
    wants("media") ||
    wants("data") ||
    wants("hosts") ||
    wants("proxy") ||
    (wants("growth") && !quick);
  const workshop = needsWorkshop ? await openWorkshop() : undefined;
  try {
    await measure("ups", "real ups", () =>
      add(workshop === undefined ? Promise.resolve(skippedUps()) : measureUps(workshop, rounds, say)),
    );
    await measure("growth", "growth", async () => {
      growth = await measureGrowth(runs.program, quick ? undefined : workshop, say);
    });
    const [address] = lanAddresses();
    if (workshop !== undefined && address !== undefined) {
      await measure("media", "the relay", async () => {
        media.push(...(await measureRelay(workshop, address, { rounds, seconds: quick ? 2 : 5 }, say)));
      });
      await measure("media", "the whole stack's memory at rest", async () => {
        media.push(...(await measureRest(workshop, address, say)));
      });
    } else if (wants("media"))
      say("SKIPPED, the relay and memory at rest: no Docker, or no LAN address here.");
    if (workshop !== undefined)
      await measure("data", "backups and restores", async () => {
        data = await measureData(workshop, rounds, say);
      });
    else if (wants("data")) say("SKIPPED, backups and restores: no Docker here.");
    if (workshop !== undefined)
      await measure("hosts", "a machine over SSH", async () => {
        hosts.push(...(await measureHosts(rounds, say)));
      });
    if (workshop !== undefined)
      await measure("proxy", "the reverse proxy", async () => {
        proxy.push(...(await measureProxy({ rounds, seconds: quick ? 3 : 10 }, say)));
      });
  } finally {
    await workshop?.remove();
  }

  const results = {
    figures,
    growth,
    media,
    data,
    hosts,
    proxy,
    plans,
    circumstances: await circumstances(workshop, quick, load),
  };
  console.log(`\n${asText(results)}`);
  if (write && failed.length === 0) await writePage(results, written);
  const over = [...figures, ...data.figures].filter((figure) => verdict(figure) === "over");
  if (over.length > 0) console.log(`\nOver budget: ${over.map(({ what }) => what).join("; ")}`);
  if (failed.length > 0) console.log(`\nFailed, see above: ${failed.join("; ")}`);
  if (failed.length > 0 || (strict && over.length > 0)) process.exitCode = 1;
}

/** @returns nothing where real ups can't be measured here. */
async function openWorkshop(): Promise<Workshop | undefined> {
  const missing = await missingParts();
  if (missing.length > 0) {
    say("SKIPPED, all that needs real ups. Missing:");
    for (const part of missing) say(`  - ${part}`);
    return undefined;
  }
  const workshop = new Workshop();
  const interrupted = async (): Promise<void> => {
    say("Interrupted: removing what the bench made ...");
    await stopRunning();
    await workshop.remove();
    process.exit(130);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => {
      interrupted().catch(fail);
    });
  try {
    await workshop.open(say);
    return workshop;
  } catch (error) {
    await workshop.remove();
    throw error;
  }
}

async function circumstances(workshop: Workshop | undefined, quick: boolean, load: number): Promise<string> {
  const { length: cores } = cpus();
  const engine = workshop === undefined ? [] : [`Docker ${(await workshop.docker.version()).Version}`];
  const machine = [
    `${cores} cores`,
    process.platform,
    `Node ${process.versions.node}`,
    ...engine,
    `Pulumi ${pulumiVersion}`,
  ];
  const date = new Date().toISOString().slice(0, 10);
  const how = `Medians${quick ? "; a quick run, with few rounds" : ""}.`;
  return `Measured on ${date}: ${machine.join(", ")}. ${how} Load before the start: ${load.toFixed(1)}.`;
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

main().catch(fail);
