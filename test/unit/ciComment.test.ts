import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commentOn } from "../../scripts/ci/comment";
import { comparisonOf } from "../../stacks/plan/comparison";
import { type Preview, readPreview } from "../../stacks/plan/diff/preview";
import { bot, GitHubApi, type Issue } from "../helpers/github";
import { revisionWith, shippedPlan } from "../helpers/plans";
import { previewText } from "../helpers/previews";

const sha = "a".repeat(40);
const ours = { full_name: "octo/muster", owner: { login: "octo" } };
const fork = { full_name: "someone/muster-fork", owner: { login: "someone" } };
const prod = shippedPlan("prod");
const bare = shippedPlan("prod", { edge: { provider: "none", email: "ops@example.org" } });

describe("the comment on a pull request", () => {
  let github: GitHubApi;
  let folder: string;
  const file = (): string => join(folder, "comparison.json");
  const leave = (preview?: Preview, head = bare): void =>
    writeFileSync(
      file(),
      JSON.stringify(comparisonOf(revisionWith({ prod }), revisionWith({ prod: head }), preview)),
    );
  const run = (change: Record<string, unknown> = {}): void =>
    writeFileSync(
      join(folder, "event.json"),
      JSON.stringify({
        action: "completed",
        workflow_run: {
          id: 1,
          event: "pull_request",
          head_sha: sha,
          head_branch: "feature/x&y",
          head_repository: ours,
          // Empty for a fork, and never read.
          pull_requests: [{ number: 666 }],
          ...change,
        },
        repository: { ...ours, default_branch: "main" },
      }),
    );
  const say = (): Promise<string> =>
    commentOn(file(), github.env({ GITHUB_EVENT_PATH: join(folder, "event.json") }));
  const open = (number: number, repo: typeof ours | null = ours, change: object = {}): Issue =>
    github.open({ number, head: { sha, ref: "feature/x&y", repo, ...change }, base: { ref: "main" } });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "muster-comment-"));
    github = await GitHubApi.start();
    leave();
    run();
  });
  afterEach(async () => {
    await github.stop();
    rmSync(folder, { recursive: true });
  });

  it("is one, and edited in place", async () => {
    const { comments } = open(7);
    expect(await say()).toBe("Pull request 7: commented.");
    expect(comments).toHaveLength(1);
    expect(comments[0]?.body).toContain("443/tcp of the host main, to caddy: open to Cloudflare → everyone");
    leave(undefined, prod);
    expect(await say()).toBe("Pull request 7: comment edited.");
    expect(comments).toHaveLength(1);
    expect(comments[0]?.body).toContain("Nothing changes: all plans are as those of the target branch.");
    expect(github.story).toEqual(["comment on 7", "edit comment 101"]);
  });

  it("leaves another's with the same mark alone, also that of another bot", async () => {
    const { comments } = open(7);
    await say();
    const [own] = comments.splice(0);
    if (own === undefined) throw new Error("no comment");
    const theirs = [
      { ...own, id: 1, user: { login: "someone", type: "User" as const } },
      { ...own, id: 2, user: { login: "other[bot]", type: "Bot" as const } },
      { ...own, id: 3, user: { ...bot, type: "User" as const } },
      { ...own, id: 4, user: bot, body: `quoted: ${own.body}` },
    ];
    comments.push(...structuredClone(theirs));
    expect(await say()).toBe("Pull request 7: commented.");
    expect(comments.slice(0, 4)).toEqual(theirs);
    expect(comments).toHaveLength(5);
  });

  it("is found behind hundreds of others", async () => {
    const { comments } = open(7);
    const someone = { login: "someone", type: "User" as const };
    comments.push(...Array.from({ length: 250 }, (_, id) => ({ id, body: "me too", user: someone })));
    await say();
    expect(await say()).toBe("Pull request 7: comment edited.");
    expect(comments).toHaveLength(251);
  });

  it("goes to a fork's pull request, and to none that happens to have its branch's name", async () => {
    const other = open(7);
    const theirs = open(8, fork);
    run({ head_repository: fork, pull_requests: [] });
    expect(await say()).toBe("Pull request 8: commented.");
    expect(other.comments).toEqual([]);
    expect(theirs.comments).toHaveLength(1);
  });

  it.each([
    ["a newer commit has come", { head: { sha: "b".repeat(40) } }, {}],
    ["it goes into another branch", { base: { ref: "release" } }, {}],
    ["the run wasn't for a pull request", {}, { event: "push" }],
    ["the fork is gone", {}, { head_repository: null }],
  ])("isn't made where %s", async (_, pull, workflow) => {
    const { comments } = open(7, ours, (pull as { head?: object }).head ?? {});
    Object.assign(github.pulls[0] ?? {}, "base" in pull ? { base: pull.base } : {});
    run(workflow);
    expect(await say()).toBe(`No open pull request has ${sha} as its newest commit: nothing to say.`);
    expect(comments).toEqual([]);
  });

  it("says which data are at risk, and keeps that where the plan's own job comes later", async () => {
    const { comments } = open(7);
    await say();
    leave(readPreview(previewText("region")));
    await say();
    expect(comments[0]?.body).toMatch(/### What this changes\n\n> \[!CAUTION\]\n> Data are at risk\./);
    const before = structuredClone(comments);
    leave();
    expect(await say()).toBe("Pull request 7: its comment has this commit's preview already, and stays.");
    expect(comments).toEqual(before);
    // The next commit's plan comes before its preview.
    run({ head_sha: "c".repeat(40) });
    Object.assign(github.pulls[0]?.head ?? {}, { sha: "c".repeat(40) });
    await say();
    expect(comments[0]?.body).not.toContain("at risk");
  });

  it("takes what the pull request's job has left for data: no words of it are markup, and it may not be long", async () => {
    const { comments } = open(7);
    const words = "@octocat </details> <img src=x> #1 ```\n# heading";
    const loud = {
      ...bare,
      findings: Array.from({ length: 2_000 }, (_, at) => ({
        severity: "error" as const,
        key: `${at}`,
        problem: words,
        fix: words,
      })),
    };
    leave(undefined, loud);
    await say();
    const body = comments[0]?.body ?? "";
    expect(body.length).toBeLessThanOrEqual(65_536);
    expect(body).toMatch(/left out here/);
    // In blocks alone, each within its own fence.
    for (const line of body.split("\n").filter((one) => one.includes("@octocat")))
      expect(line).toMatch(/^[+-] /);
  });

  it.each([
    ["isn't JSON", "no"],
    ["isn't a comparison", '{"schemaVersion":1}'],
    [
      "has no such stack's name",
      JSON.stringify({
        schemaVersion: 1,
        base: null,
        head: { schemaVersion: 1, stacks: {}, problems: { "<b>": "x" } },
        preview: null,
      }),
    ],
    ["is too large", `"${"x".repeat(9 * 1024 * 1024)}"`],
  ])("is refused where the file %s", async (_, text) => {
    open(7);
    writeFileSync(file(), text);
    await expect(say()).rejects.toThrow(/^The plan's job has left no comparison\.\n {2}given: {3}\d+ bytes/);
    expect(github.changes).toEqual([]);
  });

  it("follows no link that the file may be", async () => {
    open(7);
    const link = join(folder, "link.json");
    symlinkSync(file(), link);
    await expect(
      commentOn(link, github.env({ GITHUB_EVENT_PATH: join(folder, "event.json") })),
    ).rejects.toThrow(/has left no comparison/);
  });

  it("says what GitHub refuses, and what to do", async () => {
    open(7);
    github.fail({ call: "POST /repos/octo/muster/issues/:number/comments", at: 1, times: 9, status: 403 });
    await expect(say()).rejects.toThrow(
      /^GitHub refuses POST \/issues\/7\/comments\.\n {2}given: {3}403: .*\n {2}fix: {5}give the job's token the permission that docs\/pull-requests\.md names$/,
    );
    github.denied = { status: 401, message: "Bad credentials" };
    await expect(say()).rejects.toThrow(/^GitHub refuses GET .*\n {2}given: {3}401: Bad credentials\n/);
  });

  it("tries again what can be tried again, and never comments twice", async () => {
    const { comments } = open(7);
    await say();
    github.fail({ call: "PATCH /repos/octo/muster/issues/comments/:id", at: 1, times: 2, status: 502 });
    expect(await say()).toBe("Pull request 7: comment edited.");
    github.fail({ call: "PATCH /repos/octo/muster/issues/comments/:id", at: 1, times: 1, status: "cut" });
    expect(await say()).toBe("Pull request 7: comment edited.");
    comments.splice(0);
    github.forget();
    github.fail({
      call: "POST /repos/octo/muster/issues/:number/comments",
      at: 1,
      status: "cut",
      carriedOut: true,
    });
    await expect(say()).rejects.toThrow(/^GitHub can't be reached for POST/);
    expect(comments).toHaveLength(1);
    expect(github.changes).toHaveLength(1);
  });

  it("needs GitHub's own environment", async () => {
    await expect(commentOn(file(), {})).rejects.toThrow("GITHUB_REPOSITORY is missing.");
    writeFileSync(join(folder, "event.json"), "{}");
    await expect(say()).rejects.toThrow(/^This is another event than expected\./);
  });
});
