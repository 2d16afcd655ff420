import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { readComparison } from "../../stacks/plan/comparison";
import { GitHubApi } from "../helpers/github";
import { previewFile } from "../helpers/previews";
import { ProjectCopy } from "../helpers/projectCopy";
import { runOf } from "../helpers/workflows";

jest.setTimeout(180_000);

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

describe("what the workflows run, run here", () => {
  let copy: ProjectCopy;
  let temp: string;
  let github: GitHubApi;

  beforeAll(async () => {
    copy = new ProjectCopy();
    copy.edit("Pulumi.prod.yaml", (text) => text.replace("size: s-4vcpu-8gb", "size: s-8vcpu-16gb"));
    copy.commit("a larger machine");
    temp = mkdtempSync(join(tmpdir(), "muster-runner-"));
    github = await GitHubApi.start();
  });
  afterAll(async () => {
    await github.stop();
    copy.remove();
    rmSync(temp, { recursive: true });
  });

  /** As GitHub's runner does it: the text as a script for bash, which stops at the first failure. */
  function run(text: string, env: Record<string, string> = {}, path = ""): Promise<Ended> {
    const script = join(temp, "script.sh");
    writeFileSync(script, text);
    const own = {
      ...(process.env as Record<string, string>),
      RUNNER_TEMP: temp,
      GITHUB_STEP_SUMMARY: join(temp, "summary.md"),
      GITHUB_OUTPUT: join(temp, "output"),
      ...env,
    };
    const paths = [path, process.env["PATH"]].filter((one) => one !== "").join(delimiter);
    return new Promise((resolve) => {
      execFile(
        "bash",
        ["-e", script],
        { cwd: copy.folder, env: { ...own, PATH: paths } },
        (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    });
  }

  /** `npm` that notes what it is asked, says what a real engine said, and ends as that did. */
  function playedNpm(preview: string, code: number): string {
    const bin = join(temp, "bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "npm"), `#!/bin/sh\necho "$@" >${temp}/asked\ncat ${preview}\nexit ${code}\n`);
    chmodSync(join(bin, "npm"), 0o755);
    return bin;
  }
  const take = (file: string): string => {
    const text = readFileSync(join(temp, file), "utf8");
    rmSync(join(temp, file));
    return text;
  };

  it("plan.yml compares the merge with its first parent, and comment.yml says it on the pull request", async () => {
    const planned = await run(runOf("plan.yml", "compare.ts"));
    expect(planned).toMatchObject({ code: 0, stdout: "" });
    expect(take("summary.md")).toContain("! host main, size: s-4vcpu-8gb → s-8vcpu-16gb");
    const text = take("comparison.json");
    expect(readComparison(text)?.preview).toBeNull();
    mkdirSync(join(temp, "comparison"));
    writeFileSync(join(temp, "comparison/comparison.json"), text);

    const sha = "d".repeat(40);
    const repo = { full_name: "someone/fork", owner: { login: "someone" } };
    const { comments } = github.open({
      number: 9,
      head: { sha, ref: "larger", repo },
      base: { ref: "main" },
    });
    const event = join(temp, "event.json");
    const workflowRun = {
      id: 1,
      event: "pull_request",
      head_sha: sha,
      head_branch: "larger",
      head_repository: repo,
    };
    writeFileSync(
      event,
      JSON.stringify({ workflow_run: workflowRun, repository: { default_branch: "main" } }),
    );
    const env = github.env({ GITHUB_EVENT_PATH: event });
    const comment = runOf("comment.yml", "comment.ts");
    expect(await run(comment, env)).toMatchObject({ code: 0, stdout: "Pull request 9: commented.\n" });
    expect(await run(comment, env)).toMatchObject({ code: 0, stdout: "Pull request 9: comment edited.\n" });
    expect(comments).toHaveLength(1);
    expect(comments[0]?.body).toContain("prod: changes, cost up by 48.00 USD a month");
    github.denied = { status: 403, message: "Resource not accessible by integration" };
    const refused = await run(comment, env);
    github.denied = undefined;
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(
      /GitHub refuses GET .*\n {2}given: {3}403: Resource not accessible by integration/,
    );
    expect(refused.stderr).not.toMatch(/^\s+at /m);
  });

  it("preview.yml goes on with a preview that has errors, and fails at its end", async () => {
    const npm = playedNpm(previewFile("region"), 1);
    expect(
      await run(runOf("preview.yml", "npm run -s preview"), { MUSTER_STACK: "prod" }, npm),
    ).toMatchObject({ code: 0 });
    expect(take("asked")).toBe("run -s preview -- prod --json --show-sames\n");
    expect(take("output")).toBe("code=1\n");
    expect(await run(runOf("preview.yml", "compare.ts"))).toMatchObject({ code: 0 });
    expect(take("summary.md")).toMatch(/^> \[!CAUTION\]\n> Data are at risk/);
    expect(readComparison(take("comparison.json"))?.preview?.steps.length).toBeGreaterThan(0);
    expect(await run(runOf("preview.yml", "exit "), { CODE: "1" })).toMatchObject({ code: 1 });
    expect(await run(runOf("preview.yml", "exit "), { CODE: "0" })).toMatchObject({ code: 0 });
  });

  it("drift.yml takes the engine's own word for a change", async () => {
    const npm = playedNpm(previewFile("drift"), 7);
    const preview = await run(runOf("drift.yml", "npm run -s preview"), { MUSTER_STACK: "prod" }, npm);
    expect(preview).toMatchObject({ code: 0 });
    expect(take("asked")).toBe("run -s preview -- prod --refresh --run-program --expect-no-changes --json\n");
    expect(take("output")).toBe("code=7\n");
    expect(existsSync(join(temp, "preview.json"))).toBe(true);
    const env = github.env({ MUSTER_STACK: "prod", CODE: "7" });
    expect((await run(runOf("drift.yml", "drift.ts"), env)).stdout).toMatch(
      /^prod has drifted: issue \d+ is opened\.\n$/,
    );
    const failed = await run(runOf("drift.yml", "drift.ts"), { ...env, CODE: "255" });
    expect(failed).toMatchObject({ code: 1 });
    expect(failed.stderr).toContain("can't be told");
  });

  it("deploy.yml asks for reviewers first, and then brings the stack up", async () => {
    const approval = runOf("deploy.yml", "approval.ts");
    expect(await run(approval, github.env())).toMatchObject({ code: 1 });
    github.environments.set("prod", [{ type: "required_reviewers" }]);
    expect(await run(approval, github.env())).toMatchObject({ code: 0 });
    const npm = playedNpm("/dev/null", 3);
    expect(await run(runOf("deploy.yml", "npm run -s up"), { MUSTER_STACK: "prod" }, npm)).toMatchObject({
      code: 3,
    });
    expect(take("asked")).toBe("run -s up -- prod\n");
  });
});
