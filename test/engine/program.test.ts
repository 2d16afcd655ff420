import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfigFile } from "typescript";
import { pack } from "tar-stream";
import { parse } from "yaml";
import { expectedOf } from "../../policy/expected";
import { violations } from "../../policy/rules";
import { outputsOf, outputsSchema } from "../../stacks/outputs";
import { type ProgramRun, runProgram } from "../helpers/engine";
import { leakedSecrets } from "../helpers/golden";
import { isSecret, mapLeaves } from "../helpers/graph";
import { known } from "../helpers/hosts";
import { engineConfig, projectDir, secretValues, stackConfig, stackTopology } from "../helpers/stacks";

// A run takes two seconds, but the machine may be busy.
jest.setTimeout(60_000);

const mail = { host: "smtp.example.org", username: "muster", from: "chat@example.org" };
const change = { edition: "enterprise", mail };
const secrets = ["licence", "mailPassword"];
const recorded = { at: "1794312000", bytes: "1234", files: "5", snapshot: "0a1b2c3d" };
const lines = (record: Record<string, string>): string =>
  Object.entries(record)
    .map(([key, value]) => `${key}\t${value}\n`)
    .join("");

describe("the program, with everything that is secret", () => {
  let run: ProgramRun;
  const dir = mkdtempSync(join(tmpdir(), "muster-engine-"));
  const engine = `unix://${dir}/docker.sock`;
  const withEngine = { ...change, host: { provider: "local", engine, address: "192.168.7.10" } };
  let server: Server;
  beforeAll(async () => {
    // Its containers' files: the program reads two, and asks for nothing else.
    server = createServer(({ url = "" }, response) => {
      const path = /^\/containers\/muster-local-backup\/archive\?path=(.*)$/.exec(url)?.[1] ?? "";
      const archive = pack();
      archive.entry({ name: path }, path === "/status/backup.good" ? lines(recorded) : "at\t1\n");
      archive.finalize();
      archive.pipe(response);
    });
    await new Promise<void>((done) => server.listen(`${dir}/docker.sock`, done));
    const config = engineConfig(stackConfig("local", withEngine, secrets));
    run = await runProgram({ projectDir, project: "muster", stack: "local", ...config, known });
  });

  afterAll(async () => {
    await new Promise((done) => server.close(done));
    rmSync(dir, { recursive: true });
  });

  it("ends well and says nothing", () => {
    expect(run).toMatchObject({ exitCode: 0, errors: [], logs: [], stdout: "", stderr: "" });
  });

  it("gives outputs that keep their contract and are those of the topology", () => {
    expect(outputsSchema.parse(run.outputs)).toEqual(run.outputs);
    const topology = stackTopology("local", withEngine, secrets);
    const status = { backup: recorded, drill: undefined };
    expect(run.outputs).toEqual(outputsOf(topology, (service) => `muster-local-${service}`, status));
    expect(run.outputs["backup"]).toMatchObject({ last: { bytes: 1234 }, proven: null });
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
    const expected = expectedOf(stackTopology("local", withEngine, secrets));
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
