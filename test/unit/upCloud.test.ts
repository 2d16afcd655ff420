import { missingTools, requireAll } from "../../cli/preflight";
import { capturePulumi } from "../../cli/pulumi";
import { makeReady, refreshArguments } from "../../cli/up";
import { writeKey } from "../../components/host/tunnel";
import { hosts, remoteTopology } from "../helpers/hosts";

jest.mock("../../cli/pulumi");
jest.mock("../../cli/preflight");
jest.mock("../../components/host/tunnel");
jest.mock("../../cli/backupKeys", () => ({ secretOf: () => Promise.resolve("a key") }));
jest.mock("../../cli/project", () => ({
  ...jest.requireActual<object>("../../cli/project"),
  prepareProject: () => undefined,
}));
jest.mock("../../stacks/settings/file", () => ({
  ...jest.requireActual<object>("../../stacks/settings/file"),
  readStackFile: () => ({ values: {} }),
}));
const topology = remoteTopology("digitalocean");
jest.mock("../../cli/load", () => ({ runnable: () => topology, checkUpgrade: () => [] }));
jest.mock("../../cli/lan", () => ({ withLanAddress: () => undefined }));

it("has its key where ssh looks for it before the first machine is made: the engine itself connects to that", async () => {
  jest.mocked(missingTools).mockResolvedValue([]);
  jest.mocked(requireAll).mockResolvedValue(undefined);
  jest.mocked(capturePulumi).mockResolvedValue({ code: 0, stdout: "[]", stderr: "" });
  expect(await makeReady("test")).toEqual({ topology, state: undefined });
  expect(writeKey).toHaveBeenCalledWith("test", "a key");
});

describe("a refresh before an update", () => {
  const urn = (name: string): string => `urn:pulumi:test::muster::t::${name}`;
  const stateOf = (replacementTrigger?: number) => ({
    pendingOperations: 0,
    resources: [
      { urn: urn("machine-main"), type: "t", replacementTrigger },
      { urn: urn("assignment-main"), type: "t" },
      { urn: urn("address-main"), type: "t", outputs: { ipAddress: "203.0.113.10" } },
      { urn: urn("host-key-main"), type: "t", outputs: { publicKeyOpenssh: "ssh-ed25519 AAAA" } },
    ],
  });
  const raised = remoteTopology("digitalocean", { host: { ...hosts.digitalocean.host, generation: 2 } });

  it("knows the settings: a server's new address stands there alone", () => {
    expect(refreshArguments(topology, stateOf(1))).toEqual(["--refresh", "--run-program"]);
    expect(refreshArguments(topology, stateOf())).toEqual(["--refresh", "--run-program"]);
    expect(refreshArguments(raised, stateOf(2))).toEqual(["--refresh", "--run-program"]);
  });

  it("isn't made where a generation is raised: the engine would write it down, and keep the machine", () => {
    expect(refreshArguments(raised, stateOf(1))).toEqual([]);
  });

  it("isn't made where no machine can be asked", () => {
    expect(refreshArguments(topology, { pendingOperations: 0, resources: [] })).toEqual([]);
    expect(refreshArguments(topology, undefined)).toEqual([]);
  });
});
