import fc from "fast-check";
import type { Needs, Port, Service } from "../../components/services/service";
import { services as catalogue } from "../../components/services";
import { parseSettings } from "../../stacks/settings/parse";
import { errorsOf, type Topology, topologyOf } from "../../stacks/topology";
import { hostReserveMiB } from "../../stacks/topology/hosts";
import { cpuSharesOf, needsOf, sumOf } from "../../stacks/topology/sizing";
import { plainSettings } from "../helpers/arbitrary";

const topologyFor = (values: Record<string, unknown>, catalogue?: readonly Service[]): Topology =>
  topologyOf(
    "test",
    parseSettings({ source: "test", values, encrypted: [] }),
    catalogue === undefined ? {} : { catalogue },
  );
const topologies = plainSettings.map((values) => topologyFor(values));
/** Services that come to a port from within. */
const comingTo = (port: Port): readonly string[] => ("consumers" in port ? (port.consumers ?? []) : []);
const holds = (check: (topology: Topology) => void): void => {
  fc.assert(fc.property(topologies, check), { numRuns: 30 });
};

describe("any topology", () => {
  it("publishes entry, media and admin ports, each once, and nothing else but what another host needs", () => {
    holds(({ openings, services }) => {
      const published = services.flatMap(({ name, ports }) =>
        ports.flatMap((port) =>
          port.exposure === "internal" || port.exposure === "web"
            ? []
            : [`${name} ${port.published} ${port.number}/${port.protocol} ${port.exposure}`],
        ),
      );
      const open = openings
        .filter(({ exposure }) => exposure !== "internal")
        .map(
          ({ service, published: outer, number, protocol, exposure }) =>
            `${service} ${outer} ${number}/${protocol} ${exposure}`,
        );
      expect(open).toEqual(published);
      const hostOf = new Map(services.map(({ name, host }) => [name, host]));
      const across = services.flatMap(({ name, host, ports }) =>
        ports.flatMap((port) =>
          comingTo(port).some((other) => hostOf.has(other) && hostOf.get(other) !== host)
            ? [`${name} ${port.number}`]
            : [],
        ),
      );
      const between = openings.filter(({ exposure }) => exposure === "internal");
      expect(between.map(({ service, published: outer }) => `${service} ${outer}`)).toEqual(across);
      for (const { host, fromHosts = [] } of between) expect(fromHosts).not.toContain(host);
    });
  });

  it("publishes on this machine's own stack only where the settings bind to", () => {
    holds(({ openings, settings: { host, edge } }) => {
      for (const { exposure, bind, from, host: place } of openings) {
        if (exposure === "internal") {
          expect([bind, from]).toEqual([{ peerAddressOf: place }, "other hosts"]);
          continue;
        }
        if (exposure === "admin") expect(bind).toBe("127.0.0.1");
        else expect(bind).toBe(host.provider === "local" && exposure === "entry" ? host.bind : "0.0.0.0");
        if (bind === "127.0.0.1") expect(from).toBe("this machine");
        else
          expect(from).toBe(
            exposure === "entry" && edge.provider === "cloudflare" ? "Cloudflare" : "everyone",
          );
      }
    });
  });

  it("has one route for each web port and one web port for each route", () => {
    holds(({ routes, services, settings }) => {
      const web = services.flatMap(({ name, ports }) =>
        ports.flatMap((port) => (port.exposure === "web" ? [`${port.site} -> ${name}:${port.number}`] : [])),
      );
      const routed = routes.map(({ site, upstream }) => `${site} -> ${upstream.parts.join("")}`);
      expect(routed).toEqual(web);
      for (const { site, host } of routes) expect(host).toBe(`${settings.sites[site]}.${settings.domain}`);
    });
  });

  it("asks of its host what its services need, with the host's own reserve", () => {
    holds(({ hosts, services }) => {
      const demand = hosts.reduce((sum, host) => sum + host.demand.memoryMiB, 0);
      const needed = services.reduce((sum, { needs }) => sum + needs.memoryMiB, 0);
      expect(demand).toBe(needed + hosts.length * hostReserveMiB);
      const disk = services.reduce((sum, { needs }) => sum + needs.diskGiB, 0);
      expect(hosts.reduce((sum, host) => sum + host.demand.diskGiB, 0)).toBe(disk);
      const cpus = services.reduce((sum, { needs }) => sum + needs.cpus, 0);
      expect(hosts.reduce((sum, host) => sum + host.demand.cpus, 0)).toBeCloseTo(cpus, 6);
      for (const { host } of services) expect(hosts.map(({ name }) => name)).toContain(host);
    });
  });

  it("is over capacity exactly when it says so", () => {
    holds((topology) => {
      const said = errorsOf(topology)
        .map(({ key, problem }) => `${key} ${problem}`)
        .filter((text) => /too (little memory|few CPUs|small a data disk)/.test(text));
      const over = topology.hosts.flatMap(({ capacity, demand }) =>
        capacity === undefined
          ? []
          : [
              demand.memoryMiB > capacity.memoryMiB,
              demand.cpus > capacity.cpus,
              capacity.diskGiB !== undefined && demand.diskGiB > capacity.diskGiB,
            ].filter(Boolean),
      );
      expect(said).toHaveLength(over.length);
    });
  });

  it("has only running services on its networks", () => {
    holds(({ networks, services }) => {
      const running = services.map(({ name }) => name);
      for (const { members } of networks) {
        expect(running).toEqual(expect.arrayContaining([...members]));
        expect(new Set(members).size).toBe(members.length);
      }
    });
  });

  it("lets consumers meet their provider, and strangers nobody", () => {
    holds(({ networks, services }) => {
      const entrances = services.filter(({ ports }) => ports.some(({ exposure }) => exposure === "entry"));
      const talks = new Set(
        services.flatMap(({ name, host, ports }) =>
          ports.flatMap((port) => {
            const consumers =
              port.exposure === "web" ? entrances.map((entrance) => entrance.name) : comingTo(port);
            const neighbours = services.filter((other) => other.host === host).map((other) => other.name);
            return consumers
              .filter((consumer) => neighbours.includes(consumer))
              .map((consumer) => [name, consumer].sort().join(" "));
          }),
        ),
      );
      const meets = new Set(
        networks
          .filter(({ internal }) => internal)
          .flatMap(({ name, members }) =>
            members.filter((other) => other !== name).map((other) => [name, other].sort().join(" ")),
          ),
      );
      expect([...meets].sort()).toEqual([...talks].sort());
      const ways = networks.filter(({ internal }) => !internal);
      expect(new Set(ways.map(({ name }) => name))).toEqual(new Set(["outside"]));
      expect(new Set(ways.map(({ host }) => host)).size).toBe(ways.length);
    });
  });

  it("has at least as much room for more people", () => {
    const people = fc.record({
      accounts: fc.integer({ min: 1, max: 200_000 }),
      active: fc.nat(200_000),
      inCalls: fc.nat(10_000),
      sharing: fc.nat(10_000),
      inMeetings: fc.nat(10_000),
      cameras: fc.nat(10_000),
      busyHours: fc.nat(744),
      historyMonths: fc.integer({ min: 1, max: 240 }),
    });
    const values = { domain: "example.org", host: { provider: "local" } };
    const { settings } = parseSettings({ source: "test", values, encrypted: [] });
    fc.assert(
      fc.property(people, people, (some, more) => {
        const [fewer, many] = [{ ...some }, { ...some }];
        for (const key of Object.keys(some) as (keyof typeof some)[])
          many[key] = Math.min(200_000, some[key] + more[key]);
        for (const service of catalogue) {
          const [small, large] = [fewer, many].map((demand) =>
            needsOf(service, { ...settings, people: demand }),
          ) as [Required<Needs>, Required<Needs>];
          expect(large.memoryMiB).toBeGreaterThanOrEqual(small.memoryMiB);
          expect(large.cpus).toBeGreaterThanOrEqual(small.cpus);
          expect(large.diskGiB).toBeGreaterThanOrEqual(small.diskGiB);
          expect(large.trafficGB).toBeGreaterThanOrEqual(small.trafficGB);
          expect(small.memoryMiB % 64).toBe(0);
          expect(small.memoryMiB).toBeGreaterThanOrEqual(
            service.needs(fewer, { ...settings, people: fewer }).memoryMiB,
          );
        }
      }),
      { numRuns: 30 },
    );
  });
});

describe("sizing", () => {
  it("sums nothing to nothing", () => {
    expect(sumOf([])).toEqual({ memoryMiB: 0, cpus: 0, diskGiB: 0, egressMbps: 0, trafficGB: 0 });
  });

  it("sums without the noise of floating point", () => {
    const tenth = { memoryMiB: 1, cpus: 0.1, diskGiB: 2 };
    expect(sumOf([tenth, { ...tenth, cpus: 0.2, egressMbps: 3 }])).toEqual({
      memoryMiB: 2,
      cpus: 0.3,
      diskGiB: 4,
      egressMbps: 3,
      trafficGB: 0,
    });
  });

  it("gives each CPU 1024 shares, and nobody less than 128", () => {
    expect([0, 0.05, 0.125, 0.5, 2].map(cpuSharesOf)).toEqual([128, 128, 128, 512, 2048]);
  });
});
