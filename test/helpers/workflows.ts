/** The workflows of `.github/workflows`, as data. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { projectDir } from "./stacks";

export interface Step {
  name?: string;
  id?: string;
  uses?: string;
  run?: string;
  if?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}
export interface Job {
  if?: string;
  permissions?: Record<string, string>;
  environment?: string;
  concurrency?: { group: string; "cancel-in-progress": unknown };
  "timeout-minutes"?: number;
  "runs-on": string;
  env?: Record<string, string>;
  needs?: string;
  steps: Step[];
}
export interface Workflow {
  name: string;
  on: Record<string, { workflows?: string[]; branches?: string[] } | null>;
  permissions: Record<string, string>;
  concurrency?: { group: string; "cancel-in-progress": unknown };
  env?: Record<string, string>;
  jobs: Record<string, Job>;
}

const folder = join(projectDir, ".github/workflows");

/** Every workflow by its file's name, with the text it was read from. */
export const workflows: readonly { file: string; text: string; workflow: Workflow }[] = readdirSync(folder)
  .sort()
  .map((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    return { file, text, workflow: parse(text) as Workflow };
  });

/** Every job, with the workflow it is in. */
export const jobs = workflows.flatMap(({ file, workflow }) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({ file, name: `${file}, ${name}`, workflow, job })),
);

/** What a step of a workflow runs: the first that says so. */
export function runOf(file: string, part: string): string {
  const found = jobs
    .filter((one) => one.file === file)
    .flatMap(({ job }) => job.steps)
    .find(({ run }) => run?.includes(part));
  if (found?.run === undefined) throw new Error(`${file} runs nothing with ${part}`);
  return found.run;
}
