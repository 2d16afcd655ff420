/**
 * drift.ts STACK PREVIEW CODE: one issue while a stack is other than its settings, closed once it is as they say. PREVIEW
 * has what a preview with a refresh has printed, CODE is how it has ended.
 */
import { z } from "zod";
import { UserError } from "../../cli/errors";
import { backedUpIn, previewFrom } from "../../cli/planDiff";
import { projectDir } from "../../cli/project";
import { previewAsMarkdown } from "../../stacks/plan/diff/markdown";
import { changesNothing, type PreviewDiff, previewDiff } from "../../stacks/plan/diff/preview";
import { revisionOf } from "../../stacks/plan/revision";
import { argument, GitHub, ownLogin, runScript } from "./github";

/** How the engine ends where it would change what nobody expects it to: `ExitNoChanges` of Pulumi's own. */
const changesCode = 7;

const issue = z.object({
  number: z.number(),
  body: z.string().nullish(),
  user: z.object({ login: z.string(), type: z.string() }).nullable(),
  pull_request: z.unknown().optional(),
});

/**
 * Opens, renews or closes the issue.
 * @returns what it has done, in words.
 */
export async function reportDrift(
  stack: string,
  file: string,
  code: number,
  env = process.env,
): Promise<string> {
  const github = GitHub.fromEnvironment(env);
  const drift = driftOf(stack, file, code);
  const mark = `<!-- muster:drift ${stack} -->`;
  const issues = await github.list("/issues?state=open&sort=created&direction=desc", issue);
  const open = issues.find(
    ({ body, user, pull_request: isPull }) =>
      isPull === undefined &&
      user?.login === ownLogin &&
      user.type === "Bot" &&
      body?.startsWith(mark) === true,
  );
  if (drift === undefined) {
    if (open !== undefined) await close(github, open.number);
    return `${stack} is as its settings say${open === undefined ? "" : `: issue ${open.number} is closed`}.`;
  }
  const text = { title: `${stack} is other than its settings`, body: `${mark}\n\n${words(stack, drift)}` };
  const { number } =
    open === undefined
      ? await github.ask("POST", "/issues", issue, text)
      : await github.ask("PATCH", `/issues/${open.number}`, issue, text);
  return `${stack} has drifted: issue ${number} is ${open === undefined ? "opened" : "renewed"}.`;
}

/** What an `up` would do; `undefined` for nothing. @throws UserError where nobody can tell. */
function driftOf(stack: string, file: string, code: number): PreviewDiff | undefined {
  const known = code === 0 || code === changesCode;
  const found = known
    ? previewDiff(previewFrom(file), backedUpIn(revisionOf(projectDir, [stack])))
    : undefined;
  if (found === undefined || found.failed)
    throw new UserError(
      `Whether ${stack} has drifted can't be told: the preview has failed.\n  given:   exit code ${code}\n  fix:     see its own words in the step before; the issue stays as it is`,
    );
  return code === 0 && changesNothing(found) ? undefined : found;
}

async function close(github: GitHub, number: number): Promise<void> {
  const text = { body: "No drift any more." };
  await github.ask("POST", `/issues/${number}/comments`, z.unknown(), text);
  await github.ask("PATCH", `/issues/${number}`, issue, { state: "closed", state_reason: "completed" });
}

const words = (stack: string, drift: PreviewDiff): string =>
  [
    "Somebody, or something, has changed it beside its settings; or what is on the main branch isn't deployed yet.",
    `What an \`up\` of \`${stack}\` would do:`,
    previewAsMarkdown(drift),
    `Look with \`npm run preview -- ${stack} --refresh --run-program --diff\`, then deploy again; or put the change into the settings. This text is renewed by each run, and the issue is closed once nothing differs.`,
  ].join("\n\n");

if (require.main === module)
  runScript(() =>
    reportDrift(argument(0, "stack"), argument(1, "preview"), Number(argument(2, "exit code"))),
  );
