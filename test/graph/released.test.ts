import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { upgradeProblems } from "../../stacks/topology/upgrades";
import type { RecordedResource } from "../helpers/graph";
import {
  broken,
  graphOf,
  imagesOf,
  recordedReleases,
  recordRelease,
  type Release,
  releaseOf,
} from "../helpers/release";
import { releasesDir, shippedStacks, stackConfig } from "../helpers/stacks";

// A run takes two seconds, but the machine may be busy.
jest.setTimeout(120_000);

if (process.env["RECORD_RELEASE"] === "1")
  it("records this release", async () => {
    await recordRelease();
  });
else {
  const releases = recordedReleases();

  describe("an update to this version", () => {
    it("is tried from every release, for every stack that it shipped", () => {
      expect(releases.map(({ version, stack }) => `${version} ${stack}`)).toEqual(
        expect.arrayContaining(shippedStacks.map((stack) => `0.1.0 ${stack}`)),
      );
    });

    it("finds a backup of every release, for the end-to-end tests to restore", () => {
      for (const version of new Set(releases.map((release) => release.version)))
        for (const file of ["backup.tar", "backup.json"])
          expect(`${version}/${file}: ${existsSync(join(releasesDir, version, file))}`).toContain("true");
    });

    it.each(releases.map((release) => [release.version, release.stack, release] as const))(
      "from %s replaces and loses nothing of %s: no data, no address, no secret",
      async (_version, stack, release) => {
        // With the settings of then: who updates the program leaves them as they are.
        expect(broken(release, await graphOf(stack, release.settings))).toEqual([]);
        expect(Object.values(release.resources).filter(({ protect }) => protect).length).toBeGreaterThan(5);
      },
    );

    it.each(releases.map((release) => [release.version, release.stack, release] as const))(
      "from %s skips no step of %s's images, and goes back nowhere",
      (_version, stack, { images, settings }) => {
        const found = upgradeProblems(images, imagesOf(stack, settings));
        expect(found.filter(({ severity }) => severity === "error")).toEqual([]);
      },
    );
  });

  describe("what would break an installation", () => {
    let graph: RecordedResource[];
    let release: Release;
    beforeAll(async () => {
      const settings = stackConfig("local");
      graph = await graphOf("local", settings);
      release = releaseOf("0.0.0", "local", settings, graph);
    });

    /** What is found once some resources have been changed. */
    const found = (
      name: string,
      change: (resource: RecordedResource) => Partial<RecordedResource> | undefined,
    ): string[] =>
      broken(
        release,
        graph.flatMap((resource) => {
          if (resource.name !== name) return [resource];
          const changed = change(resource);
          return changed === undefined ? [] : [{ ...resource, ...changed }];
        }),
      ).map((text) => text.replace(/^\S*::/, ""));
    const inputs =
      (more: Record<string, unknown>) =>
      (resource: RecordedResource): Partial<RecordedResource> => ({
        inputs: { ...resource.inputs, ...more },
      });
    const renamed =
      (name: string, options = {}) =>
      (resource: RecordedResource) => ({
        name,
        urn: resource.urn.replace(/[^:]*$/, name),
        options: { ...resource.options, ...options },
      });

    it("is nothing where nothing has changed", () => {
      expect(broken(release, graph)).toEqual([]);
    });

    it("a volume with another physical name: an empty one would take its place", () => {
      expect(found("mattermost-data", inputs({ name: "muster-local-chat-data" }))).toEqual([
        'mattermost-data is replaced: name was "muster-local-mattermost-data", is "muster-local-chat-data"',
        "mattermost-data isn't at /mattermost/data any more",
      ]);
    });

    it("a label more on a volume: the provider replaces it for that", () => {
      expect(found("mattermost-data", inputs({ labels: [] }))).toEqual([
        expect.stringMatching(/^mattermost-data is replaced: labels was /),
      ]);
      expect(found("mattermost-data", inputs({ driverOpts: { type: "nfs" } }))).toEqual([
        'mattermost-data is replaced: driverOpts was nothing, is {"type":"nfs"}',
      ]);
    });

    it("a secret of another length: everybody who knows the old one is locked out", () => {
      expect(found("database-password", inputs({ length: 40 }))).toEqual([
        "database-password is replaced: length was 32, is 40",
      ]);
    });

    it("data or a secret that isn't protected any more", () => {
      expect(
        found("mattermost-data", ({ options }) => ({ options: { ...options, protect: false } })),
      ).toEqual(["mattermost-data isn't protected any more"]);
      expect(
        found("mattermost-data", ({ options }) => ({ options: { ...options, retainOnDelete: false } })),
      ).toEqual(["mattermost-data isn't kept any more when it leaves the program"]);
    });

    it("data or a secret that is gone, or has another name in the program", () => {
      expect(found("mattermost-config", () => undefined)).toEqual(["mattermost-config is gone"]);
      expect(found("database-password", renamed("postgres-password"))).toEqual(["database-password is gone"]);
    });

    it("not another name with an alias, its own or its parent's", () => {
      expect(
        found(
          "database-password",
          renamed("postgres-password", { aliases: [{ name: "database-password" }] }),
        ),
      ).toEqual([]);
      const secrets = graph.find(({ name }) => name === "secrets");
      const type = "muster:platform:Keys";
      const moved = (urn: string): string => urn.replace("muster:platform:Secrets", type);
      const below = (aliases: { type: string }[]): RecordedResource[] =>
        graph.map((resource) => ({
          ...resource,
          urn: moved(resource.urn),
          ...(resource.parent === undefined ? {} : { parent: moved(resource.parent) }),
          ...(resource === secrets ? { type, options: { aliases } } : {}),
        }));
      expect(broken(release, below([{ type: "muster:platform:Secrets" }]))).toEqual([]);
      expect(broken(release, below([])).length).toBeGreaterThan(2);
    });

    it("data that its service looks for elsewhere", () => {
      const [volume] = graph.filter(({ name }) => /^postgres-data-\d+$/.test(name));
      const elsewhere = { type: "volume", source: volume?.inputs["name"], target: "/elsewhere" };
      expect(
        found("postgres", (resource) => (resource.custom ? inputs({ mounts: [elsewhere] })(resource) : {})),
      ).toEqual([expect.stringMatching(/^postgres-data-\d+ isn't at \/var\/lib\/postgresql any more$/)]);
    });

    it("but what isn't data may change: containers, networks, files", () => {
      expect(found("mattermost", inputs({ image: "mattermost/mattermost-team-edition:99.0.0" }))).toEqual([]);
      expect(found("network-mattermost", () => undefined)).toEqual([]);
      expect(found("mattermost-files", () => undefined)).toEqual([]);
    });

    it("can't be hidden by recording a release anew", async () => {
      const dir = mkdtempSync(join(tmpdir(), "muster-releases-"));
      try {
        await recordRelease(dir);
        await expect(recordRelease(dir)).rejects.toThrow("is there already");
      } finally {
        rmSync(dir, { recursive: true });
      }
    });
  });
}
