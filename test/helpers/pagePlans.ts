/** Plans as tests of the page meet them: of the shipped stacks, of two hosts, and made up. */
import fc from "fast-check";
import { type Plan, planOf } from "../../stacks/plan";
import { hosts, remoteTopology } from "./hosts";
import { shippedStacks, stackTopology } from "./stacks";

/** Two machines, with administrators in networks of their own. */
export const twoHosts = (): Plan =>
  planOf(
    remoteTopology("digitalocean", {
      host: { ...hosts.digitalocean.host, media: { size: "c-4" } },
      people: { accounts: 20, active: 20, inCalls: 4, inMeetings: 4 },
      machine: { sshFrom: ["198.51.100.0/24", "192.0.2.7/32"], vpn: { peers: { anna: {} } } },
    }),
  );

/** Plans by name. */
export const plans: readonly (readonly [string, () => Plan])[] = [
  ...shippedStacks.map((stack) => [stack, () => planOf(stackTopology(stack))] as const),
  ["two hosts", twoHosts],
];

const from = fc.constantFrom(
  "everyone",
  "Cloudflare",
  "this machine",
  "other hosts",
  "192.0.2.0/24, 198.51.100.7/32",
);
const exposure = fc.constantFrom("entry", "media", "admin", "internal", "machine");
const protocol = fc.constantFrom("tcp", "udp");
const port = fc.integer({ min: 1, max: 65_535 });

/** Plans with any doors, links and sites between up to so many services on up to three hosts. */
export const arbitraryPlan = (mostServices = 14): fc.Arbitrary<Plan> =>
  fc
    .record({ hosts: fc.integer({ min: 1, max: 3 }), services: fc.integer({ min: 0, max: mostServices }) })
    .chain(({ hosts: hostCount, services: count }) => {
      const service = fc.nat({ max: Math.max(0, count - 1) }).map((index) => `service-${index}`);
      const host = fc.nat({ max: hostCount - 1 }).map((index) => `host-${index}`);
      const some = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
        count === 0 ? fc.constant([]) : fc.array(one, { maxLength: 20 });
      return fc.record({
        places: fc.array(host, { minLength: count, maxLength: count }),
        titles: fc.array(fc.string({ maxLength: 40 }), { minLength: count, maxLength: count }),
        doors: some(
          fc.record({ service: fc.option(service), from, exposure, protocol, port, range: fc.nat(90) }),
        ),
        links: some(fc.record({ from: service, to: service, protocol, port })),
        sites: some(fc.record({ name: fc.domain(), service, proxied: fc.boolean() })),
        hostCount: fc.constant(hostCount),
      });
    })
    .map(({ places, titles, doors, links, sites, hostCount }) => {
      const plan = twoHosts();
      const [host] = plan.hosts;
      const [service] = plan.services;
      if (host === undefined || service === undefined) throw new Error("the sample has no host or service");
      return {
        ...plan,
        hosts: Array.from({ length: hostCount }, (_, index) => ({ ...host, name: `host-${index}` })),
        services: places.map((place, index) => ({
          ...service,
          name: `service-${index}`,
          title: titles[index] ?? "",
          host: place,
        })),
        doors: doors.map(({ range, ...door }) => ({
          ...door,
          host: door.service === null ? "host-0" : (places[Number(door.service.slice(8))] ?? "host-0"),
          lastPort: Math.min(65_535, door.port + range),
          why: "it is tested",
        })),
        links: links.map((link) => ({ ...link, why: "it is tested" })),
        sites: sites.map(({ name, service: behind }) => ({
          name,
          service: behind,
          address: `https://${name}`,
        })),
        records: sites.map(({ name, proxied }) => ({
          name,
          type: "A" as const,
          value: "192.0.2.1",
          proxied,
          why: "it is tested",
        })),
      };
    });
