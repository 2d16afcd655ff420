/**
 * comment.ts FILE: what a pull request changes, as one comment on it, edited in place. FILE is what compare.ts has
 * written in the pull request's own job: anybody may have made it. It is plans and nothing else here, and the words are
 * this revision's own.
 */
import { lstatSync, readFileSync } from "node:fs";
import { z } from "zod";
import { UserError } from "../../cli/errors";
import { reportOf } from "../../cli/planDiff";
import { type Comparison, readComparison } from "../../stacks/plan/comparison";
import { diffAsMarkdown } from "../../stacks/plan/diff/markdown";
import { argument, GitHub, ownLogin, readEvent, runScript } from "./github";

/** Plans of a hundred stacks are smaller. */
const mostBytes = 8 * 1024 * 1024;

const repository = z.object({ full_name: z.string(), owner: z.object({ login: z.string() }) });
const event = z.object({
  workflow_run: z.object({
    id: z.number(),
    event: z.string(),
    head_sha: z.string().regex(/^[0-9a-f]{40}$/),
    head_branch: z.string().nullable(),
    head_repository: repository.nullable(),
  }),
  repository: z.object({ default_branch: z.string() }),
});
const pull = z.object({
  number: z.number(),
  head: z.object({ sha: z.string(), repo: z.object({ full_name: z.string() }).nullable() }),
  base: z.object({ ref: z.string() }),
});
const comment = z.object({
  id: z.number(),
  body: z.string().nullish(),
  user: z.object({ login: z.string(), type: z.string() }).nullable(),
});
type Comment = z.output<typeof comment>;

const markStart = "<!-- muster:plan ";
const mark = (sha: string, preview: boolean): string =>
  `${markStart}${sha} ${preview ? "with a preview" : "without a preview"} -->`;

/**
 * Comments, or edits its comment.
 * @returns what it has done, in words.
 */
export async function commentOn(file: string, env = process.env): Promise<string> {
  const github = GitHub.fromEnvironment(env);
  const run = readEvent(event, env);
  const comparison = comparisonFrom(file);
  const number = await pullOf(github, run);
  const { head_sha: sha } = run.workflow_run;
  if (number === undefined) return `No open pull request has ${sha} as its newest commit: nothing to say.`;
  return say(github, number, sha, comparison);
}

/** @throws UserError for whatever is no comparison. */
function comparisonFrom(file: string): Comparison {
  const { size } = lstatSync(file);
  const comparison =
    lstatSync(file).isFile() && size <= mostBytes ? readComparison(readFileSync(file, "utf8")) : undefined;
  if (comparison === undefined)
    throw new UserError(
      `The plan's job has left no comparison.\n  given:   ${size} bytes\n  allowed: what scripts/ci/compare.ts writes, ${mostBytes} bytes at most\n  fix:     look at that job's own log`,
    );
  return comparison;
}

/**
 * The pull request whose newest commit the run was for: found by what GitHub says of the run, never by what the run has
 * left. A fork's event doesn't name it.
 */
async function pullOf(
  github: GitHub,
  { workflow_run: run, repository: ours }: z.output<typeof event>,
): Promise<number | undefined> {
  const { head_branch: branch, head_repository: from } = run;
  if (run.event !== "pull_request" || branch === null || from === null) return undefined;
  const head = encodeURIComponent(`${from.owner.login}:${branch}`);
  const pulls = await github.list(`/pulls?state=open&head=${head}`, pull);
  return pulls.find(
    (one) =>
      one.head.sha === run.head_sha &&
      one.head.repo?.full_name === from.full_name &&
      one.base.ref === ours.default_branch,
  )?.number;
}

async function say(github: GitHub, number: number, sha: string, comparison: Comparison): Promise<string> {
  const comments = await github.list(`/issues/${number}/comments?`, comment);
  const own = comments.find(isOwn);
  if (comparison.preview === null && own?.body?.startsWith(mark(sha, true)) === true)
    return `Pull request ${number}: its comment has this commit's preview already, and stays.`;
  const body = { body: textOf(sha, comparison) };
  if (own === undefined) await github.ask("POST", `/issues/${number}/comments`, comment, body);
  else await github.ask("PATCH", `/issues/comments/${own.id}`, comment, body);
  return `Pull request ${number}: ${own === undefined ? "commented" : "comment edited"}.`;
}

/** Anybody can write our mark; nobody else is this author. */
const isOwn = ({ body, user }: Comment): boolean =>
  user?.login === ownLogin && user.type === "Bot" && body?.startsWith(markStart) === true;

function textOf(sha: string, { base, head, preview }: Comparison): string {
  const before = { name: "the target branch", revision: base ?? undefined };
  return [
    mark(sha, preview !== null),
    "### What this changes",
    diffAsMarkdown(reportOf(before, head, preview ?? undefined)),
    `<sub>Worked out by the pull request's own code, for ${sha.slice(0, 12)}.</sub>`,
  ].join("\n\n");
}

if (require.main === module) runScript(() => commentOn(argument(0, "file")));
