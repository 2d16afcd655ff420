import { checksOf } from "../../doctor";
import type { Check } from "../../doctor/check";
import { type Patient } from "../../doctor/patient";
import type { Topology } from "../../stacks/topology";
import { remoteTopology } from "../helpers/hosts";
import { shippedStacks, stackTopology } from "../helpers/stacks";

/** The checks of a stack: to look at, not to run. */
const checks = (topology: Topology): Check[] =>
  checksOf({
    topology,
    engines: new Map(),
    unreachable: new Map(),
    trust: {},
    addressOf: () => "203.0.113.1",
    secret: () => Promise.reject(new Error("nobody asks")),
    session: () => Promise.reject(new Error("nobody asks")),
    leave: () => Promise.resolve(),
  } satisfies Patient);
const idsOf = (topology: Topology): string[] => checks(topology).map(({ id }) => id);

const topologies: [string, Topology][] = [
  ...shippedStacks.map((stack): [string, Topology] => [stack, stackTopology(stack)]),
  ["a server", remoteTopology("existing")],
  ["a cloud", remoteTopology("digitalocean")],
  ["chat alone", stackTopology("local", { calls: "off", meetings: "off" })],
];

describe.each(topologies)("the checks of %s", (_, topology) => {
  const all = checks(topology);
  const ids = all.map(({ id }) => id);

  it("have ids of their own, and say what a fault means and how it is mended", () => {
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, title, means, fix } of all)
      for (const words of [id, title, means, fix]) expect(words.trim().length).toBeGreaterThan(5);
  });

  it("need only what is checked, and never each other in turn", () => {
    const known = new Map(all.map((check) => [check.id, check]));
    const reach = (id: string, seen: readonly string[]): void => {
      expect(seen).not.toContain(id);
      const { needs = [], through = [], after = [] } = known.get(id) ?? {};
      for (const needed of [...needs, ...through, ...after]) reach(needed, [...seen, id]);
    };
    for (const { id, needs = [], through = [] } of all) {
      reach(id, []);
      for (const way of through) expect(ids).toContain(way);
      // A site below localhost has no name to look up.
      for (const needed of needs) if (!needed.endsWith(".name")) expect(ids).toContain(needed);
    }
  });

  it("are of every service, host, site and door of the plan", () => {
    const { services, hosts, routes, openings } = topology;
    const wanted = [
      ...services.flatMap(({ name }) => [`container.${name}`, `image.${name}`, `memory.${name}`]),
      ...hosts.flatMap(({ name }) => [
        ...["engine", "disk", "memory-of", "clock"].map((what) => `${what}.${name}`),
        `doors.${name}.published`,
      ]),
      ...routes.flatMap(({ site }) => ["certificate", "redirect", "page"].map((what) => `${site}.${what}`)),
      ...openings
        .filter(({ exposure, published, last }) => exposure === "media" && published === last)
        .map(({ host, published, protocol }) => `door.${host}.${published}-${protocol}`),
      ...["backup.fresh", "backup.proven", "backup.repository", "chat.server", "chat.websocket"],
    ];
    for (const id of wanted) expect(ids).toContain(id);
  });
});

describe("the checks", () => {
  it("follow what the stack has", () => {
    const full = idsOf(stackTopology("local", { turn: "on" }));
    const some = [
      "calls.udp",
      "calls.tcp",
      "calls.relay",
      "relay.turn-udp",
      "meet.member",
      "meet.stranger",
      "meet.media",
    ];
    expect(full).toEqual(expect.arrayContaining(some));
    const chat = idsOf(stackTopology("local", { calls: "off", meetings: "off" }));
    for (const id of some) expect(chat).not.toContain(id);
    const without = idsOf(stackTopology("local", { turn: "off" }));
    expect(without).toEqual(expect.arrayContaining(["calls.udp", "meet.media"]));
    expect(without.filter((id) => id.startsWith("relay.") || id === "calls.relay")).toEqual([]);
  });

  it("call one after the other: a person is in one call at a time", () => {
    const calls = checks(stackTopology("local", { turn: "on" })).filter(({ id }) => id.startsWith("calls."));
    expect(calls.map(({ id, after }) => [id, after])).toEqual([
      ["calls.udp", []],
      ["calls.tcp", ["calls.udp"]],
      ["calls.relay", ["calls.udp", "calls.tcp"]],
    ]);
  });

  it("look for strangers' doors on machines that are Muster's alone", () => {
    expect(idsOf(stackTopology("local"))).not.toContain("doors.main.closed");
    expect(idsOf(remoteTopology("existing"))).toContain("doors.main.closed");
  });

  it("look up names that a resolver knows", () => {
    expect(idsOf(stackTopology("local"))).not.toContain("chat.name");
    expect(idsOf(remoteTopology("existing"))).toEqual(expect.arrayContaining(["chat.name", "meet.name"]));
  });
});
