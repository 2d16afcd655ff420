import * as path from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { runProgram, type ProgramRun, type RunOptions } from "./engine";
import { find, hasUnknown, isSecret, UNKNOWN, unwrap, type RecordedResource } from "./graph";
import { toGolden } from "./golden";
import { record } from "./recorder";

const TOKEN = "token-from-the-stack-file";
const PREFIX = "urn:pulumi:dev::fixture::";
const TEAM = "fixture:index:Team";
const PROVIDER = { urn: `${PREFIX}pulumi:providers:docker::host`, name: "host" };
const NETWORK = `${PREFIX}${TEAM}$docker:index/network:Network::team-net`;
const PASSWORD = `${PREFIX}${TEAM}$random:index/randomPassword:RandomPassword::team-password`;

// A run takes about a second, but the machine may be busy.
jest.setTimeout(60_000);

function run(mode: string, options: Partial<RunOptions> = {}): Promise<ProgramRun> {
  return runProgram({
    projectDir: path.join(__dirname, "fixture"),
    project: "fixture",
    stack: "dev",
    config: { "fixture:mode": mode, token: TOKEN },
    secretKeys: ["token"],
    ...options,
  });
}

const known: RunOptions["known"] = (type, name) =>
  type === "docker:index/network:Network" ? { id: "0123", name: `${name}-real` } : { hostname: "app-1" };

function expectTeam(resources: RecordedResource[]): void {
  const app = find(resources, "team-app");
  expect(app).toMatchObject({
    type: "docker:index/container:Container",
    urn: `${PREFIX}${TEAM}$docker:index/container:Container::team-app`,
    parent: `${PREFIX}${TEAM}::team`,
    custom: true,
    provider: PROVIDER,
    dependencies: [NETWORK, PASSWORD],
    propertyDependencies: { envs: [PASSWORD], networksAdvanced: [NETWORK] },
  });
  expect(app.options).toEqual({
    protect: true,
    retainOnDelete: true,
    deleteBeforeReplace: true,
    ignoreChanges: ["image"],
    replaceOnChanges: ["envs"],
    hideDiffs: ["labels"],
    replaceWith: [NETWORK],
    replacementTrigger: "generation-1",
    deletedWith: NETWORK,
    aliases: [{ name: "old-app", parent: `${PREFIX}${TEAM}::team` }, { noParent: true }],
    additionalSecretOutputs: ["hostname"],
    customTimeouts: { create: "5m", delete: "1m" },
    hooks: { afterCreate: ["wait-until-ready"], beforeDelete: ["wait-until-ready"] },
    version: "5.2.0",
  });
  expect(find(resources, "adopted").options.import).toBe("old-volume");
  expect(find(resources, "existing")).toMatchObject({ read: true, inputs: { id: "bridge-id" } });
  expect(find(resources, "team")).toMatchObject({ custom: false, providers: { docker: PROVIDER } });
  expect(find(resources, "host").options.protect).toBeUndefined();
}

describe("runProgram", () => {
  let update: ProgramRun;
  // Waits for most of its time: the others run meanwhile.
  let hanging: Promise<ProgramRun>;
  beforeAll(async () => {
    hanging = run("hang", { timeoutSeconds: 5 });
    update = await run("normal", { known });
  });

  it("records a whole program with every option", () => {
    expect(update).toMatchObject({ exitCode: 0, errors: [], stderr: "", timedOut: false });
    expectTeam(update.resources);
    expect(update.hooks).toEqual([{ name: "wait-until-ready", kind: "resource", onDryRun: false }]);
  });

  it("answers with computed outputs and keeps secrets secret", () => {
    const app = find(update.resources, "team-app");
    const password = find(update.resources, "team-password").outputs?.["result"];
    expect(isSecret(password)).toBe(true);
    expect(unwrap(password)).toHaveLength(20);
    expect(app.inputs["envs"]).toEqual([
      { secret: `PASSWORD=${String(unwrap(password))}` },
      { secret: TOKEN },
      "TZ=UTC",
    ]);
    expect(app.inputs["networksAdvanced"]).toEqual([{ name: "team-net-real" }]);
    expect(update.outputs).toEqual({
      image: "example/app@sha256:0123",
      hostname: { secret: "app-1" },
      token: { secret: TOKEN },
      stack: "dev",
    });
    expect(isSecret(update.outputs["token"])).toBe(true);
  });

  it("measures the program", () => {
    expect(update.seconds).toBeGreaterThan(0);
    if (process.platform === "linux") expect(update.maxRssMiB).toBeGreaterThan(20);
  });

  it("leaves computed outputs unknown in a preview", async () => {
    const preview = await run("normal", { dryRun: true, known });
    expect(preview.exitCode).toBe(0);
    expectTeam(preview.resources);
    const { inputs } = find(preview.resources, "team-app");
    expect(inputs["networksAdvanced"]).toEqual([{ name: UNKNOWN }]);
    expect(inputs["envs"]).toEqual([{ secret: UNKNOWN }, { secret: TOKEN }, "TZ=UTC"]);
    expect(hasUnknown(inputs["envs"])).toBe(true);
    expect(hasUnknown(inputs["image"])).toBe(false);
  });

  it("reports a program that refuses to run", async () => {
    const refused = await run("refuse");
    expect(refused.exitCode).not.toBe(0);
    expect(refused.errors).toEqual(["mode: refuse is not a mode"]);
    expect(refused.resources.map((r) => r.name)).toEqual(["fixture-dev"]);
  });

  it("reports an error thrown in apply", async () => {
    const failed = await run("throw-in-apply");
    expect(failed.exitCode).not.toBe(0);
    expect(failed.errors.join()).toContain("thrown in apply");
  });

  it("fails an unmocked provider function by name, even if the program carries on", async () => {
    const unmocked = "docker:index/getRegistryImage:getRegistryImage is not mocked";
    const failed = await run("invoke");
    expect(failed.exitCode).not.toBe(0);
    expect(failed.errors.join()).toContain(unmocked);
    const caught = await run("catch");
    expect(caught.exitCode).toBe(0);
    expect(caught.logs.map((log) => log.message)).toEqual(expect.arrayContaining(["caught"]));
    expect(caught.errors.join()).toContain(unmocked);
  });

  it("answers a mocked provider function", async () => {
    const answered = await run("invoke", { invoke: () => ({ sha256Digest: "sha256:0123" }) });
    expect(answered).toMatchObject({ exitCode: 0, errors: [] });
    expect(answered.invokes).toMatchObject([{ args: { name: "example/app" }, answered: true }]);
  });

  it("kills a program that does not end", async () => {
    const killed = await hanging;
    expect(killed).toMatchObject({ exitCode: 124, timedOut: true });
    expect(killed.stderr).toContain("killed after 5 s");
  });
});

describe("toGolden", () => {
  it("is the same for the real runner and the in-process recorder", async () => {
    const options = { project: "fixture", stack: "dev", config: { "fixture:token": TOKEN } };
    const inProcess = await record({ ...options, secretKeys: ["fixture:token"], preview: true }, () =>
      jest.requireActual<object>("./fixture/index"),
    );
    expectTeam(inProcess.resources);
    const { resources } = await run("normal", { dryRun: true });
    const golden = toGolden(resources);
    expect(golden).toEqual(toGolden(inProcess.resources));
    expect(golden).toMatchObject({
      [`${TEAM}$docker:index/container:Container::team-app`]: {
        parent: "Team team",
        provider: "docker host",
        dependencies: ["Network team-net", "RandomPassword team-password"],
        inputs: { envs: ["[secret]", "[secret]", "TZ=UTC"], networksAdvanced: [{ name: "[unknown]" }] },
        options: { deletedWith: "Network team-net" },
      },
    });
    expect(Object.keys(golden as object)).toEqual(Object.keys(golden as object).sort());
  });

  it("shows a secret that is also used in the clear, without showing its value", async () => {
    const { resources, leaks } = await record({}, () => {
      new docker.Container("a", { image: "a", envs: [pulumi.secret(TOKEN)] });
      new docker.Container("b", { image: "b", command: ["run", `--token=${TOKEN}`] });
    });
    expect(leaks).toEqual(["docker:index/container:Container::b command"]);
    expect(JSON.stringify(toGolden(resources))).toContain("[leaked secret]");
    expect(JSON.stringify(toGolden(resources))).not.toContain(TOKEN);
    expect(JSON.stringify(find(resources, "a"))).not.toContain(TOKEN);
  });
});
