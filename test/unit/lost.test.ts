import { adviceFor, withoutLost } from "../../cli/lost";
import { capturePulumi, runPulumi } from "../../cli/pulumi";
import type { StackState, StateResource } from "../../cli/state";
import { runOnHost } from "../../components/host/tunnel";
import { remoteTopology } from "../helpers/hosts";

jest.mock("../../cli/pulumi");
jest.mock("../../cli/backupKeys", () => ({ secretOf: () => Promise.resolve("a key") }));
jest.mock("../../components/host/tunnel", () => ({
  ...jest.requireActual<object>("../../components/host/tunnel"),
  writeKey: () => undefined,
  runOnHost: jest.fn(),
}));

const topology = remoteTopology("digitalocean");
const urn = (type: string, name: string): string => `urn:pulumi:test::muster::${type}::${name}`;
type Exported = StateResource & { deletedWith?: string };
const address = { urn: urn("r", "address-main"), type: "r", outputs: { ipAddress: "203.0.113.10" } };
const key = {
  urn: urn("k", "host-key-main"),
  type: "k",
  outputs: { publicKeyOpenssh: "ssh-ed25519 AAAA\n" },
};
const machine = (status = "active"): Exported => ({
  urn: urn("d", "machine-main"),
  type: "d",
  outputs: { status },
});
const assignment = { urn: urn("a", "assignment-main"), type: "a", deletedWith: machine().urn };
const container = { urn: urn("c", "caddy"), type: "c", deletedWith: machine().urn };
const whole = [address, key, machine(), assignment, container];

describe("a cloud's machine that doesn't answer", () => {
  /** The state as the backend has it; a refresh makes the second of the first. */
  let [stored, refreshed]: Exported[][] = [];
  let asked: string[];
  let providerAnswers: boolean;
  beforeEach(() => {
    [stored, refreshed, asked, providerAnswers] = [whole, whole, [], true];
    jest.spyOn(console, "log").mockImplementation(() => undefined);
    jest
      .mocked(runOnHost)
      .mockReset()
      .mockResolvedValue({ code: 255, stdout: "", stderr: "No route to host" });
    jest.mocked(capturePulumi).mockImplementation((_stack, [, verb], input) => {
      if (verb === "import")
        stored = (JSON.parse(input ?? "") as { deployment: { resources: Exported[] } }).deployment.resources;
      const answer = verb === "ls" ? [{ name: "test" }] : { deployment: { resources: stored } };
      return Promise.resolve({ code: 0, stdout: JSON.stringify(answer), stderr: "" });
    });
    jest.mocked(runPulumi).mockImplementation((_stack, args) => {
      asked.push(args.join(" "));
      if (providerAnswers) stored = refreshed ?? [];
      return Promise.resolve(providerAnswers ? 0 : 255);
    });
  });
  afterEach(() => jest.restoreAllMocks());
  const state = (): StackState => ({ resources: stored ?? [], pendingOperations: 0 });
  const look = async (silent?: "kept"): Promise<string[]> => {
    const known = await withoutLost(topology, state(), silent);
    return (known?.resources ?? []).map(({ urn: name }) => name.split("::").at(-1) ?? "");
  };

  it("is let be where it answers, and nobody is asked", async () => {
    jest.mocked(runOnHost).mockResolvedValue({ code: 0, stdout: "", stderr: "" });
    expect(await look()).toHaveLength(whole.length);
    expect(asked).toEqual([]);
  });

  it("is forgotten where it is gone, with all that was on it: nobody could delete that", async () => {
    // What a refresh leaves of it would be deleted on the next machine.
    refreshed = [address, key, container];
    expect(await look()).toEqual(["address-main", "host-key-main"]);
    expect((stored ?? []).map(({ type }) => type)).toEqual(["r", "k"]);
    expect(asked).toEqual([expect.stringContaining(`--target ${machine().urn} --target ${assignment.urn}`)]);
  });

  it("is refused where it runs, but a destroy goes on", async () => {
    await expect(look()).rejects.toThrow("can't be reached over SSH");
    expect(await look("kept")).toHaveLength(whole.length);
  });

  it("isn't asked for anything where it is switched off: a change of it broke off", async () => {
    refreshed = [address, key, machine("off"), assignment, container];
    expect(await look()).not.toContain("machine-main");
    // The state itself keeps it.
    expect(stored).toHaveLength(whole.length);
  });

  it("is asked about where its address was never assigned", async () => {
    [stored, refreshed] = [
      [address, key, machine()],
      [address, key, machine()],
    ];
    expect(await look()).toContain("machine-main");
    expect(asked).toHaveLength(1);
    expect(runOnHost).not.toHaveBeenCalled();
  });

  it("stays in the state where its provider can't be asked", async () => {
    providerAnswers = false;
    await expect(look()).rejects.toThrow("can't be asked");
    expect(stored).toBe(whole);
  });

  it("is made anew where its replacement broke off", async () => {
    stored = [
      address,
      key,
      { ...machine(), pendingReplacement: true },
      { ...container, pendingReplacement: true },
    ];
    expect(await look()).toEqual(["address-main", "host-key-main"]);
    expect(asked).toEqual([]);
  });

  it("is named where an update failed without one: its disk may hang on a machine that nobody knows", async () => {
    expect(await adviceFor(topology)).toEqual([]);
    stored = [address, key];
    expect((await adviceFor(topology)).join()).toContain("delete the droplet that has the disk");
  });
});
