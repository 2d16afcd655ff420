import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { checkUpgrade, planned } from "../../cli/load";
import { missingTools } from "../../cli/preflight";
import { checkpointFile } from "../../cli/project";
import { capturePulumi, runPulumi } from "../../cli/pulumi";
import { runningImages } from "../../cli/state";
import { passOn, up } from "../../cli/up";
import { connect } from "../../components/host/engine";
import { errorsOf } from "../../stacks/topology";
import { localTopology } from "../helpers/stacks";

jest.mock("../../cli/pulumi");
jest.mock("../../cli/preflight");
jest.mock("../../components/host/engine");
jest.mock("../../cli/project", () => ({
  ...jest.requireActual<object>("../../cli/project"),
  prepareProject: () => undefined,
}));

// Chat alone: calls and meetings ask for an address that not every machine has.
jest.mock("../../stacks/settings/file", () => ({
  ...jest.requireActual<object>("../../stacks/settings/file"),
  readStackFile: () => ({
    source: "Pulumi.local.yaml",
    values: { domain: "localhost", host: { provider: "local" }, calls: "off", meetings: "off" },
    encrypted: [],
  }),
}));

const platform = "urn:pulumi:local::muster::muster:index:Environment$muster:platform:Platform";
const service = (name: string): string => `${platform}$muster:platform:Service::${name}`;
const container = (of: string, name: string, image: unknown, more = {}) => ({
  urn: `${platform}$muster:platform:Service$docker:index/container:Container::${name}`,
  type: "docker:index/container:Container",
  parent: service(of),
  inputs: { image },
  ...more,
});
const stackResource = (services: object) => ({
  urn: "urn:pulumi:local::muster::pulumi:pulumi:Stack::muster-local",
  type: "pulumi:pulumi:Stack",
  outputs: { services },
});
const resources = [
  { urn: service("mattermost"), type: "muster:platform:Service" },
  container("mattermost", "mattermost", "old:9.9.9", { delete: true }),
  container("mattermost", "mattermost-prepare", "busybox:1.37.0"),
  container("mattermost", "mattermost-first-run", "mattermost/mattermost-team-edition:1.0.0"),
  container("mattermost", "mattermost", "mattermost/mattermost-team-edition:99.0.0@sha256:ab"),
  container("postgres", "postgres", "postgres:18.6-alpine"),
];

describe("the images of the services that run", () => {
  const images = {
    mattermost: "mattermost/mattermost-team-edition:99.0.0@sha256:ab",
    postgres: "postgres:18.6-alpine",
  };

  it("are read from an export, from a checkpoint and from a state alike, without jobs and what is replaced", () => {
    expect(runningImages({ version: 3, deployment: { resources } })).toEqual(images);
    expect(runningImages({ version: 3, checkpoint: { latest: { resources } } })).toEqual(images);
    expect(runningImages({ resources, pendingOperations: 0 })).toEqual(images);
    expect(runningImages({ resources: [...resources].reverse() })).toEqual(images);
  });

  it("are the last ones where the stack is stopped: its outputs stay with its data", () => {
    const outputs = { mattermost: { image: "m:1.0.0" }, caddy: { image: "caddy:2.11.4" }, other: {} };
    expect(runningImages({ resources: [stackResource(outputs)] })).toEqual({
      mattermost: "m:1.0.0",
      caddy: "caddy:2.11.4",
    });
    expect(runningImages({ resources: [stackResource(outputs), ...resources] })).toEqual({
      ...images,
      caddy: "caddy:2.11.4",
    });
  });

  it.each([undefined, {}, { deployment: null }, { checkpoint: { latest: null } }, { checkpoint: {} }])(
    "are none in %j",
    (state) => {
      expect(runningImages(state)).toEqual({});
    },
  );
});

describe("a downgrade", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "muster-state-"));
    process.env["PULUMI_BACKEND_URL"] = `file://${dir}`;
    jest.mocked(missingTools).mockResolvedValue([]);
    jest.mocked(capturePulumi).mockImplementation((_stack, [, verb]) => {
      const stdout = verb === "ls" ? [{ name: "local" }] : { deployment: { resources } };
      return Promise.resolve({ code: 0, stdout: JSON.stringify(stdout), stderr: "" });
    });
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
    delete process.env["PULUMI_BACKEND_URL"];
    jest.resetAllMocks();
  });
  const write = (text: string): void => {
    const file = checkpointFile(dir, "local");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  };

  it("is an error in the plan where this machine has the state, with no passphrase and no engine asked", () => {
    expect(errorsOf(planned("local"))).toEqual([]);
    write(JSON.stringify({ version: 3, checkpoint: { latest: { resources } } }));
    const { findings } = planned("local");
    expect(errorsOf({ findings })).toMatchObject([{ key: "muster:images" }]);
    expect(findings[0]?.problem).toContain("after 99.0.0: it can't go back");
    expect(capturePulumi).not.toHaveBeenCalled();
  });

  it("a state that is damaged is told, not passed over", () => {
    write('{"version": 3, "checkp');
    expect(() => planned("local")).toThrow("The state of stack local is damaged");
  });

  it.each([
    ["up", () => up("local", [])],
    ["preview", () => passOn("preview", "local", [])],
  ])("is refused by %s before anything is changed", async (_verb, run) => {
    await expect(run()).rejects.toThrow(
      /Stack local: 1 problem[\s\S]*it can't go back[\s\S]*Nothing was changed/,
    );
    expect(runPulumi).not.toHaveBeenCalled();
    expect(connect).not.toHaveBeenCalled();
  });

  it("is no matter of a refresh, which changes no image", async () => {
    jest.mocked(runPulumi).mockResolvedValue(0);
    await passOn("refresh", "local", []);
    expect(runPulumi).toHaveBeenCalledWith("local", ["refresh", "-s", "local"]);
  });

  it("of PostgreSQL's minor version is said, and done", () => {
    const state = { resources: [container("postgres", "postgres", "postgres:18.99-alpine")] };
    expect(checkUpgrade(localTopology(), state)).toEqual([
      expect.stringMatching(/^warning muster:images: PostgreSQL .* after 18\.99: .*; fix: /),
    ]);
  });
});
