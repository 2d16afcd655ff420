import fc from "fast-check";
import { type Constant, constants } from "../../components/services/model";
import { fittedConstants, rounded } from "../../scripts/sizing/fit";
import { allowedError, bridgeVerdicts, callsVerdicts, machineVerdicts } from "../../scripts/sizing/judge";
import { examples, holds, providers, stackFor } from "../../scripts/sizing/examples";
import { parseSettings } from "../../stacks/settings/parse";
import { errorsOf, topologyOf } from "../../stacks/topology";
import { carriedBy } from "../../stacks/topology/carries";
import { offeredBy } from "../../stacks/topology/sizes";

describe("the model", () => {
  it("has the constants that the fit gives, and none beside them that says so", () => {
    const fit = fittedConstants();
    const marked = Object.entries(constants).flatMap(([service, own]) =>
      Object.entries<Constant>(own).flatMap(([name, { value, fitted }]) =>
        fitted === true ? [[`${service}.${name}`, value]] : [],
      ),
    );
    const calculated = Object.entries(fit).flatMap(([service, own]) =>
      Object.entries(own).map(([name, value]) => [`${service}.${name}`, rounded(value)]),
    );
    expect(Object.fromEntries(marked)).toEqual(Object.fromEntries(calculated));
    for (const [, value] of calculated) expect(value).toBeGreaterThan(0);
  });

  it("is within a fifth of what others published, or says why, and nowhere else", () => {
    const all = [...callsVerdicts(), ...machineVerdicts(), ...bridgeVerdicts()];
    const off = all.filter(({ error }) => Math.abs(error) > allowedError);
    expect(all.filter(({ reason }) => reason !== undefined)).toEqual(off);
    expect(off.filter(({ fitting }) => fitting)).toEqual([]);
    expect(all.filter(({ fitting }) => !fitting).length).toBeGreaterThan(30);
  });

  it("has a unit and a source for every number", () => {
    for (const own of Object.values(constants))
      for (const { value, unit, source } of Object.values<Constant>(own)) {
        expect(value).toBeGreaterThan(0);
        expect(unit).toMatch(/MiB|GiB|GB|CPU|Mbit|people/);
        expect(source.length).toBeGreaterThan(10);
      }
  });
});

describe("worked examples", () => {
  it.each(examples.map((example) => [example.title, example] as const))(
    "%s: every provider has a shape that holds",
    (_, example) => {
      for (const provider of providers) expect(holds(stackFor(example, provider))).toBe(true);
    },
  );
});

describe("what machines carry", () => {
  const people = fc
    .record({
      accounts: fc.integer({ min: 20, max: 3000 }),
      active: fc.integer({ min: 10, max: 3000 }),
      inCalls: fc.integer({ min: 2, max: 200 }),
      inMeetings: fc.integer({ min: 2, max: 200 }),
    })
    .map(({ accounts, active, inCalls, inMeetings }) => {
      const activeOnes = Math.min(active, accounts);
      return {
        accounts,
        active: activeOnes,
        inCalls: Math.min(inCalls, activeOnes),
        inMeetings: Math.min(inMeetings, activeOnes),
      };
    });
  const sizes = offeredBy("digitalocean").map(([name]) => name);
  const stack = (who: object, size: string) =>
    topologyOf(
      "t",
      parseSettings({
        source: "t",
        values: {
          domain: "example.org",
          edition: "enterprise",
          calls: "rtcd",
          host: { provider: "digitalocean", region: "fra1", size, dataDiskGiB: 2000 },
          people: who,
        },
        encrypted: ["licence", "sshKey", "digitaloceanToken"],
      }),
    );
  const isTooSmall = (topology: ReturnType<typeof stack>): boolean =>
    errorsOf(topology).some(({ problem }) => /^too (little|few|small)/.test(problem));

  it("is just what the plan lets in: these people, and not one account more", () => {
    fc.assert(
      fc.property(people, fc.constantFrom(...sizes), (who, size) => {
        const { settings, services } = stack(who, size);
        const carries = carriedBy(
          settings,
          services.map(({ service }) => service),
        );
        if (carries === undefined) {
          expect(isTooSmall(stack({ ...who, accounts: 1, active: 1, inCalls: 0, inMeetings: 0 }, size))).toBe(
            true,
          );
          return;
        }
        expect(isTooSmall(stack(carries.people, size))).toBe(false);
        const more = carries.people.accounts + 1;
        const scaled = (count: number): number => Math.floor((count * more) / who.accounts);
        const inCalls = scaled(who.inCalls);
        const inMeetings = scaled(who.inMeetings);
        const next = {
          accounts: more,
          active: scaled(who.active),
          inCalls,
          sharing: Math.min(1, inCalls),
          inMeetings,
          cameras: inMeetings,
        };
        expect(isTooSmall(stack(next, size))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});
