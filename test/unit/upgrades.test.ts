import { allPins, type ImageName } from "../../components/services/images";
import { products } from "../../components/services/versions";
import { errorsOf } from "../../stacks/topology";
import type { Finding } from "../../stacks/topology/types";
import { upgradeProblems, versionOf, versionProblems } from "../../stacks/topology/upgrades";
import { localTopology } from "../helpers/stacks";

const sha = `sha256:${"ab".repeat(32)}`;
const team = (version: string): string => `mattermost/mattermost-team-edition:${version}`;
const short = ({ severity, problem }: Finding): string => `${severity}: ${problem}`;

describe("a version", () => {
  const mattermost = products["mattermost"];
  const postgres = products["postgres"];
  if (mattermost === undefined || postgres === undefined) throw new Error("no products");

  it.each([
    [`postgres:18.6-alpine@${sha}`, postgres, "18.6.0"],
    ["postgres:17.11", postgres, "17.11.0"],
    ["mirror.example.org:5000/x/mattermost/mattermost-team-edition:11.7.10", mattermost, "11.7.10"],
    [`${team("v11.7.10")}@${sha}`, mattermost, "11.7.10"],
    [team("11.7.10-rc1"), mattermost, "11.7.10-rc1"],
    [team("11.7.10-custom.3"), mattermost, "11.7.10"],
  ])("stands in the tag: %s", (reference, product, version) => {
    expect(versionOf(reference, product)?.version).toBe(version);
  });

  it.each([
    [team("11.7"), mattermost],
    [team("release-11.7"), mattermost],
    [team("ours-11.7.10"), mattermost],
    [`mattermost/mattermost-team-edition@${sha}`, mattermost],
    ["mirror.example.org:5000/mattermost", mattermost],
    ["postgres:18", postgres],
    ["postgres:18.6.1", postgres],
    ["postgres:19beta1", postgres],
  ])("can't be told: %s", (reference, product) => {
    expect(versionOf(reference, product)).toBeUndefined();
  });
});

describe("the images that are wanted", () => {
  const of = (name: ImageName, reference: string, overrides = {}): Finding[] =>
    versionProblems([{ name, reference }], overrides);

  it("are fine as Muster pins them, in every edition and major", () => {
    expect(versionProblems(allPins().map(({ name, key }) => ({ name, reference: key })))).toEqual([]);
  });

  it.each<[ImageName, string, string]>([
    ["mattermost-team", team("11.7.2"), "Mattermost 11.7.2 is known bad"],
    ["mattermost-team", team("11.7.0"), "Mattermost 11.7.0 is known bad"],
    ["mattermost-enterprise", team("11.7.1-rc2"), "Mattermost 11.7.1-rc2 is known bad"],
    ["mattermost-team", team("11.6.5"), "Mattermost 11.6 is past its end of life (2026-07-15)"],
    ["mattermost-team", team("11.10.0"), "Mattermost 11.10 is past its end of life (2026-11-15)"],
    ["mattermost-team", team("7.8.15"), "Mattermost 7.8 is past its end of life:"],
    ["postgres-17", "postgres:17.1-alpine", "PostgreSQL 17.1 is known bad"],
    ["postgres-18", "postgres:18.2", "PostgreSQL 18.2 is known bad"],
    ["postgres-17", "postgres:14.20", "PostgreSQL 14 is past its end of life (2026-11-12)"],
    ["postgres-17", "postgres:12.22", "PostgreSQL 12 is past its end of life:"],
    ["postgres-17", "postgres:18.6", "PostgreSQL 18 can't read the files of 17"],
  ])("are refused: %s as %s", (name, reference, problem) => {
    const errors = of(name, reference, { [name]: reference }).filter(({ severity }) => severity === "error");
    expect(errors).toContainEqual(
      expect.objectContaining({ key: `muster:images.overrides.${name}`, given: reference }),
    );
    expect(errors.map(short).join("\n")).toContain(problem);
    for (const { allowed, fix } of errors) expect([allowed, fix]).not.toContain("");
  });

  it.each<[ImageName, string]>([
    ["mattermost-team", team("11.7.3")],
    ["mattermost-team", team("11.11.0")],
    ["mattermost-team", `${team("12.1.0")}@${sha}`],
    ["postgres-17", "postgres:17.2-alpine"],
    ["postgres-18", "mirror.example.org:5000/postgres:18.3"],
    // No product of which versions are known.
    ["caddy", "caddy:2.0.0"],
  ])("are fine: %s as %s", (name, reference) => {
    expect(of(name, reference)).toEqual([]);
  });

  it("stand in the table of pins where no setting overrides them", () => {
    expect(of("mattermost-team", team("11.7.2"))).toMatchObject([{ key: "components/services/images.ts" }]);
  });

  it("aren't checked where the tag is somebody's own: a warning", () => {
    const reference = "registry.example.org/chat:ours";
    expect(of("mattermost-team", reference, { "mattermost-team": reference })).toMatchObject([
      { severity: "warning", key: "muster:images.overrides.mattermost-team", given: reference },
    ]);
  });

  it("of a line that is newer than all that is known: a warning", () => {
    expect(of("mattermost-team", team("13.0.0")).map(short)).toEqual([
      "warning: Mattermost 13.0 is newer than this version of Muster knows",
    ]);
  });

  it("may be of an ended line on which an upgrade stops: a warning, since only what runs can tell", () => {
    expect(of("mattermost-team", team("10.11.23")).map(short)).toEqual([
      expect.stringMatching(
        /^warning: Mattermost 10\.11 is past its end of life \(2026-08-15\).* only a step/,
      ),
    ]);
  });

  it("are in the topology's findings, errors first; a rolling tag is one mistake, not two", () => {
    const findings = (overrides: Record<string, string>): Finding[] => [
      ...localTopology({ images: { overrides } }).findings,
    ];
    expect(errorsOf({ findings: findings({ "mattermost-team": team("11.6.0") }) })).toMatchObject([
      { key: "muster:images.overrides.mattermost-team" },
    ]);
    expect(findings({ "mattermost-team": team("11.6.0") })[0]?.severity).toBe("error");
    const rolling = findings({ "mattermost-team": team("release-11") });
    expect(rolling.filter(({ key }) => key.startsWith("muster:images"))).toHaveLength(1);
    // Of an image that doesn't run here, nothing is said.
    expect(errorsOf({ findings: findings({ "mattermost-enterprise": team("11.6.0") }) })).toEqual([]);
  });
});

describe("going from what runs to what is wanted", () => {
  const chat = (from: string | undefined, to: string): string[] =>
    upgradeProblems(from === undefined ? {} : { mattermost: from }, { mattermost: to }).map(short);
  const database = (from: string, to: string): string[] =>
    upgradeProblems({ postgres: from }, { postgres: to }).map(short);

  it.each([
    ["11.7.9", "11.7.10"],
    ["10.11.23", "11.7.10"],
    ["10.5.14", "10.11.23"],
    ["10.12.4", "11.7.10"],
    ["11.7.10", "12.1.0"],
    ["9.11.18", "10.5.14"],
    ["11.7.10-rc1", "11.7.10"],
  ])("Mattermost %s to %s: fine", (from, to) => {
    expect(chat(team(from), team(to))).toEqual([]);
  });

  it.each([
    ["11.7.10", "11.7.9"],
    ["11.7.10", "10.11.23"],
    ["12.0.0", "11.7.10"],
    ["11.7.10", "11.7.10-rc1"],
  ])("Mattermost %s to %s: a downgrade, refused", (from, to) => {
    expect(chat(team(from), team(to))).toEqual([
      expect.stringMatching(new RegExp(`^error: Mattermost ${to} after ${from}: it can't go back`)),
    ]);
  });

  it.each([
    ["10.5.14", "11.7.10", "10.11"],
    ["9.11.18", "11.7.10", "10.5 and 10.11"],
    ["8.1.0", "10.5.14", "9.11"],
    ["10.11.23", "12.0.0", "11.7"],
    ["11.6.6", "11.11.0", "11.7"],
  ])("Mattermost %s to %s: skips %s, refused", (from, to, skipped) => {
    const [problem] = upgradeProblems({ mattermost: team(from) }, { mattermost: team(to) });
    expect(problem).toMatchObject({ severity: "error", key: "muster:images" });
    expect(problem?.problem).toContain(`skips ${skipped}:`);
    expect(problem?.fix).toContain(`the newest ${skipped.split(" ")[0] ?? ""} first`);
  });

  it("of a new stack: not to a line that has ended, even if it is a step for others", () => {
    expect(chat(undefined, team("10.11.23"))).toEqual([
      expect.stringMatching(/^error: Mattermost 10\.11 is past its end of life/),
    ]);
    expect(chat(undefined, team("11.7.10"))).toEqual([]);
    expect(chat(undefined, team("ours"))).toEqual([]);
  });

  it("PostgreSQL's minor version may go back, with a warning", () => {
    expect(database("postgres:18.6-alpine", "postgres:18.4-alpine")).toEqual([
      expect.stringMatching(/^warning: PostgreSQL 18\.4 after 18\.6/),
    ]);
    expect(database("postgres:18.4-alpine", `mirror.example.org/postgres:18.6-alpine@${sha}`)).toEqual([]);
  });

  it("PostgreSQL's majors aren't compared: each has its own volume", () => {
    expect(database("postgres:17.11", "postgres:18.6")).toEqual([]);
    expect(database("postgres:18.6", "postgres:17.11")).toEqual([]);
  });

  it("says so where a version can't be told, and nothing where nothing has changed", () => {
    expect(chat(team("ours"), team("11.7.10"))).toEqual([
      expect.stringMatching(/^warning: Mattermost's versions can't be compared/),
    ]);
    expect(chat(team("11.7.10"), team("ours"))).toHaveLength(1);
    expect(chat(team("ours"), team("ours"))).toEqual([]);
    expect(chat(team("10.4.0"), team("10.4.0"))).toEqual([]);
    expect(upgradeProblems({ mattermost: team("11.7.10") }, {})).toEqual([]);
    expect(upgradeProblems({ caddy: "caddy:2.11.4" }, { caddy: "caddy:2.0.0" })).toEqual([]);
  });

  it("from the enterprise edition to the Team Edition: a warning, also through a mirror", () => {
    const enterprise = `mirror.example.org:5000/mattermost/mattermost-enterprise-edition:11.7.10@${sha}`;
    expect(upgradeProblems({ mattermost: enterprise }, { mattermost: team("11.7.10") })).toMatchObject([
      { severity: "warning", key: "muster:edition" },
    ]);
    expect(chat(team("11.7.10"), enterprise)).toEqual([]);
  });
});
