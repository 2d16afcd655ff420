/** `npm run plan`: what stacks will be, with nothing but Node, and what changes since another revision. */
import { writeFileSync } from "node:fs";
import { planOf } from "../stacks/plan";
import { revisionOf } from "../stacks/plan/revision";
import { errorsOf } from "../stacks/topology";
import { UserError } from "./errors";
import { planned } from "./load";
import { describePlan } from "./planText";
import { projectDir } from "./project";

export interface PlanOptions {
  /** Every stack of the project. */
  all?: true;
  json?: true;
  /** File to write the page to. */
  html?: string;
  /** A git revision, or a file that `--json --all` has written. */
  diff?: string;
  /** File with what `npm run -s preview -- STACK --json` prints. */
  preview?: string;
  markdown?: true;
}

/**
 * Shows plans in the form that is asked for; the exit code tells whether an `up` would be refused for its settings.
 * @throws UserError where the options don't go together.
 */
export async function plan(stack: string | undefined, options: PlanOptions = {}): Promise<void> {
  const problem = misuse(stack, options);
  if (problem !== undefined) throw new UserError(`npm run plan: ${problem}`);
  if (options.diff !== undefined) await showDiff(stack, options.diff, options);
  else if (stack === undefined) showAll();
  else await showOne(stack, options);
}

/** What is wrong with the options together. */
function misuse(stack: string | undefined, options: PlanOptions): string | undefined {
  const { all, json, html, diff, preview, markdown } = options;
  if (stack !== undefined && all === true) return "either a stack or --all\n  fix:     leave one out";
  if (diff === undefined && (preview !== undefined || markdown === true))
    return "--preview and --markdown go with --diff\n  fix:     add --diff REVISION";
  if (diff !== undefined && (json === true || html !== undefined))
    return "--diff goes with neither --json nor --html\n  fix:     leave one out";
  if (json === true && html !== undefined) return "either --json or --html\n  fix:     leave one out";
  if (stack === undefined && diff === undefined && json !== true)
    return "which stack?\n  allowed: a stack's name; --all with --json or --diff\n  fix:     npm run plan -- STACK";
  return undefined;
}

async function showDiff(
  stack: string | undefined,
  base: string,
  { preview, markdown }: PlanOptions,
): Promise<void> {
  const { diffText } = await import("./planDiff.js");
  console.log(await diffText(stack === undefined ? [] : [stack], base, { preview, markdown }));
}

/** Every stack as one document. */
function showAll(): void {
  const revision = revisionOf(projectDir);
  console.log(JSON.stringify(revision, undefined, 2));
  if (Object.keys(revision.problems).length > 0) process.exitCode = 1;
}

async function showOne(stack: string, { json, html }: PlanOptions): Promise<void> {
  const topology = planned(stack);
  const document = planOf(topology);
  if (html !== undefined) {
    const { pageOf } = await import("../stacks/plan/page/index.js");
    writeFileSync(html, pageOf(document));
    console.log(`The plan of ${stack} is in ${html}.`);
  } else console.log(json === true ? JSON.stringify(document, undefined, 2) : describePlan(document));
  if (errorsOf(topology).length > 0) process.exitCode = 1;
}
