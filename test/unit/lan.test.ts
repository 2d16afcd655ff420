import type { NetworkInterfaceInfo } from "node:os";
import { addressIsSet, lanAddresses, rememberLanAddress, withLanAddress } from "../../cli/lan";
import { capturePulumi } from "../../cli/pulumi";
import { localTopology, stackTopology } from "../helpers/stacks";

jest.mock("../../cli/pulumi");
jest.mock("node:os", () => ({ ...jest.requireActual<object>("node:os"), networkInterfaces: () => machine }));
const pulumi = jest.mocked(capturePulumi);

const address = (text: string, internal = false, family: "IPv4" | "IPv6" = "IPv4"): NetworkInterfaceInfo =>
  ({ address: text, internal, family }) as NetworkInterfaceInfo;
const machine: NodeJS.Dict<NetworkInterfaceInfo[]> = {
  lo: [address("127.0.0.1", true)],
  docker0: [address("172.17.0.1")],
  "br-0123": [address("172.18.0.1")],
  veth1: [address("172.19.0.1")],
  eth0: [address("fe80::1", false, "IPv6"), address("192.0.2.7")],
  wlan0: [address("169.254.1.1"), address("192.0.2.8")],
};

describe("this machine's addresses", () => {
  it("are those that others can reach: no loopback, no bridge, no IPv6, none that the machine made up", () => {
    expect(lanAddresses(machine)).toEqual(["192.0.2.7", "192.0.2.8"]);
    expect(lanAddresses({ lo: machine["lo"] })).toEqual([]);
  });
});

describe("the settings before the first start", () => {
  const raw = (host: unknown) => ({ source: "s", values: { domain: "localhost", host }, encrypted: [] });

  it("are checked with the address that is about to be stored", () => {
    const first = raw({ provider: "local" });
    expect(addressIsSet(first)).toBe(false);
    expect(withLanAddress(first).values["host"]).toEqual({ provider: "local", address: "192.0.2.7" });
  });

  it.each([[{ provider: "local", address: "127.0.0.1" }], [{ provider: "aws" }], ["local"], [undefined]])(
    "are left as they are with host %j",
    (host) => {
      expect(withLanAddress(raw(host)).values["host"]).toEqual(host);
    },
  );

  it("are left as they are where there is no address", () => {
    expect(withLanAddress(raw({ provider: "local" }), []).values["host"]).toEqual({ provider: "local" });
  });
});

describe("the address that is stored", () => {
  const at = (text: string) => localTopology({ host: { provider: "local", address: text } });
  beforeEach(() => pulumi.mockReset().mockResolvedValue({ code: 0, stdout: "", stderr: "" }));

  it("is the likeliest one, on the first start", async () => {
    expect(await rememberLanAddress(localTopology(), false)).toEqual([
      "stored this machine's address 192.0.2.7 as muster:host.address",
    ]);
    expect(pulumi.mock.calls).toEqual([
      ["test", ["config", "set", "-s", "test", "--path", "muster:host.address", "192.0.2.7"]],
    ]);
  });

  it("stays where it is still this machine's, or loopback, which one says on purpose", async () => {
    expect(await rememberLanAddress(at("192.0.2.8"), true)).toEqual([]);
    expect(await rememberLanAddress(at("127.0.0.1"), true)).toEqual([]);
    expect(pulumi).not.toHaveBeenCalled();
  });

  it("is the public one behind address translation, and then the machine's own is looked at", async () => {
    const behind = (privateAddress: string) =>
      localTopology({ host: { provider: "local", address: "203.0.113.1", privateAddress } });
    expect(await rememberLanAddress(behind("192.0.2.8"), true)).toEqual([]);
    const [said] = await rememberLanAddress(behind("192.0.2.99"), true);
    expect(said).toContain("muster:host.privateAddress 192.0.2.99 is no longer this machine's");
  });

  it("is not changed when it is no longer this machine's, but said", async () => {
    const [said] = await rememberLanAddress(at("192.0.2.99"), true);
    expect(said).toBe(
      "muster:host.address 192.0.2.99 is no longer this machine's (now: 192.0.2.7, 192.0.2.8); change it in Pulumi.test.yaml",
    );
    expect(pulumi).not.toHaveBeenCalled();
  });

  it("is not asked for on other hosts", async () => {
    expect(await rememberLanAddress(stackTopology("dev"), false)).toEqual([]);
    expect(pulumi).not.toHaveBeenCalled();
  });

  it("that can't be stored is an error with the CLI's own words", async () => {
    pulumi.mockResolvedValue({ code: 1, stdout: "", stderr: "no such stack\n" });
    await expect(rememberLanAddress(localTopology(), false)).rejects.toThrow(
      "The LAN address can't be stored.\nno such stack",
    );
  });
});
