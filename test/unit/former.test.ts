import { UserError } from "../../cli/errors";
import { formerOf, releaseFormer } from "../../cli/former";
import { capturePulumi } from "../../cli/pulumi";
import type { StackState, StateResource } from "../../cli/state";
import { machine, remoteTopology } from "../helpers/hosts";

jest.mock("../../cli/pulumi");
const pulumi = jest.mocked(capturePulumi);

const topology = remoteTopology("digitalocean", {
  edge: { provider: "none", email: "ops@example.org" },
  machine: { ...machine, vpn: { ssh: "both", peers: { anna: {} } } },
});
const one = (type: string, name: string, protect = true): StateResource => ({
  urn: `urn:pulumi:test::muster::${type}::${name}`,
  type: type.split("$").at(-1) ?? "",
  id: `muster-test-${name}`,
  protect,
});
const volume = "muster:platform:Service$docker:index/volume:Volume";
const tunnelKey = "muster:host:TunnelKeys$random:index/randomPassword:RandomPassword";
const originKey = "muster:edge:Cloudflare$tls:index/privateKey:PrivateKey";
const password = "muster:platform:Secrets$random:index/randomPassword:RandomPassword";

const there = [
  one(volume, "postgres-data-18"),
  one(tunnelKey, "tunnel-main"),
  one(tunnelKey, "tunnel-anna"),
  one(password, "database-password"),
];
const gone = [
  one(volume, "postgres-data-17"),
  one(tunnelKey, "tunnel-media"),
  one(tunnelKey, "tunnel-bob"),
  one(originKey, "origin-key"),
];
// What would open data is never let go of, whatever the settings say; what isn't protected, the engine drops by itself.
const others = [one(password, "an-old-password"), one(tunnelKey, "tunnel-eve", false)];
const state: StackState = { pendingOperations: 0, resources: [...there, ...gone, ...others] };

beforeEach(() => pulumi.mockReset());

describe("what is protected and no longer part of the stack", () => {
  it("are former volumes, and keys that nobody uses any more: those alone", () => {
    expect(topology.services.flatMap(({ volumes }) => volumes.map(({ name }) => name))).toContain("data-18");
    expect(formerOf(topology, state).map(({ urn }) => urn)).toEqual(gone.map(({ urn }) => urn));
  });

  it("is let go of, one by one, and said", async () => {
    pulumi.mockResolvedValue({ code: 0, stdout: "", stderr: "" });
    expect(await releaseFormer(topology, state)).toEqual([
      "kept: the volume muster-test-postgres-data-17, which is no longer part of the stack",
      ...["tunnel-media", "tunnel-bob", "origin-key"].map(
        (key) => `let go of the key ${key}, which nobody in the stack uses any more`,
      ),
    ]);
    expect(pulumi.mock.calls).toEqual(
      gone.map(({ urn }) => ["test", ["state", "unprotect", urn, "-s", "test", "--yes"]]),
    );
  });

  it("stays where the state refuses, and that is an error", async () => {
    pulumi.mockResolvedValue({ code: 255, stdout: "", stderr: "error: the stack is locked\n" });
    await expect(releaseFormer(topology, state)).rejects.toThrow(new UserError("error: the stack is locked"));
  });
});
