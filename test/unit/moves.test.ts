import { isStuck, lostWithData, mended, released, withoutMachine } from "../../cli/deployment";
import { dataPlaceOf, knownMachines } from "../../cli/state";
import type { HostSettings } from "../../stacks/settings/schema";
import { moveProblems, tunnelProblems } from "../../stacks/topology/moves";

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

  it("is stuck as well where what was on a machine counts as deleted, and the machine isn't", () => {
    const container = {
      urn: urn("c", "caddy"),
      type: "c",
      deletedWith: machine.urn,
      pendingReplacement: true,
    };
    const left = {
      ...state,
      deployment: { resources: [{ ...machine, pendingReplacement: false }, container] },
    };
    expect(isStuck(left)).toBe(true);
    expect(mended(left).deployment.resources.map(({ urn: name }) => name)).toEqual([machine.urn]);
  });

  it("forgets a machine that is gone, what went with it, and whoever speaks of either", () => {
    const provider = { urn: urn("p", "docker"), type: "p", dependencies: [firewall.urn, disk.urn] };
    const after = withoutMachine(
      { deployment: { resources: [disk, machine, firewall, provider] } },
      machine.urn,
    );
    expect(after.deployment.resources).toEqual([disk, { ...provider, dependencies: [disk.urn] }]);
  });

  it("says what a removal of the data takes along", () => {
    const address = {
      urn: urn("digitalocean:index/reservedIp:ReservedIp", "address-main"),
      type: "digitalocean:index/reservedIp:ReservedIp",
      outputs: { ipAddress: "203.0.113.10" },
    };
    const known = { ...disk, outputs: { name: "muster-prod-main", size: 60 } };
    expect(lostWithData({ resources: [known, volume, machine, address, firewall] })).toEqual([
      "the disk muster-prod-main, 60 GiB, with all that is on it",
      "the address 203.0.113.10",
    ]);
  });

  it("isn't stuck by anything else that waits to be replaced", () => {
    const container = { urn: urn("c", "caddy"), type: "c", pendingReplacement: true };
    expect(isStuck({ deployment: { resources: [container] } })).toBe(false);
    expect(isStuck({ deployment: null })).toBe(false);
  });
});

describe("a machine that Muster reaches through its tunnel", () => {
  const plan = (ssh: string, generation = 1, media?: { generation: number }) =>
    ({
      settings: { host: { ...droplet, generation, media }, machine: { vpn: { ssh } } },
      hosts: [{ name: "main" }, ...(media === undefined ? [] : [{ name: "media" }])],
    }) as unknown as Parameters<typeof tunnelProblems>[0];
  const machine = (name: string, trigger: unknown, more = {}) => ({
    urn: urn("digitalocean:index/droplet:Droplet", `machine-${name}`),
    type: "digitalocean:index/droplet:Droplet",
    replacementTrigger: trigger,
    ...more,
  });
  const bootstrap = {
    urn: urn("command:remote:Command", "bootstrap-main"),
    type: "command:remote:Command",
    inputs: { triggers: ["1001", "provider"] },
  };
  const known = knownMachines({ resources: [machine("main", 1), bootstrap] });
  const keys = (...given: Parameters<typeof plan>): string[] =>
    tunnelProblems(plan(...given), known).map(({ key, problem }) => `${key}: ${problem}`);

  it("is known from the state by what made it the one that it is", () => {
    expect(known).toEqual({ main: "1" });
    const replaced = machine("main", 1, { delete: true });
    expect(knownMachines({ resources: [machine("main", 2), replaced] })).toEqual({ main: "2" });
    const server = { ...bootstrap, inputs: { triggers: ["ssh-ed25519 AAAA 1", "provider"] } };
    expect(knownMachines({ resources: [server] })).toEqual({ main: "ssh-ed25519 AAAA 1" });
    expect(knownMachines({ resources: [] })).toEqual({});
  });

  it("must not be made anew, or for the first time, before SSH is open outside", () => {
    expect(keys("both")).toEqual([]);
    expect(keys("tunnel")).toEqual([]);
    expect(keys("outside", 2)).toEqual([]);
    expect(keys("both", 2)).toEqual([expect.stringContaining("vpn.ssh: the host main is a new machine")]);
    expect(keys("tunnel", 1, { generation: 1 })).toEqual([expect.stringContaining("the host media")]);
  });
});
