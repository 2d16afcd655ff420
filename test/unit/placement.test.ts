import fc from "fast-check";
import { mainHost, mediaHost } from "../../stacks/topology/hosts";
import { fits, type OfferedSize, type Size, sizes } from "../../stacks/topology/sizes";
import { errorsOf } from "../../stacks/topology";
import type { Topology } from "../../stacks/topology/types";
import { localTopology } from "../helpers/stacks";

const offered: Record<string, OfferedSize> = sizes.digitalocean;
/** Large enough, with a tenth of the memory and a quarter of the CPUs to spare. */
const hasRoom = (demand: Size, { memoryMiB, cpus }: Size): boolean =>
  fits(demand, { memoryMiB: memoryMiB * 0.9, cpus: cpus * 0.75 });
const stack = (people: number, size: string, media?: { size: string }): Topology =>
  localTopology(
    {
      domain: "example.org",
      edition: "enterprise",
      calls: "rtcd",
      meetings: "jitsi",
      host: { provider: "digitalocean", region: "fra1", size, dataDiskGiB: 16_000, media },
      people: { accounts: people, active: people, inCalls: people, inMeetings: people },
    },
    ["sshKey", "digitaloceanToken", "licence"],
  );
const mediaSize = ({ settings: { host } }: Topology): string | undefined =>
  "media" in host && host.media !== undefined && "size" in host.media ? host.media.size : undefined;
const names = ({ hosts }: Topology): string[] => hosts.map(({ name }) => name);

describe("machines whose sizes Muster chooses", () => {
  const sizeOf = ({ settings: { host } }: Topology): string => ("size" in host ? host.size : "");
  const priceOf = ({ cost }: Topology): number =>
    cost.parts.reduce((sum, { kind, monthlyUsd }) => sum + (kind === "machine" ? (monthlyUsd ?? 0) : 0), 0);

  it("are the cheapest with room, and say why", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 400 }), (people) => {
        const topology = stack(people, "auto");
        const [host] = topology.hosts;
        const chosen = offered[sizeOf(topology)];
        if (host === undefined || chosen === undefined) throw new Error("no host");
        expect(host.why).toContain(`${host.demand.memoryMiB} MiB and ${host.demand.cpus} CPUs`);
        const cheaper = Object.values(offered).filter(({ monthlyUsd }) => monthlyUsd < chosen.monthlyUsd);
        expect(cheaper.filter((one) => hasRoom(host.demand, one))).toEqual([]);
        expect(errorsOf(topology).length === 0).toBe(
          hasRoom(host.demand, chosen) || fits(host.demand, chosen),
        );
      }),
      { numRuns: 40 },
    );
  });

  it("are one or two, whichever is cheaper, where both may be chosen", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 600 }), (people) => {
        const one = stack(people, "auto");
        const both = stack(people, "auto", { size: "auto" });
        const [alone] = one.hosts;
        const largest = offered[sizeOf(one)];
        if (alone === undefined || largest === undefined || !hasRoom(alone.demand, largest)) return;
        expect(errorsOf(both)).toEqual([]);
        expect(priceOf(both)).toBeLessThanOrEqual(priceOf(one));
        if (priceOf(both) === priceOf(one)) expect(names(both)).toEqual([mainHost]);
        else expect(names(both)).toEqual([mainHost, mediaHost]);
      }),
      { numRuns: 40 },
    );
  });

  it("leave what people have named alone, and say nothing of it", () => {
    const topology = stack(4, "s-8vcpu-16gb");
    expect(sizeOf(topology)).toBe("s-8vcpu-16gb");
    expect(topology.hosts[0]?.why).toBeUndefined();
  });
});

describe("a machine for media, by demand", () => {
  it("is made once all is too much for the first one, of the cheapest size with room", () => {
    const counts = fc.integer({ min: 2, max: 400 });
    fc.assert(
      fc.property(counts, fc.constantFrom(...Object.keys(offered)), (people, size) => {
        const [alone] = stack(people, size).hosts;
        const first = offered[size];
        if (alone === undefined || first === undefined) throw new Error("no host");
        const topology = stack(people, size, { size: "auto" });
        expect(names(topology)).toEqual(fits(alone.demand, first) ? [mainHost] : [mainHost, mediaHost]);
        const [, media] = topology.hosts;
        if (media === undefined) return;
        const chosen = offered[mediaSize(topology) ?? ""];
        if (chosen === undefined) throw new Error("no size");
        const cheaper = Object.values(offered).filter(({ monthlyUsd }) => monthlyUsd < chosen.monthlyUsd);
        expect(cheaper.filter((one) => hasRoom(media.demand, one))).toEqual([]);
        const largest = Math.max(...Object.values(offered).map(({ memoryMiB }) => memoryMiB));
        expect(hasRoom(media.demand, chosen) || chosen.memoryMiB === largest).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("is the one that people name, where they name one", () => {
    expect(mediaSize(stack(4, "s-4vcpu-8gb", { size: "c-4" }))).toBe("c-4");
    expect(names(stack(4, "s-4vcpu-8gb", { size: "c-4" }))).toEqual([mainHost, mediaHost]);
  });

  it("is blamed under its own name where even the largest is too small", () => {
    const keys = stack(4, "s-4vcpu-8gb", { size: "s-1vcpu-1gb" }).findings.map(({ key }) => key);
    expect(keys).toContain("muster:host.media.size");
    expect(keys).not.toContain("muster:host.size");
  });
});
