/** What needs nothing but Node: the plan, the program inside the engine, the tests. */
import { engineConfig, projectDir, stackConfig } from "../test/helpers/stacks";
import { runFake } from "./fakeEngine";
import { budgets, type Figure, figure } from "./figures";
import { run, succeed } from "./process";

const MB = 1024 ** 2 / 1000 ** 2;

/** `npm run plan -- local`, as npm starts it. */
export async function measurePlan(runs: number): Promise<Figure[]> {
  const seconds: number[] = [];
  for (let i = 0; i < runs; i++) {
    const args = [require.resolve("tsx/cli"), "cli/main.ts", "plan", "local"];
    seconds.push((await succeed(process.execPath, args, { cwd: projectDir })).seconds);
  }
  return [figure("npm run plan -- local", "s", seconds, { budget: budgets.planSeconds })];
}

export interface ProgramCost {
  seconds: number;
  /** Largest resident set; null where the kernel doesn't tell. */
  MB: number | null;
  resources: number;
}

/** One run of a program in the fake engine. */
export async function programCost(options: Parameters<typeof runFake>[0]): Promise<ProgramCost> {
  const { seconds, maxRssMiB, resources } = await runFake(options);
  return { seconds, MB: maxRssMiB === null ? null : maxRssMiB * MB, resources: resources.length };
}

/** The real program with the settings of the stack `local`. */
export async function measureProgram(runs: number): Promise<Figure[]> {
  const costs: ProgramCost[] = [];
  for (let i = 0; i < runs; i++)
    costs.push(
      await programCost({
        projectDir,
        project: "muster",
        stack: "local",
        ...engineConfig(stackConfig("local")),
      }),
    );
  const memory = costs.flatMap(({ MB: used }) => used ?? []);
  return [
    figure(
      "program inside the engine",
      "s",
      costs.map(({ seconds }) => seconds),
      { budget: budgets.programSeconds },
    ),
    figure("program inside the engine, memory (the most of all runs)", "MB", memory, {
      budget: budgets.programMB,
      of: (values) => Math.max(...values),
    }),
  ];
}

/** `npm test`, once. Failing tests count as a failure of the bench: their time says nothing. */
export async function measureTests(): Promise<Figure[]> {
  const { code, output, seconds } = await run("npm", ["test"], { cwd: projectDir });
  if (code !== 0) throw new Error(`npm test failed after ${seconds.toFixed(1)} s:\n${lastLines(output, 25)}`);
  return [figure("npm test", "s", [seconds], { budget: budgets.testSeconds })];
}

const lastLines = (text: string, count: number): string =>
  text.trimEnd().split("\n").slice(-count).join("\n");
