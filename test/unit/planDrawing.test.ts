import fc from "fast-check";
import type { Plan } from "../../stacks/plan";
import type { Drawn, Place, Point } from "../../stacks/plan/page/drawn";
import { type Graph, graphOf, portLines } from "../../stacks/plan/page/graph";
import { laidOut } from "../../stacks/plan/page/layout";
import { shortened, textWidth } from "../../stacks/plan/page/measure";
import { arbitraryPlan, plans } from "../helpers/pagePlans";

const drawn = (plan: Plan): { graph: Graph; drawing: Drawn } => {
  const graph = graphOf(plan);
  return {
    graph,
    drawing: laidOut(
      graph,
      plan.hosts.map(({ name }) => name),
    ),
  };
};

const overlap = (one: Place, other: Place): boolean =>
  Math.abs(one.x - other.x) < (one.width + other.width) / 2 - 0.01 &&
  Math.abs(one.y - other.y) < (one.height + other.height) / 2 - 0.01;

const holds = (outer: Place, inner: Place): boolean =>
  Math.abs(outer.x - inner.x) <= (outer.width - inner.width) / 2 + 0.01 &&
  Math.abs(outer.y - inner.y) <= (outer.height - inner.height) / 2 + 0.01;

/** Where a stretch of an arrow may run: nowhere else, since curves leave and arrive level. */
const stretch = (from: Point, to: Point): Place => ({
  x: (from.x + to.x) / 2,
  y: (from.y + to.y) / 2,
  width: Math.abs(from.x - to.x),
  height: Math.abs(from.y - to.y),
});

/** What would make a drawing unreadable. */
function faults({ width, height, boxes, arrows, hosts }: Drawn): string[] {
  const whole = { x: width / 2, y: height / 2, width, height };
  const labels = arrows.map(({ arrow, label }) => ({ ...label, name: `label ${arrow.from} -> ${arrow.to}` }));
  const solid = [...boxes.map((place) => ({ ...place, name: place.box.id })), ...labels];
  const outside = [...solid, ...hosts]
    .filter((place) => !holds(whole, place))
    .map(({ name }) => `outside: ${name}`);
  const overlaps = solid.flatMap((one, index) =>
    solid
      .slice(index + 1)
      .filter((other) => overlap(one, other))
      .map((other) => `${one.name} on ${other.name}`),
  );
  const strays = hosts.flatMap((host) =>
    boxes
      .filter(({ box, ...place }) => (box.host === host.name ? !holds(host, place) : overlap(host, place)))
      .map(({ box }) => `${box.id} in or out of host ${host.name}`),
  );
  const hostOverlaps = hosts.flatMap((one, index) =>
    hosts
      .slice(index + 1)
      .filter((other) => overlap(one, other))
      .map((other) => `host ${one.name} on ${other.name}`),
  );
  const crossings = arrows.flatMap(({ arrow, points }) =>
    points.slice(1).flatMap((to, index) => {
      const from = points[index] ?? to;
      return boxes
        .filter((place) => overlap(stretch(from, to), place))
        .map(({ box }) => `${arrow.from} -> ${arrow.to} through ${box.id}`);
    }),
  );
  return [...outside, ...overlaps, ...strays, ...hostOverlaps, ...crossings];
}

describe("the drawing", () => {
  it.each(plans)("of %s: nothing lies on anything else, no arrow runs through a box", (_name, make) => {
    expect(faults(drawn(make()).drawing)).toEqual([]);
  });

  it("is as clear for any plan, and leaves nothing out", () => {
    fc.assert(
      fc.property(arbitraryPlan(), (plan) => {
        const { graph, drawing } = drawn(plan);
        expect(faults(drawing)).toEqual([]);
        expect(drawing.boxes.map(({ box }) => box.id).sort()).toEqual(graph.boxes.map(({ id }) => id).sort());
        expect(drawing.arrows).toHaveLength(graph.arrows.filter(({ from, to }) => from !== to).length);
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });

  it("keeps to the page's width with 200 services that hardly talk", () => {
    const plan = plans[0]?.[1]();
    const service = plan?.services[0];
    if (plan === undefined || service === undefined) throw new Error("no plan to start from");
    const services = Array.from({ length: 200 }, (_, index) => ({
      ...service,
      name: `s-${index}`,
      title: `S ${index}`,
    }));
    const links = services.flatMap(({ name }, index) =>
      index % 5 === 1
        ? [{ from: name, to: `s-${index - 1}`, port: 9000, protocol: "tcp" as const, why: "" }]
        : [],
    );
    const { drawing } = drawn({ ...plan, services, links, doors: [], sites: [], records: [] });
    expect(faults(drawing)).toEqual([]);
    expect(drawing.width).toBeLessThan(1200);
    expect(drawing.height).toBeLessThan(4000);
  });
});

it("says from which service a port between hosts is reached, and from other hosts where none is known", () => {
  const plan = plans.find(([name]) => name === "two hosts")?.[1]();
  if (plan === undefined) throw new Error("no plan with two hosts");
  const between = plan.doors.filter(({ from }) => from === "other hosts");
  expect(between).not.toEqual([]);
  const others = ({ boxes }: Graph): string[] =>
    boxes.filter(({ id }) => id === "from other hosts").map(({ id }) => id);
  expect(others(graphOf(plan))).toEqual([]);
  expect(others(graphOf({ ...plan, links: [] }))).toEqual(["from other hosts"]);
});

it("writes ports in few lines, without losing one", () => {
  const tcp = (port: number, lastPort = port) => ({ port, lastPort, protocol: "tcp" as const });
  const udp = (port: number, lastPort = port) => ({ port, lastPort, protocol: "udp" as const });
  expect(portLines([tcp(80), tcp(443)])).toEqual(["80, 443 tcp"]);
  expect(portLines([udp(3478), tcp(3478), udp(49160, 49239)])).toEqual(["3478 tcp, udp", "49160-49239 udp"]);
  expect(portLines([tcp(1), tcp(2), tcp(3), tcp(4), tcp(5)], 3)).toEqual(["1, 2, 3 and 2 more tcp"]);
});

it("shortens in the middle what has no room", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", maxLength: 80 }),
      fc.integer({ min: 30, max: 200 }),
      (text, most) => {
        const short = shortened(text, most, 12);
        expect(textWidth(short, 12)).toBeLessThanOrEqual(most);
        expect(short === text || short.includes("…")).toBe(true);
        if (textWidth(text, 12) <= most) expect(short).toBe(text);
      },
    ),
  );
});
