import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "../helpers/stacks";
import { jobs, workflows } from "../helpers/workflows";

const { scripts } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
const guide = readFileSync(join(projectDir, "docs/pull-requests.md"), "utf8");
const steps = jobs.flatMap(({ name, job }) => job.steps.map((step) => ({ at: name, job, step })));
const runs = steps.flatMap(({ at, step }) => (step.run === undefined ? [] : [{ at, run: step.run }]));
const usesSecrets = (value: unknown): boolean => /\bsecrets\b/.test(JSON.stringify(value ?? null));

describe("the workflows", () => {
  it("are those that the guide is about", () => {
    expect(workflows.map(({ file }) => file)).toEqual(
      ["checks", "comment", "deploy", "drift", "plan", "preview"].map((name) => `${name}.yml`),
    );
    for (const { file, workflow } of workflows) {
      expect(`${workflow.name}.yml`).toBe(file);
      expect(guide).toContain(`\`${file}\``);
    }
  });

  it("use actions by their commit, one for each, with the version beside it", () => {
    const lines = workflows.flatMap(({ text }) => text.split("\n").filter((line) => /\buses:/.test(line)));
    expect(lines).toHaveLength(steps.filter(({ step }) => step.uses !== undefined).length);
    for (const line of lines)
      expect(line).toMatch(/^ +(- )?uses: actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    const pins = new Set(lines.map((line) => line.replace(/^.*uses: /, "")));
    expect(new Set([...pins].map((pin) => pin.split("@")[0])).size).toBe(pins.size);
  });

  it("may nothing, but for what a job asks for", () => {
    for (const { workflow } of workflows) expect(workflow.permissions).toEqual({});
    const writes = jobs.flatMap(({ name, job }) =>
      Object.entries(job.permissions ?? { "everything, by default": "write" })
        .filter(([, level]) => level !== "read")
        .map(([scope, level]) => `${name}: ${scope}: ${level}`),
    );
    expect(writes).toEqual(["comment.yml, comment: pull-requests: write", "drift.yml, drift: issues: write"]);
  });

  it("never run another's code with rights", () => {
    for (const { workflow, text } of workflows) {
      expect(Object.keys(workflow.on)).not.toContain("pull_request_target");
      expect(text).not.toMatch(/^\s+ref:/m);
    }
    for (const { workflow, job, name } of jobs) {
      if (!usesSecrets(job)) continue;
      // Whoever gets secrets waits for the environment's rules; a fork's pull request never does.
      expect({ name, environment: job.environment }).toEqual({ name, environment: expect.any(String) });
      expect(job.if ?? workflow.jobs[job.needs ?? ""]?.if).toMatch(/^vars\.MUSTER_STACK != '' && /);
      if ("pull_request" in workflow.on)
        expect(job.if).toContain("github.event.pull_request.head.repo.full_name == github.repository");
      else expect(job.if ?? workflow.jobs[job.needs ?? ""]?.if).toContain("github.ref == 'refs/heads/main'");
    }
    for (const { file, workflow } of workflows) {
      expect({ file, env: usesSecrets(workflow.env) }).toEqual({ file, env: false });
      for (const job of Object.values(workflow.jobs)) expect(usesSecrets(job.env)).toBe(false);
    }
  });

  it("give secrets to the one step that needs them, and to none that talks to GitHub or takes a cache", () => {
    for (const { at, job, step } of steps) {
      if (usesSecrets(step)) {
        expect({ at, run: step.run }).toEqual({
          at,
          run: expect.stringMatching(/\bnpm run -s (up|preview) -- /),
        });
        expect(step.env).not.toHaveProperty("GITHUB_TOKEN");
      }
      if (
        step.uses?.startsWith("actions/setup-node@") === true &&
        (job.environment !== undefined || at.startsWith("comment"))
      )
        expect(step.with).toMatchObject({ "package-manager-cache": false });
      if (step.uses?.startsWith("actions/checkout@") === true)
        expect(step.with).toMatchObject({ "persist-credentials": false });
    }
  });

  it("put nothing that an event says into a shell", () => {
    for (const { at, run } of runs) expect({ at, found: run.includes("${{") }).toEqual({ at, found: false });
    for (const { at, step } of steps)
      for (const value of Object.values(step.env ?? {}))
        expect({ at, value }).toEqual({
          at,
          value: expect.stringMatching(/^\$\{\{ (vars|secrets|steps|github\.token)[\w.]* \}\}$/),
        });
  });

  it("end by themselves, and don't meet", () => {
    for (const { name, job, workflow } of jobs) {
      expect({ name, minutes: job["timeout-minutes"] }).toEqual({ name, minutes: expect.any(Number) });
      const reads = job.permissions?.["actions"] === "read" && job.environment === undefined;
      expect({ name, group: workflow.concurrency ?? job.concurrency ?? reads }).not.toEqual({
        name,
        group: false,
      });
    }
    const up = jobs.find(({ name }) => name === "deploy.yml, up");
    expect(up?.job.concurrency?.["cancel-in-progress"]).toBe(false);
    expect(up?.job).toMatchObject({ needs: "approval", environment: "prod" });
  });

  it("run what is there", () => {
    for (const { at, run } of runs) {
      for (const [, script = ""] of run.matchAll(/\bnpm run (?:-s )?([\w:]+)/g))
        expect({ at, script, known: Object.hasOwn(scripts, script) }).toEqual({ at, script, known: true });
      for (const [, file = ""] of run.matchAll(/\b(?:npx tsx|env .* )(\S+\.ts|\.ci\/\w+)/g))
        expect({ at, file, there: existsSync(join(projectDir, file)) }).toEqual({ at, file, there: true });
    }
    const said = runs.map(({ run }) => run).join("\n");
    for (const check of ["npm test", "typecheck", "lint", "format:check", "generate:check", ".ci/run"])
      expect(said).toContain(check);
  });

  it("hand on what another takes up", () => {
    const comment = workflows.find(({ file }) => file === "comment.yml")?.workflow;
    const from = comment?.on["workflow_run"]?.workflows ?? [];
    expect(from).toEqual(["plan", "preview"]);
    const [taken] = (comment?.jobs["comment"]?.steps ?? []).filter(({ uses = "" }) =>
      uses.includes("download-artifact"),
    );
    for (const name of from) {
      const left = steps.filter(
        ({ at, step }) => at.startsWith(`${name}.yml`) && step.uses?.includes("upload-artifact"),
      );
      expect(left.map(({ step }) => step.with?.["name"])).toEqual([taken?.with?.["name"]]);
    }
  });

  it("need nothing that the guide doesn't name", () => {
    const text = workflows.map((one) => one.text).join("\n");
    const names = [...text.matchAll(/\b(?:secrets|vars)\.(\w+)/g)].map(([, name = ""]) => name);
    const environments = jobs.flatMap(({ job }) => job.environment ?? []);
    expect(new Set(environments)).toEqual(new Set(["preview", "prod", "drift"]));
    for (const name of new Set([...names, ...environments])) expect(guide).toContain(`\`${name}\``);
  });
});
