import { isKept } from "../../components/services/service";
import { find, isSecret, type RecordedResource, unwrap } from "../helpers/graph";
import { known } from "../helpers/hosts";
import { recordPlatform } from "../helpers/platform";
import { localTopology, secretValues } from "../helpers/stacks";

const types = {
  container: "docker:index/container:Container",
  image: "docker:index/remoteImage:RemoteImage",
  volume: "docker:index/volume:Volume",
  network: "docker:index/network:Network",
};
const mail = { host: "smtp.example.org", username: "muster", from: "chat@example.org" };
const full = localTopology({ edition: "enterprise", mail }, ["licence", "mailPassword"]);
const names = (resources: RecordedResource[], type: string): string[] =>
  resources
    .filter((resource) => resource.type === type)
    .map(({ name }) => name)
    .sort();
const container = (resources: RecordedResource[], name: string): RecordedResource =>
  find(resources, name, types.container);
const uploads = (resources: RecordedResource[], name: string): Record<string, unknown> =>
  Object.fromEntries(
    (container(resources, name).inputs["uploads"] as { file: string; content: unknown }[]).map(
      ({ file, content }) => [file, content],
    ),
  );
const waitsFor = (resources: RecordedResource[], name: string): string[] =>
  container(resources, name).dependencies.map((urn) => urn.split("::").at(-1) ?? "");

describe.each([
  ["an update", false],
  ["a preview", true],
])("the platform, in %s", (_mode, preview) => {
  let resources: RecordedResource[];
  let leaks: string[];
  beforeAll(async () => {
    ({ resources, leaks } = await recordPlatform(full, preview));
  });

  it("makes each unit of each service, and nothing else", () => {
    const units = full.services.flatMap(({ name, jobs }) => [
      name,
      ...jobs.map(({ job }) => `${name}-${job.name}`),
    ]);
    const shipments = full.services.flatMap(({ name, tools }) =>
      tools.map(({ path }) => `${name}-${path.split("/").at(-1) ?? ""}`),
    );
    expect(shipments).toEqual(["backup-restic"]);
    expect(names(resources, types.container)).toEqual(
      [...units.flatMap((unit) => [unit, `${unit}-prepare`]), ...shipments].sort(),
    );
    expect(names(resources, types.network)).toEqual(
      full.networks.map(({ name }) => `network-${name}`).sort(),
    );
    expect(names(resources, types.volume)).toEqual(
      [
        ...full.services.flatMap(({ name, volumes }) => volumes.map((volume) => `${name}-${volume.name}`)),
        ...units.map((unit) => `${unit}-files`),
      ].sort(),
    );
    const images = full.services.flatMap(({ image, tools }) => [image, ...tools.map((tool) => tool.image)]);
    expect(names(resources, types.image)).toEqual(
      [...new Set([...images, full.toolsImage].map(({ name }) => `image-${name}`))].sort(),
    );
  });

  it("sends secrets as secrets, into files alone", () => {
    expect(leaks).toEqual([]);
    const files = {
      ...uploads(resources, "mattermost-prepare"),
      ...uploads(resources, "mattermost-first-run-prepare"),
      ...uploads(resources, "postgres-prepare"),
    };
    const secretFiles = Object.entries(files).filter(([, content]) => isSecret(content));
    expect(secretFiles.map(([file]) => file).sort()).toEqual([
      "/staging/administrator-password",
      "/staging/configuration.json",
      "/staging/licence",
      "/staging/password",
      "/staging/pgpass",
    ]);
    expect(unwrap(files["/staging/licence"])).toBe(secretValues["licence"]);
    expect(unwrap(files["/staging/configuration.json"])).toBe(
      JSON.stringify({ EmailSettings: { SMTPPassword: secretValues["mailPassword"] } }),
    );
    for (const { type, inputs } of resources)
      if (type === types.container) expect((inputs["envs"] as unknown[]).filter(isSecret)).toEqual([]);
  });

  it("places files with the rights of their owner, where the service looks for them", () => {
    const { inputs } = container(resources, "postgres-prepare");
    expect(inputs["uploads"]).toMatchObject([{ file: "/staging/password", permissions: "0400" }]);
    expect(inputs).toMatchObject({
      user: "0:0",
      networkMode: "none",
      entrypoints: ["/bin/busybox", "sh", "-c"],
    });
    expect((inputs["command"] as string[])[0]).toContain("chown 70:70 '/files/password'.new");
    expect(container(resources, "postgres").inputs["mounts"]).toContainEqual({
      type: "volume",
      source: "muster-test-postgres-files",
      target: "/muster",
      readOnly: true,
    });
    const [data] = inputs["mounts"] as { source: string; target: string }[];
    expect(data).toMatchObject({
      source: expect.stringMatching(/^muster-test-postgres-data-\d+$/),
      target: "/volumes/0",
    });
  });

  it("starts what others need first, and jobs after their service", () => {
    expect(waitsFor(resources, "mattermost")).toEqual(
      expect.arrayContaining(["postgres", "mattermost-prepare", "image-mattermost-enterprise"]),
    );
    expect(waitsFor(resources, "mattermost-first-run")).toEqual(
      expect.arrayContaining(["mattermost", "mattermost-first-run-prepare"]),
    );
    expect(waitsFor(resources, "caddy")).not.toContain("mattermost");
    expect(waitsFor(resources, "postgres-prepare")).toContain("image-busybox");
  });

  it("lets a service be found on its own network alone", () => {
    const networks = (name: string): unknown => container(resources, name).inputs["networksAdvanced"];
    expect(networks("postgres")).toEqual([{ name: "muster-test-postgres", aliases: ["postgres"] }]);
    expect(networks("caddy")).toEqual([{ name: "muster-test-mattermost" }, { name: "muster-test-outside" }]);
    expect(networks("mattermost")).toEqual([
      { name: "muster-test-mattermost", aliases: ["mattermost"] },
      { name: "muster-test-postgres" },
      { name: "muster-test-outside" },
    ]);
    // The job may go out for plugins, but shares no network with anyone.
    expect(networks("mattermost-first-run")).toEqual([{ name: "muster-test-outside" }]);
  });

  it("gives a job the volumes that it names and no others", () => {
    const { inputs } = container(resources, "mattermost-first-run");
    expect((inputs["mounts"] as { target: string }[]).map(({ target }) => target)).toEqual([
      "/mattermost/config",
      "/var/tmp",
      "/muster",
    ]);
  });

  it("keeps data when the stack is destroyed, or not, as the settings say", async () => {
    const kept = async (protectData: boolean): Promise<string[]> =>
      (await recordPlatform(localTopology({ protectData }), preview)).resources
        .filter(({ options }) => options.protect)
        .map(({ name }) => name)
        .sort();
    expect(await kept(false)).toEqual([]);
    const volumes = full.services.flatMap(({ name, volumes: own }) =>
      own.filter(isKept).map((volume) => `${name}-${volume.name}`),
    );
    expect(volumes).toEqual(expect.arrayContaining(["backup-status", "backup-repository"]));
    const secrets = ["fingerprint-key", "instance", ...Object.keys(full.generates)];
    expect(secrets).toEqual(
      expect.arrayContaining(["administrator-password", "backup-key", "database-password"]),
    );
    expect(await kept(true)).toEqual([...volumes, ...secrets].sort());
  });
});

describe("what comes near data", () => {
  const hooksOf = (resource: RecordedResource | undefined): string[] =>
    resource?.options.hooks?.["beforeCreate"] ?? [];

  it("asks for a backup before its image is there, and before it starts; and for no other", async () => {
    const { resources } = await recordPlatform(full, false);
    const asking = resources.filter((resource) => hooksOf(resource).length > 0);
    expect(asking.map((resource) => `${resource.name}: ${hooksOf(resource).join()}`).sort()).toEqual([
      "image-caddy: back-up-before-image",
      "image-mattermost-enterprise: back-up-before-image",
      "image-postgres-18: back-up-before-image",
      "mattermost: back-up-before-start",
    ]);
  });

  it("leaves the backup's container as it is until all those images are there", async () => {
    const { resources } = await recordPlatform(full, false);
    for (const name of [
      "backup",
      "backup-prepare",
      "backup-restic",
      "postgres",
      "caddy-prepare",
      "mattermost",
    ])
      expect({
        name,
        waits: container(resources, name).dependencies.map((urn) => urn.split("::").at(-1)),
      }).toMatchObject({
        waits: expect.arrayContaining([
          "image-caddy",
          "image-mattermost-enterprise",
          "image-postgres-18",
        ]) as string[],
      });
  });

  it("is created anew for another major of the database, and so asks again", async () => {
    const label = async (major: number): Promise<unknown> => {
      const { resources } = await recordPlatform(localTopology({ postgres: { major } }), false);
      const labels = container(resources, "mattermost").inputs["labels"] as {
        label: string;
        value: string;
      }[];
      return labels.find(({ label: name }) => name === "muster.database")?.value;
    };
    expect([await label(17), await label(18)]).toEqual(["17", "18"]);
  });
});

describe("the tests' stand-in engine", () => {
  it("knows every computed output that the program builds on", () => {
    expect(known("random:index/randomId:RandomId", "instance", {})).toEqual({ hex: "0123456789ab" });
  });
});
