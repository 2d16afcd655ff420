import {
  describeOffering,
  editionProblems,
  features,
  type Offering,
  offeringOf,
  teamAccountLimit,
} from "../../stacks/settings/editions";
import type { Settings } from "../../stacks/settings/schema";
import type { SecretSetting } from "../../stacks/settings/secrets";
import { localTopology } from "../helpers/stacks";

const secretsOf = (offering: Offering): SecretSetting[] => (offering === "licensed" ? ["licence"] : []);
const settingsOf = (offering: Offering, change: Record<string, unknown>): Settings =>
  localTopology({ edition: offering === "team" ? "team" : "enterprise", ...change }).settings;

/** For each feature that settings can ask for: settings that ask for it, and what each offering does then. */
const asking: Record<string, [Record<string, unknown>, string, Record<Offering, boolean>]> = {
  accountsAboveTeamLimit: [
    { people: { accounts: 251 } },
    "muster:people.accounts",
    { team: false, entry: true, licensed: true },
  ],
  mfaEnforcement: [
    { chat: { mfa: "enforced" } },
    "muster:chat.mfa",
    { team: false, entry: true, licensed: true },
  ],
  rtcd: [{ calls: "rtcd" }, "muster:calls", { team: false, entry: false, licensed: true }],
  guestAccounts: [
    { chat: { guests: true } },
    "muster:chat.guests",
    { team: false, entry: true, licensed: true },
  ],
};
const offerings: Offering[] = ["team", "entry", "licensed"];
const cases = Object.entries(asking).flatMap(([name, [change, key, allowed]]) =>
  offerings.map((offering) => ({ name, change, key, offering, works: allowed[offering] })),
);

describe("the edition matrix", () => {
  it("has a case here for every feature that settings can ask for", () => {
    const askable = Object.entries(features).filter(([, feature]) => "askedBy" in feature);
    expect(askable.map(([name]) => name).sort()).toEqual(Object.keys(asking).sort());
  });

  it.each(cases)("$name with $offering: works is $works", ({ change, key, offering, works }) => {
    const problems = editionProblems(settingsOf(offering, change), new Set(secretsOf(offering)));
    expect(problems.map((problem) => problem.key)).toEqual(works ? [] : [key]);
    for (const problem of problems) {
      expect(problem.problem).toContain(describeOffering(offering));
      expect(problem.allowed).toContain(describeOffering("licensed"));
      expect(problem.fix).not.toBe("");
    }
  });

  it("gives a licence everything, and the free edition nothing that a licence lacks", () => {
    for (const { offerings: having } of Object.values(features)) {
      expect(having).toContain("licensed");
      if ((having as readonly Offering[]).includes("team")) expect(having).toContain("entry");
    }
  });

  it("reports everything that an edition can't do at once", () => {
    const change = { people: { accounts: 1000 }, chat: { mfa: "enforced", guests: true } };
    expect(editionProblems(settingsOf("team", change), new Set())).toHaveLength(3);
  });

  it.each(offerings)("asks for nothing by default: %s", (offering) => {
    expect(editionProblems(settingsOf(offering, {}), new Set(secretsOf(offering)))).toEqual([]);
  });

  it(`lets the free edition have ${teamAccountLimit} accounts`, () => {
    expect(
      editionProblems(settingsOf("team", { people: { accounts: teamAccountLimit } }), new Set()),
    ).toEqual([]);
  });

  it("tells the enterprise image with and without a licence apart, and ignores one on the free edition", () => {
    expect(offeringOf(settingsOf("entry", {}), new Set())).toBe("entry");
    expect(offeringOf(settingsOf("entry", {}), new Set(["licence"]))).toBe("licensed");
    expect(offeringOf(settingsOf("team", {}), new Set(["licence"]))).toBe("team");
  });

  it("is the edition's image that runs", () => {
    const imageOf = (edition: string): string | undefined =>
      localTopology({ edition }).services.find(({ name }) => name === "mattermost")?.image.reference;
    expect(imageOf("team")).toContain("mattermost/mattermost-team-edition:");
    expect(imageOf("enterprise")).toContain("mattermost/mattermost-enterprise-edition:");
  });
});
