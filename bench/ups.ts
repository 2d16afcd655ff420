/** Our own `up` against a flat Pulumi program with the same resources, on a real engine, in turns. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { RecordedResource } from "../test/helpers/graph";
import { engineConfig, projectDir, type StackConfig } from "../test/helpers/stacks";
import { type Name, settings } from "./chat";
import { runFake } from "./fakeEngine";
import { budgets, type Figure, figure, ratioFigure } from "./figures";
import { differences, flatProgram } from "./flat";
import { CliProgram } from "./program";
import { type Chain, HealthWaits, longestChain } from "./waits";
import type { Workshop } from "./workshop";

/** What our program registers, from the fake engine. */
async function recorded(dir: string, stack: Name, config: StackConfig): Promise<readonly RecordedResource[]> {
  const options = { projectDir: dir, project: "muster", stack, ...engineConfig(config) };
  return (await runFake(options)).resources;
}

/** A stack's file, as the CLI reads it. */
export function writeStackFile(
  dir: string,
  project: string,
  stack: string,
  values: Record<string, unknown>,
): void {
  const config = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [`${project}:${key}`, value]),
  );
  writeFileSync(join(dir, `Pulumi.${stack}.yaml`), JSON.stringify({ config }));
}

async function makeOurs(workshop: Workshop): Promise<CliProgram> {
  const dir = workshop.copyProject("ours");
  writeStackFile(dir, "muster", "bench", settings("bench", workshop.overrides).values);
  const program = new CliProgram("bench", dir, join(workshop.dir, "state-ours"));
  await program.init();
  return program;
}

/** Generates the flat program, and makes sure that it asks for the same as ours does. */
async function makeFlat(workshop: Workshop): Promise<CliProgram> {
  const stack = "bench-flat";
  const dir = join(workshop.dir, "flat");
  const config = settings(stack, workshop.overrides);
  const ours = await recorded(projectDir, stack, config);
  mkdirSync(dir);
  writeFileSync(join(dir, "index.js"), flatProgram(ours));
  writeFileSync(join(dir, "package.json"), JSON.stringify({ name: "flat", private: true, main: "index.js" }));
  // The same runtime with the same options.
  const { runtime } = parse(readFileSync(join(projectDir, "Pulumi.yaml"), "utf8")) as { runtime: unknown };
  writeFileSync(join(dir, "Pulumi.yaml"), JSON.stringify({ name: "muster", runtime }));
  for (const file of ["tsconfig.json", "tsconfig.pulumi.json"])
    cpSync(join(projectDir, file), join(dir, file));
  workshop.linkModules(dir);
  const unlike = differences(ours, await recorded(dir, stack, { values: {}, encrypted: [] }));
  if (unlike.length > 0) throw new Error(`the flat program isn't the same:\n${unlike.join("\n")}`);
  const program = new CliProgram(stack, dir, join(workshop.dir, "state-flat"));
  await program.init();
  return program;
}

interface Rounds {
  fresh: number[];
  unchanged: number[];
}

export async function measureUps(
  workshop: Workshop,
  rounds: number,
  say: (line: string) => void,
): Promise<Figure[]> {
  const programs = { bench: await makeOurs(workshop), "bench-flat": await makeFlat(workshop) };
  const resources = await recorded(projectDir, "bench", settings("bench", workshop.overrides));
  const seconds: Record<Name, Rounds> = {
    bench: { fresh: [], unchanged: [] },
    "bench-flat": { fresh: [], unchanged: [] },
  };
  const chains: Chain[] = [];
  for (let round = 0; round < rounds; round++) {
    // Whoever comes second finds warmer caches: in turns.
    const order: Name[] = round % 2 === 0 ? ["bench", "bench-flat"] : ["bench-flat", "bench"];
    for (const name of order) {
      const program = programs[name];
      const waits = await HealthWaits.listen(workshop.docker, name);
      try {
        seconds[name].fresh.push(await program.fresh());
        if (name === "bench") chains.push(longestChain(resources, waits.seconds()));
      } finally {
        waits.end();
      }
      seconds[name].unchanged.push(await program.unchanged());
      await program.destroy();
      const [fresh, unchanged] = [seconds[name].fresh.at(-1) ?? 0, seconds[name].unchanged.at(-1) ?? 0];
      say(`round ${round + 1}, ${name}: fresh ${fresh.toFixed(1)} s, unchanged ${unchanged.toFixed(1)} s`);
    }
  }
  say(`longest chain of health waits: ${chains.at(-1)?.containers.join(" -> ") ?? ""}`);
  return figuresOf(seconds, chains, resources.length);
}

function figuresOf(seconds: Record<Name, Rounds>, chains: readonly Chain[], resources: number): Figure[] {
  const { bench: ours, "bench-flat": flat } = seconds;
  const own = ours.fresh.map((fresh, round) => fresh - (chains[round]?.seconds ?? NaN));
  const budget = { budget: budgets.upRatio };
  return [
    ratioFigure("up, fresh: ours to flat", ours.fresh, flat.fresh, budget.budget),
    ratioFigure("up, unchanged: ours to flat", ours.unchanged, flat.unchanged, budget.budget),
    figure(`up, fresh: ours (${resources} resources)`, "s", ours.fresh),
    figure("up, fresh: flat", "s", flat.fresh),
    figure("up, unchanged: ours", "s", ours.unchanged),
    figure("up, unchanged: flat", "s", flat.unchanged),
    figure(
      "longest chain of health waits",
      "s",
      chains.map((chain) => chain.seconds),
    ),
    figure("up, fresh: ours without those waits", "s", own, { budget: budgets.upWithoutWaitsSeconds }),
  ];
}

/** The same figures, unmeasured. */
export const skippedUps = (): Figure[] => [
  figure("up, fresh: ours to flat", "times", [], { budget: budgets.upRatio }),
  figure("up, unchanged: ours to flat", "times", [], { budget: budgets.upRatio }),
  figure("up, fresh: ours without those waits", "s", [], { budget: budgets.upWithoutWaitsSeconds }),
];
