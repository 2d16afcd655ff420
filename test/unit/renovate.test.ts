import { readFileSync } from "node:fs";
import { join } from "node:path";
import { allPins, postgresMajors } from "../../components/services/images";
import { products } from "../../components/services/versions";
import { projectDir } from "../helpers/stacks";

interface Renovate {
  customManagers: { managerFilePatterns: string[]; matchStrings: string[] }[];
  packageRules: {
    matchPackageNames?: string[];
    matchUpdateTypes?: string[];
    allowedVersions?: string;
    enabled?: boolean;
  }[];
}

const read = (path: string): string => readFileSync(join(projectDir, path), "utf8");
const { customManagers, packageRules } = JSON.parse(read("renovate.json")) as Renovate;
const pinFile = "components/services/images.ts";

/** A pattern as Renovate writes one: between slashes. */
const pattern = (text = ""): RegExp => new RegExp(text.replace(/^\/(.*)\/$/, "$1"));
const ruleFor = (name: string) =>
  packageRules.find(({ matchPackageNames: names = [] }) =>
    names.some((wanted) => (wanted.startsWith("/") ? pattern(wanted).test(name) : wanted === name)),
  );
/** Jitsi's parts have one tag, and one line for it. */
const depName = (key: string): string =>
  key.replace(/:[^:]*$/, "").replace(/^ghcr\.io\/jitsi\/.*/, "ghcr.io/jitsi/web");

describe("Renovate", () => {
  const [manager] = customManagers;
  const found = [...read(pinFile).matchAll(new RegExp(manager?.matchStrings[0] ?? "", "g"))].map(
    ({ groups }) => groups ?? {},
  );

  it("finds every pin once, with its own version", () => {
    expect(manager?.managerFilePatterns.some((path) => pattern(path).test(pinFile))).toBe(true);
    const pins = new Set(allPins().map(({ key, tag }) => `docker ${depName(key)} ${tag}`));
    expect(
      found.map((groups) => `${groups["datasource"]} ${groups["depName"]} ${groups["currentValue"]}`).sort(),
    ).toEqual([...pins].sort());
    expect(found.map((groups) => groups["depName"])).toEqual(
      expect.arrayContaining(["restic/restic", "rclone/rclone"]),
    );
  });

  it("leaves each pin of PostgreSQL on its own major", () => {
    const tags = found.filter((groups) => groups["depName"] === "postgres");
    expect(tags.map((groups) => Number.parseInt(groups["currentValue"] ?? ""))).toEqual(postgresMajors);
    expect(ruleFor("postgres")).toMatchObject({ matchUpdateTypes: ["major"], enabled: false });
  });

  it("leaves lego on its major, whose commands and options the certificate service uses", () => {
    expect(ruleFor("goacme/lego")).toMatchObject({ matchUpdateTypes: ["major"], enabled: false });
  });

  it("leaves Mattermost on its newest extended support line", () => {
    const line = products["mattermost"]?.stops.at(-1) ?? "";
    for (const edition of ["team", "enterprise"]) {
      const { allowedVersions } = ruleFor(`mattermost/mattermost-${edition}-edition`) ?? {};
      expect(pattern(allowedVersions).test(`${line}.99`)).toBe(true);
      expect(pattern(allowedVersions).test("12.0.0")).toBe(false);
      const pin = allPins().find(({ name }) => name === `mattermost-${edition}`);
      expect(pin?.tag).toMatch(pattern(allowedVersions));
    }
  });
});
