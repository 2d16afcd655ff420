import { bucketPrices } from "../../stacks/topology/prices";
import { sizes } from "../../stacks/topology/sizes";
import type { Topology } from "../../stacks/topology";
import { localTopology } from "../helpers/stacks";

const aws = {
  provider: "aws",
  region: "eu-central-1",
  size: "t3a.medium",
  dataDiskGiB: 50,
  accessKeyId: "AKIAEXAMPLEEXAMPLE12",
};
const droplet = { provider: "digitalocean", region: "fra1", size: "s-2vcpu-4gb", dataDiskGiB: 50 };
const stack = (host: object, more: Record<string, unknown> = {}): Topology =>
  localTopology({ domain: "example.org", calls: "embedded", meetings: "jitsi", host, ...more });
const partsOf = ({ cost }: Topology): Record<string, number | undefined> =>
  Object.fromEntries(
    cost.parts.map(({ kind, host, monthlyUsd }) => [`${kind} ${host ?? ""}`.trim(), monthlyUsd]),
  );
const bucketAt = (endpoint: string) => ({
  backup: { target: { kind: "s3", endpoint, bucket: "example", accessKeyId: "EXAMPLE" } },
});
const sent = ({ hosts }: Topology): number => hosts.reduce((sum, { demand }) => sum + demand.trafficGB, 0);

describe("what a month costs", () => {
  it("is nothing on this machine, and unknown on a server of one's own", () => {
    expect(stack({ provider: "local" }).cost).toMatchObject({ parts: [], monthlyUsd: undefined });
    const own = stack({
      provider: "existing",
      address: "203.0.113.10",
      hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVz",
      memoryMiB: 8192,
      cpus: 4,
    });
    expect(partsOf(own)).toEqual({ "machine main": undefined });
    expect(own.cost.monthlyUsd).toBeUndefined();
  });

  it("is machine, disk and address at DigitalOcean, with traffic in the price", () => {
    const topology = stack(droplet);
    expect(partsOf(topology)).toEqual({ "machine main": 24, "disk main": 5, "address main": 0, traffic: 0 });
    expect(topology.cost).toMatchObject({ monthlyUsd: 29, asOf: expect.stringMatching(/^\d{4}-\d\d$/) });
    expect(partsOf(stack({ ...droplet, backups: true }))["copies main"]).toBeCloseTo(4.8, 2);
  });

  it("counts the traffic of all machines together, and what is beyond their price by the GB", () => {
    const people = { accounts: 100, active: 100, inCalls: 50, inMeetings: 50, busyHours: 200 };
    const two = stack({ ...droplet, media: { size: "s-2vcpu-4gb" } }, { people });
    const beyond = sent(two) - 2 * sizes.digitalocean["s-2vcpu-4gb"].trafficGB;
    expect(beyond).toBeGreaterThan(0);
    expect(partsOf(two)["traffic"]).toBeCloseTo(beyond * 0.01, 2);
    expect(partsOf(two)["machine media"]).toBe(24);
    const warned = two.findings.find(({ key }) => key === "muster:people.busyHours");
    expect(warned).toMatchObject({ severity: "warning", given: expect.stringContaining(`${sent(two)} GB`) });
    const few = stack(droplet, { people: { ...people, busyHours: 0 } });
    expect(few.findings.map(({ key }) => key)).not.toContain("muster:people.busyHours");
  });

  it("has at AWS the system's disk, the disks' key, the address, and traffic after what is free", () => {
    const topology = stack(aws);
    expect(partsOf(topology)).toEqual({
      "machine main": sizes.aws["t3a.medium"].monthlyUsd,
      "disk main": 6.4,
      "address main": 3.65,
      disk: 1,
      traffic: expect.closeTo((sent(topology) - 100) * 0.09, 2),
    });
  });

  it.each([
    ["https://s3.eu-central-1.amazonaws.com", "aws"],
    ["https://account.r2.cloudflarestorage.com", "r2"],
    ["https://fra1.digitaloceanspaces.com", "spaces"],
    ["https://s3.eu-central-003.backblazeb2.com", "b2"],
  ])("has a bucket at %s by its own price, and none by a guess", (endpoint, storage) => {
    const people = { accounts: 5000, active: 100 };
    const prices = bucketPrices[storage] ?? { base: 0, freeGB: 0, perGB: 0 };
    const { cost } = stack(droplet, { people, edition: "enterprise", ...bucketAt(endpoint) });
    const part = cost.parts.find(({ kind }) => kind === "bucket");
    const gb = Number(/about (\d+) GB/.exec(part?.what ?? "")?.[1]);
    expect(gb).toBeGreaterThan(1000);
    expect(part?.monthlyUsd).toBeCloseTo(prices.base + (gb - prices.freeGB) * prices.perGB, 2);
    const elsewhere = stack(droplet, { people, ...bucketAt("https://s3.example.org") }).cost;
    expect(elsewhere.parts.find(({ kind }) => kind === "bucket")?.monthlyUsd).toBeUndefined();
  });
});

describe("room on the machines", () => {
  const keysOf = (topology: Topology, severity: string): string[] =>
    topology.findings.filter((finding) => finding.severity === severity).map(({ problem }) => problem);
  const two = { accounts: 2, active: 2, inCalls: 2, inMeetings: 2 };
  const local = (memoryMiB: number): object => ({ provider: "local", memoryMiB, cpus: 4 });

  it("is warned of below 4 GiB with meetings, and without them not", () => {
    const floor = expect.stringContaining("4 GiB is the floor with meetings");
    expect(keysOf(stack(local(3700), { people: two }), "warning")).toContainEqual(floor);
    expect(keysOf(stack(local(3900), { people: two }), "warning")).not.toContainEqual(floor);
    expect(keysOf(stack(local(3700), { people: two, meetings: "off" }), "warning")).not.toContainEqual(floor);
  });

  it("is warned of where less than a tenth stays free", () => {
    const [host] = stack(local(8192), { people: two }).hosts;
    const needed = host?.demand.memoryMiB ?? 0;
    const full = expect.stringContaining("of the memory stay free");
    expect(keysOf(stack(local(Math.ceil(needed / 0.89)), { people: two }), "warning")).not.toContainEqual(
      full,
    );
    expect(keysOf(stack(local(Math.ceil(needed / 0.92)), { people: two }), "warning")).toContainEqual(full);
  });

  it("says how many hours of such meetings a TB is, where traffic costs money", () => {
    const hours = (topology: Topology): number =>
      Number(/about (\d+) hours/.exec(keysOf(topology, "note").join("\n"))?.[1]);
    const people = { accounts: 20, active: 20, inMeetings: 10, cameras: 10 };
    // The usual estimate for ten cameras: 50 to 125 hours.
    expect(hours(stack(droplet, { people }))).toBeGreaterThanOrEqual(50);
    expect(hours(stack(droplet, { people }))).toBeLessThanOrEqual(125);
    expect(hours(stack({ provider: "local" }, { people }))).toBeNaN();
  });
});
