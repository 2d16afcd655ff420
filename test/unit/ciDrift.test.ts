import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needsApproval } from "../../scripts/ci/approval";
import { reportDrift } from "../../scripts/ci/drift";
import { GitHubApi } from "../helpers/github";
import { previewFile } from "../helpers/previews";

describe("the issue about drift", () => {
  let github: GitHubApi;
  const look = (name: "drift" | "refreshed" | "region", code: number, stack = "prod"): Promise<string> =>
    reportDrift(stack, previewFile(name), code, github.env());

  beforeEach(async () => {
    github = await GitHubApi.start();
  });
  afterEach(() => github.stop());

  it("is opened once, renewed while it lasts, and closed when it is gone", async () => {
    expect(await look("refreshed", 0)).toBe("prod is as its settings say.");
    expect(await look("drift", 7)).toBe("prod has drifted: issue 101 is opened.");
    const [issue] = github.issues;
    expect(issue).toMatchObject({ title: "prod is other than its settings", state: "open" });
    expect(issue?.body).toContain("the disk disk-main isn't there any more, and is made anew");
    expect(await look("drift", 7)).toBe("prod has drifted: issue 101 is renewed.");
    expect(issue?.comments).toEqual([]);
    expect(await look("refreshed", 0)).toBe("prod is as its settings say: issue 101 is closed.");
    expect(issue).toMatchObject({ state: "closed", comments: [{ body: "No drift any more." }] });
    expect(await look("drift", 7)).toBe("prod has drifted: issue 103 is opened.");
  });

  it("is each stack's own, and nobody else's with the same mark", async () => {
    await look("drift", 7, "dev");
    const dev = structuredClone(github.issues);
    github.actor = { login: "someone", type: "User" };
    await look("drift", 7);
    github.actor = { login: "github-actions[bot]", type: "Bot" };
    expect(await look("drift", 7)).toBe("prod has drifted: issue 103 is opened.");
    expect(await look("refreshed", 0)).toBe("prod is as its settings say: issue 103 is closed.");
    expect(github.issues.map(({ number, state }) => [number, state])).toEqual([
      [101, "open"],
      [102, "open"],
      [103, "closed"],
    ]);
    expect(github.issues[0]).toEqual(dev[0]);
  });

  it("is left as it is where nobody can tell: a failed preview is neither drift nor its end", async () => {
    await look("drift", 7);
    github.forget();
    for (const code of [1, 255, Number.NaN])
      await expect(look("refreshed", code)).rejects.toThrow(
        /^Whether prod has drifted can't be told: the preview has failed\./,
      );
    await expect(look("region", 7)).rejects.toThrow(/can't be told/);
    const folder = mkdtempSync(join(tmpdir(), "muster-drift-"));
    writeFileSync(join(folder, "empty"), "");
    await expect(reportDrift("prod", join(folder, "empty"), 0, github.env())).rejects.toThrow(
      /holds no preview/,
    );
    rmSync(folder, { recursive: true });
    expect(github.changes).toEqual([]);
  });
});

describe("a deployment", () => {
  it("needs an environment that somebody must approve", async () => {
    const github = await GitHubApi.start();
    try {
      const ask = (): Promise<string> => needsApproval("prod", github.env());
      await expect(ask()).rejects.toThrow(
        /^GitHub refuses GET \/environments\/prod\.\n {2}given: {3}404: Not Found/,
      );
      github.environments.set("prod", [{ type: "branch_policy" }]);
      await expect(ask()).rejects.toThrow(
        /^Nobody must approve what goes to the environment prod: nothing is deployed\./,
      );
      github.environments.set("prod", [{ type: "branch_policy" }, { type: "required_reviewers" }]);
      expect(await ask()).toBe("Somebody must approve what goes to the environment prod.");
    } finally {
      await github.stop();
    }
  });
});
