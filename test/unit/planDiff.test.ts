import fc from "fast-check";
import type { Plan } from "../../stacks/plan";
import { type Change, diffOf, diffOfRevisions } from "../../stacks/plan/diff";
import { headline } from "../../stacks/plan/diff/words";
import { hostile, planPairs, plans, revisionWith, shippedPlan } from "../helpers/plans";

const backwards = (change: Change): Change => ({
  ...change,
  before: change.after,
  after: change.before,
  opens: change.closes,
  closes: change.opens,
});
const sorted = (changes: readonly Change[]): string[] =>
  changes.map((change) => JSON.stringify(change, Object.keys(change).sort())).sort();
const about = (changes: readonly Change[], topic: Change["topic"]): Change[] =>
  changes.filter((change) => change.topic === topic);

/** Who comes through each number, worked out once more. */
function doorsOf({ doors }: Plan): Map<string, Set<string>> {
  const all = new Map<string, Set<string>>();
  for (const { host, protocol, port, lastPort, from } of doors) {
    const name = `${port === lastPort ? port : `${port}-${lastPort}`}/${protocol} of the host ${host}`;
    all.set(name, new Set([...(all.get(name) ?? []), ...from.split(", ")]));
  }
  return all;
}

const prod = shippedPlan("prod");
const door: Plan["doors"][number] = {
  host: "main",
  port: 443,
  lastPort: 443,
  protocol: "tcp",
  service: "caddy",
  exposure: "entry",
  from: "Cloudflare",
  why: "every site",
};
const withDoors = (...doors: Partial<Plan["doors"][number]>[]): Plan => ({
  ...prod,
  doors: doors.map((change) => ({ ...door, ...change })),
});

describe("what changes between two plans", () => {
  it("is nothing between a plan and itself", () => {
    fc.assert(
      fc.property(plans, (plan) => expect(diffOf(plan, structuredClone(plan))).toEqual([])),
      { numRuns: 30 },
    );
  });

  it("is the same backwards: what was opened is closed, what came goes", () => {
    fc.assert(
      fc.property(planPairs, ([base, head]) =>
        expect(sorted(diffOf(head, base))).toEqual(sorted(diffOf(base, head).map(backwards))),
      ),
      { numRuns: 60 },
    );
  });

  it("is the same backwards whatever the texts are", () => {
    fc.assert(
      fc.property(hostile(prod), hostile(prod), (base, head) => {
        expect(diffOf(base, base)).toEqual([]);
        const count = (changes: readonly Change[], kind: "opens" | "closes"): number =>
          changes.filter((change) => change[kind]).length;
        expect(count(diffOf(base, head), "opens")).toBe(count(diffOf(head, base), "closes"));
      }),
      { numRuns: 30 },
    );
  });

  it("has every door that changes, and calls open what is", () => {
    fc.assert(
      fc.property(planPairs, ([base, head]) => {
        const changes = about(diffOf(base, head), "ports");
        const [before, after] = [doorsOf(base), doorsOf(head)];
        for (const name of new Set([...before.keys(), ...after.keys()])) {
          const [old, now] = [before.get(name) ?? new Set(), after.get(name) ?? new Set()];
          const change = changes.find(
            ({ subject }) => subject === name || subject.startsWith(`${name}, to `),
          );
          if (old.size !== now.size || [...now].some((source) => !old.has(source)))
            expect({ name, change }).toEqual({ name, change: expect.anything() });
          if (now.has("everyone") && !old.has("everyone")) expect(change).toMatchObject({ opens: true });
          if (now.size === 0 && old.has("everyone"))
            expect(change).toMatchObject({ closes: true, opens: false });
        }
      }),
      { numRuns: 60 },
    );
  });

  it("has what opens something before all else", () => {
    fc.assert(
      fc.property(planPairs, ([base, head]) => {
        const opens = diffOf(base, head).map((change) => change.opens);
        expect(opens).toEqual([...opens].sort((a, b) => Number(b) - Number(a)));
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ["from Cloudflare to everyone", "Cloudflare", "everyone", true, false],
    ["from everyone to Cloudflare", "everyone", "Cloudflare", false, true],
    ["from a network to everyone", "198.51.100.0/24", "everyone", true, false],
    ["from a network to one within it", "10.0.0.0/8", "10.1.0.0/16, 10.2.3.4/32", false, true],
    ["from a network to one around it", "10.1.0.0/16", "10.0.0.0/8", true, false],
    ["from a network to another", "10.0.0.0/8", "192.0.2.0/24", true, true],
    ["by one network more", "10.0.0.0/8", "10.0.0.0/8, 192.0.2.0/24", true, false],
    ["from this machine to other hosts", "this machine", "other hosts", true, false],
    ["from other hosts to this machine", "other hosts", "this machine", false, true],
  ])("says of a door who reaches it now: %s", (_, before, after, opens, closes) => {
    expect(diffOf(withDoors({ from: before }), withDoors({ from: after }))).toEqual([
      {
        topic: "ports",
        subject: "443/tcp of the host main, to caddy",
        before: before.split(", ").sort().join(", "),
        after: after.split(", ").sort().join(", "),
        opens,
        closes,
      },
    ]);
  });

  it("calls a door to this machine alone no opening, and one with another service behind it a change", () => {
    expect(
      diffOf(withDoors({}), withDoors({}, { port: 8065, lastPort: 8065, from: "this machine" })),
    ).toEqual([expect.objectContaining({ before: null, after: "this machine", opens: false })]);
    expect(diffOf(withDoors({}), withDoors({ service: "other" }))).toEqual([
      expect.objectContaining({
        subject: "443/tcp of the host main",
        before: "Cloudflare; leads to caddy",
        after: "Cloudflare; leads to other",
      }),
    ]);
  });

  it("shows what the edge no longer keeps out", () => {
    const { zone } = prod;
    if (zone === null) throw new Error("prod has no zone");
    const [first] = zone.rules;
    const changed = (rules: typeof zone.rules): Change[] =>
      about(diffOf(prod, { ...prod, zone: { ...zone, rules } }), "zone");
    const block = zone.rules.findIndex(({ action }) => action === "block");
    expect(changed(zone.rules.filter((_, at) => at !== block))).toEqual([
      expect.objectContaining({ after: null, opens: true }),
    ]);
    expect(changed(zone.rules.map((rule, at) => (at === block ? { ...rule, action: "log" } : rule)))).toEqual(
      [expect.objectContaining({ before: "block", after: "log", opens: true, closes: false })],
    );
    expect(
      changed(zone.rules.map((rule, at) => (at === block ? { ...rule, expression: "false" } : rule))),
    ).toEqual([expect.objectContaining({ after: "false", opens: false })]);
    const two = [
      { ...first, phase: "p", name: "a" },
      { ...first, phase: "p", name: "b" },
    ] as typeof zone.rules;
    const [inOrder, other] = [two, [...two].reverse()].map((rules) => ({
      ...prod,
      zone: { ...zone, rules },
    }));
    expect(diffOf(inOrder ?? prod, other ?? prod)).toEqual([
      expect.objectContaining({ subject: "order of the rules in p", before: "a, b", after: "b, a" }),
    ]);
    const bare = prod.records.map((record) =>
      record.proxied === true ? { ...record, proxied: false } : record,
    );
    expect(about(diffOf(prod, { ...prod, records: bare }), "records").every(({ opens }) => opens)).toBe(true);
  });

  it("shows a machine's size, a service's image and memory, a volume that no backup takes, a finding", () => {
    const [service, ...others] = prod.services.filter(({ volumes }) => volumes.length > 0);
    const [host] = prod.hosts;
    if (service === undefined || host === undefined) throw new Error("prod has no data");
    const [volume] = service.volumes;
    const finding = { severity: "warning" as const, key: "muster:mail", problem: "no mail", fix: "set it" };
    const head: Plan = {
      ...prod,
      hosts: [{ ...host, size: "s-8vcpu-16gb", place: "digitalocean fra1, s-8vcpu-16gb" }],
      services: [
        {
          ...service,
          image: "example.org/other:1",
          memoryMiB: 4,
          volumes: service.volumes.map((one) => (one === volume ? { ...one, backup: "none" as const } : one)),
        },
        ...others,
      ],
      findings: [...prod.findings, finding],
    };
    const base = { ...prod, services: [service, ...others] };
    const shown = diffOf(base, head).map(
      ({ topic, subject, before, after }) => `${topic}: ${subject}: ${before} > ${after}`,
    );
    expect(shown).toEqual([
      expect.stringContaining(`data: volume ${volume?.name} of ${service.title}, backup: in the backups`),
      "machines: host main, size: s-4vcpu-8gb > s-8vcpu-16gb",
      `services: ${service.title}, image: ${service.image} > example.org/other:1`,
      `services: ${service.title}, memory: ${service.memoryMiB} MiB > 4 MiB`,
      "findings: warning, muster:mail: null > no mail; fix: set it",
    ]);
  });
});

describe("what changes between two revisions", () => {
  const [dev, local] = [shippedPlan("dev"), shippedPlan("local")];
  const monthly = (plan: Plan, price: number | null): Plan => ({
    ...plan,
    cost: { ...plan.cost, monthly: price },
  });

  it("has stacks that come and go, and those that stay as they are last", () => {
    const diffs = diffOfRevisions(revisionWith({ dev, local }), revisionWith({ local, prod }));
    expect(diffs.map(({ stack, kind }) => [stack, kind])).toEqual([
      ["dev", "removed"],
      ["prod", "added"],
      ["local", "same"],
    ]);
    const [gone, fresh] = diffs;
    expect(gone?.changes.some(({ topic, after }) => topic === "services" && after === null)).toBe(true);
    expect(about(fresh?.changes ?? [], "ports").length).toBeGreaterThan(0);
    for (const { before } of about(fresh?.changes ?? [], "ports")) expect(before).toBeNull();
  });

  it("has only the stacks that were asked for", () => {
    const diffs = diffOfRevisions(revisionWith({ dev }), revisionWith({ prod }), ["prod"]);
    expect(diffs.map(({ stack }) => stack)).toEqual(["prod"]);
  });

  it("says where settings can't be read, and doesn't take that for a stack that is gone", () => {
    const [diff] = diffOfRevisions(
      revisionWith({ dev }),
      revisionWith({}, { dev: "Pulumi.dev.yaml: 1 problem" }),
    );
    expect(diff).toMatchObject({
      kind: "unknown",
      changes: [],
      problems: { head: "Pulumi.dev.yaml: 1 problem" },
    });
  });

  it.each([
    [54, 102, "cost up by 48.00 USD a month, from 54.00 USD to 102.00 USD"],
    [102, 54, "cost down by 48.00 USD a month, from 102.00 USD to 54.00 USD"],
    [null, 54, "cost from not known to 54.00 USD a month"],
  ])("says what it costs more or less: %s, %s", (before, after, words) => {
    const [diff] = diffOfRevisions(
      revisionWith({ prod: monthly(prod, before) }),
      revisionWith({ prod: monthly(prod, after) }),
    );
    if (diff === undefined) throw new Error("no stack");
    expect(headline(diff)).toBe(`prod: changes, ${words}`);
  });
});
