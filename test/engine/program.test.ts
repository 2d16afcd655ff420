import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readConfigFile } from "typescript";
import { parse } from "yaml";
import { expectedOf } from "../../policy/expected";
import { violations } from "../../policy/rules";
import { outputsOf, outputsSchema } from "../../stacks/outputs";
import { type ProgramRun, runProgram } from "../helpers/engine";
import { leakedSecrets } from "../helpers/golden";
import { isSecret, mapLeaves } from "../helpers/graph";
import { known } from "../helpers/platform";
import { engineConfig, projectDir, secretValues, stackConfig, stackTopology } from "../helpers/stacks";

// A run takes two seconds, but the machine may be busy.
jest.setTimeout(60_000);

const mail = { host: "smtp.example.org", username: "muster", from: "chat@example.org" };
const change = { edition: "enterprise", mail };
const secrets = ["licence", "mailPassword"];

describe("the program, with everything that is secret", () => {
  let run: ProgramRun;
  beforeAll(async () => {
    const config = engineConfig(stackConfig("local", change, secrets));
    run = await runProgram({ projectDir, project: "muster", stack: "local", ...config, known });
  });

  it("ends well and says nothing", () => {
    expect(run).toMatchObject({ exitCode: 0, errors: [], logs: [], stdout: "", stderr: "" });
  });

  it("gives outputs that keep their contract and are those of the topology", () => {
    expect(outputsSchema.parse(run.outputs)).toEqual(run.outputs);
    const topology = stackTopology("local", change, secrets);
    expect(run.outputs).toEqual(outputsOf(topology, (service) => `muster-local-${service}`));
    expect(run.outputs).toMatchObject({ schemaVersion: 1, edition: "licensed" });
  });

  it("has no secret in its outputs, not even as a secret: everyone may read them", () => {
    const text = JSON.stringify(run.outputs);
    for (const value of Object.values(secretValues)) expect(text).not.toContain(value);
    mapLeaves(run.outputs, (leaf) => expect(isSecret(leaf)).toBe(false));
  });

  it("shows no secret to anyone", () => {
    expect(leakedSecrets(run.resources)).toEqual([]);
    for (const value of Object.values(secretValues))
      expect(JSON.stringify([run.resources, run.logs, run.stdout, run.stderr])).not.toContain(value);
  });

  it("breaks no rule", () => {
    const expected = expectedOf(stackTopology("local", change, secrets));
    expect(violations({ resources: run.resources, expected })).toEqual([]);
  });

  it("asks no provider for anything while it runs, so that a preview needs no engine", () => {
    expect(run.invokes).toEqual([]);
    expect(run.resources.filter(({ read }) => read)).toEqual([]);
  });

  it("stays within its memory", () => {
    if (process.platform === "linux") expect(run.maxRssMiB).toBeLessThan(350);
  });
});

describe("Pulumi.yaml", () => {
  const project = parse(readFileSync(join(projectDir, "Pulumi.yaml"), "utf8")) as {
    runtime: { options: { tsconfig: string } };
    backend: { url: string };
    config: Record<string, { value?: unknown; type?: string }>;
  };

  it("lets no resource land on a default provider: without one of its own, it fails", () => {
    expect(project.config["pulumi:disable-default-providers"]).toEqual({ value: ["*"] });
  });

  it("declares no types of settings: the one schema is in code", () => {
    expect(Object.keys(project.config).filter((key) => !key.startsWith("pulumi:"))).toEqual([]);
  });

  it("starts the program without type-checking, and keeps the state inside the project", () => {
    const path = join(projectDir, project.runtime.options.tsconfig);
    const tsconfig = readConfigFile(path, (file) => readFileSync(file, "utf8")).config as {
      compilerOptions: { noCheck: boolean };
    };
    expect(tsconfig.compilerOptions.noCheck).toBe(true);
    expect(project.backend.url).toBe("file://.muster/state");
  });
});
