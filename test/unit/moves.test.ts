import { dataPlaceOf } from "../../cli/state";
import { disksIn, isStuck, mended, released } from "../../cli/deployment";
import type { HostSettings } from "../../stacks/settings/schema";
import { moveProblems } from "../../stacks/topology/moves";

const droplet = { provider: "digitalocean", region: "fra1", dataDiskGiB: 50 } as HostSettings;
const urn = (type: string, name: string): string => `urn:pulumi:prod::muster::${type}::${name}`;

describe("where the data are", () => {
  const disk = {
    urn: urn("digitalocean:index/volume:Volume", "disk-main"),
    type: "digitalocean:index/volume:Volume",
    inputs: { region: "fra1", size: 50 },
    protect: true,
  };
  const host = { urn: urn("muster:host:DigitaloceanHost", "main"), type: "muster:host:DigitaloceanHost" };

  it("is read from the state, whatever form it comes in", () => {
    const place = { provider: "digitalocean", region: "fra1", diskGiB: 50 };
    expect(dataPlaceOf({ resources: [host, disk] })).toEqual(place);
    expect(dataPlaceOf({ checkpoint: { latest: { resources: [host, disk] } } })).toEqual(place);
    // Stopped, or half gone: the disk alone.
    expect(dataPlaceOf({ resources: [disk] })).toEqual(place);
  });

  it("is nowhere before the first up, and where nothing is kept", () => {
    expect(dataPlaceOf(undefined)).toBeUndefined();
    expect(dataPlaceOf({ resources: [host, { ...disk, protect: false }] })).toBeUndefined();
  });

  it("is a zone at AWS", () => {
    const volume = {
      urn: urn("aws:ebs/volume:Volume", "disk-main"),
      type: "aws:ebs/volume:Volume",
      inputs: { availabilityZone: "eu-central-1b", size: 20 },
      protect: true,
    };
    expect(dataPlaceOf({ resources: [volume] })).toEqual({
      provider: "aws",
      region: "eu-central-1",
      zone: "b",
      diskGiB: 20,
    });
  });
});

describe("a move", () => {
  const before = { provider: "digitalocean", region: "fra1", diskGiB: 50 } as const;
  const keys = (now: Partial<HostSettings>): string[] =>
    moveProblems("prod", before, { ...droplet, ...now } as HostSettings).map(({ key }) => key);

  it("is none where everything stays, or the disk grows", () => {
    expect(keys({})).toEqual([]);
    expect(keys({ dataDiskGiB: 100 })).toEqual([]);
    expect(moveProblems("prod", undefined, droplet)).toEqual([]);
  });

  it.each<[string, Partial<HostSettings>, string]>([
    ["to another region", { region: "ams3" }, "muster:host.region"],
    ["to a smaller disk", { dataDiskGiB: 20 }, "muster:host.dataDiskGiB"],
    ["to another provider", { provider: "local" }, "muster:host.provider"],
  ])("%s is refused, with the way that takes the data along", (_name, now, key) => {
    const [problem] = moveProblems("prod", before, { ...droplet, ...now } as HostSettings);
    expect(problem?.key).toBe(key);
    if (key !== "muster:host.dataDiskGiB") expect(problem?.fix).toContain("npm run restore -- prod --to NEW");
  });

  it("to another zone is refused", () => {
    const now = { provider: "aws", region: "eu-central-1", zone: "a", dataDiskGiB: 50 } as HostSettings;
    const at = { provider: "aws", region: "eu-central-1", zone: "b", diskGiB: 50 } as const;
    expect(moveProblems("prod", at, now).map(({ key }) => key)).toEqual(["muster:host.zone"]);
  });
});

describe("a state that is changed by hand", () => {
  const machine = {
    urn: urn("digitalocean:index/droplet:Droplet", "machine-main"),
    type: "d",
    pendingReplacement: true,
  };
  const disk = {
    urn: urn("digitalocean:index/volume:Volume", "disk-main"),
    type: "digitalocean:index/volume:Volume",
    protect: true,
    retainOnDelete: true,
  };
  const volume = {
    urn: urn("docker:index/volume:Volume", "v"),
    type: "docker:index/volume:Volume",
    retainOnDelete: true,
  };
  const firewall = {
    urn: urn("f", "firewall-main"),
    type: "f",
    deletedWith: machine.urn,
    dependencies: [machine.urn, disk.urn],
    propertyDependencies: { id: [machine.urn], disk: [disk.urn], none: null },
  };
  const state = {
    version: 3,
    deployment: { manifest: "kept", resources: [disk, volume, machine, firewall] },
  };

  it("releases disks for good, and leaves everything else as it was", () => {
    const { version, deployment } = released(state);
    expect(version).toBe(3);
    expect(deployment).toMatchObject({ manifest: "kept" });
    expect(deployment.resources).toMatchObject([
      { urn: disk.urn, protect: false, retainOnDelete: false },
      { urn: volume.urn, protect: false, retainOnDelete: true },
      { urn: machine.urn },
      { urn: firewall.urn },
    ]);
    expect(disksIn(state)).toEqual([disk.urn]);
  });

  it("forgets a machine whose replacement broke off, and whoever speaks of it", () => {
    expect(isStuck(state)).toBe(true);
    const after = mended(state);
    expect(isStuck(after)).toBe(false);
    expect(after.deployment.resources).toEqual([
      disk,
      volume,
      {
        urn: firewall.urn,
        type: "f",
        dependencies: [disk.urn],
        propertyDependencies: { id: [], disk: [disk.urn], none: [] },
      },
    ]);
  });

  it("isn't stuck by anything else that waits to be replaced", () => {
    const container = { urn: urn("c", "caddy"), type: "c", pendingReplacement: true };
    expect(isStuck({ deployment: { resources: [container] } })).toBe(false);
    expect(isStuck({ deployment: null })).toBe(false);
  });
});
