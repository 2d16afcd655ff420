import { formerSettings } from "../../cli/upgrade";
import { describeUpgrade, replacedServices, type Running } from "../../cli/upgrade.plan";
import { localTopology } from "../helpers/stacks";

const container = (name: string): string =>
  `urn:pulumi:local::muster::muster:index:Environment$muster:platform:Platform$muster:platform:Service$docker:index/container:Container::${name}`;

const running = (changes: Partial<Running> = {}): Running => ({
  images: Object.fromEntries(localTopology().services.map(({ name, image }) => [name, image.reference])),
  major: localTopology().settings.postgres.major,
  backupSeconds: 200,
  drillSeconds: 400,
  ...changes,
});

describe("services that stop in an upgrade", () => {
  it("are those whose own container is replaced; preparations and jobs aren't services", () => {
    const steps = [
      { op: "replace", urn: container("mattermost") },
      { op: "create-replacement", urn: container("mattermost") },
      { op: "replace", urn: container("mattermost-prepare") },
      { op: "replace", urn: container("caddy-reload") },
      { op: "same", urn: container("caddy") },
      { op: "update", urn: container("postgres") },
    ];
    expect(replacedServices(localTopology(), steps)).toEqual(["mattermost"]);
  });

  it("stand still for a moment, or for as long as data move to another major", () => {
    const steps = ["postgres", "mattermost"].map((name) => ({ op: "replace", urn: container(name) }));
    const plain = describeUpgrade(localTopology(), steps, running());
    expect(plain).toMatch(/Mattermost\s+15 s/);
    expect(plain).toContain("nothing: no data meet another program");
    const moved = describeUpgrade(localTopology(), steps, running({ major: 17 }));
    expect(moved).toMatch(/Mattermost\s+11 minutes/);
    expect(moved).toContain("from PostgreSQL 17 to 18");
    expect(moved).toContain("a backup is taken; without it nothing changes; the last one took 3 minutes");
  });

  it("are none where nothing would change", () => {
    expect(describeUpgrade(localTopology(), [], running())).toBe("Nothing would change.");
  });
});

describe("going back", () => {
  it("names the images that ran before, and only those that have changed", () => {
    const { images } = running();
    const former = { ...images, mattermost: "mattermost/mattermost-team-edition:11.7.9" };
    expect(formerSettings(localTopology(), { images: former, major: 18 })).toEqual([
      ['muster:images.overrides["mattermost-team"]', "mattermost/mattermost-team-edition:11.7.9"],
    ]);
    expect(formerSettings(localTopology(), { images, major: 18 })).toEqual([]);
  });

  it("names the major version, which names its image", () => {
    const { images } = running();
    const former = { ...images, postgres: "postgres:17.11-alpine", backup: "postgres:17.11-alpine" };
    expect(formerSettings(localTopology(), { images: former, major: 17 })).toEqual([
      ["muster:postgres.major", "17"],
    ]);
  });

  it("does not touch the file where nothing ran before", () => {
    expect(formerSettings(localTopology(), { images: {}, major: undefined })).toEqual([]);
  });
});
