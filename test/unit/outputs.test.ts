import fc from "fast-check";
import { outputsOf, outputsSchema } from "../../stacks/outputs";
import { parseSettings } from "../../stacks/settings/parse";
import { errorsOf as findingsOf, topologyOf } from "../../stacks/topology";
import { plainSettings } from "../helpers/arbitrary";
import { outputsFrom as outputs, outputsOfStacks } from "../helpers/exampleOutputs";
import { judge, publishedSchema } from "../helpers/outputsContract";
import { localTopology, stackTopology } from "../helpers/stacks";

const errorsOf = judge(publishedSchema());

describe("the outputs' contract", () => {
  it.each(Object.entries(outputsOfStacks()))("%s keeps it", (_name, found) => {
    expect(errorsOf(found)).toEqual([]);
    expect(outputsSchema.parse(found)).toEqual(found);
  });

  it("any settings keep it", () => {
    fc.assert(
      fc.property(plainSettings, (values) => {
        const topology = topologyOf("test", parseSettings({ source: "test", values, encrypted: [] }));
        // Nothing comes of a relay that would need ports beyond the last one.
        fc.pre(!findingsOf(topology).some(({ key }) => key === "muster:media.relayFirstPort"));
        expect(errorsOf(outputs(topology))).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it("refuses a key that it doesn't know, at any depth, and one that is missing", () => {
    const good = outputs(stackTopology("local"));
    expect(errorsOf({ ...good, extra: 1 })).toEqual([" must NOT have additional properties"]);
    expect(errorsOf({ ...good, sizing: { ...good.sizing, extra: 1 } })).toEqual([
      "/sizing must NOT have additional properties",
    ]);
    expect(errorsOf({ ...good, openPorts: [{ ...good.openPorts[0], extra: 1 }] })).toEqual([
      "/openPorts/0 must NOT have additional properties",
    ]);
    const { schemaVersion, ...rest } = good;
    expect(schemaVersion).toBe(1);
    expect(errorsOf(rest)).toEqual([" must have required property 'schemaVersion'"]);
    expect(errorsOf({ ...good, endpoints: { chat: "not an address" } })).toEqual([
      '/endpoints/chat must match format "uri"',
    ]);
  });
});

describe("outputs", () => {
  it("say where each service is and how it is asked for its health", () => {
    const { services, endpoints } = outputs(localTopology({ web: { httpsPort: 8443 } }));
    expect(endpoints).toEqual({ chat: "https://chat.localhost:8443" });
    expect(services["mattermost"]).toEqual({
      title: "Mattermost",
      host: "main",
      container: "muster-test-mattermost",
      image: expect.stringMatching(/^mattermost\/mattermost-team-edition:\d/),
      memoryMiB: 704,
      healthAddress: "https://chat.localhost:8443/api/v4/system/ping",
    });
    expect(services["postgres"]?.healthAddress).toBe("docker:muster-test-postgres");
  });

  it("say what is open to whom, as the topology does", () => {
    const topology = stackTopology("prod");
    expect(
      outputs(topology).openPorts.map(({ port, lastPort, protocol, from, exposure }) => [
        port === lastPort ? port : `${port}-${lastPort}`,
        protocol,
        from,
        exposure,
      ]),
    ).toEqual([
      [80, "tcp", "Cloudflare", "entry"],
      [443, "tcp", "Cloudflare", "entry"],
      [8444, "udp", "everyone", "media"],
      [8444, "tcp", "everyone", "media"],
      [10000, "udp", "everyone", "media"],
      [3478, "udp", "everyone", "media"],
      [3478, "tcp", "everyone", "media"],
      ["49160-49239", "udp", "everyone", "media"],
    ]);
  });

  it("say how much room is left, and nothing where only the machine can tell", () => {
    const [cloud, local] = ["prod", "local"].map(
      (stack) => outputs(stackTopology(stack)).sizing.hosts["main"],
    );
    expect(cloud).toMatchObject({ capacity: { memoryMiB: 8192, cpus: 4, diskGiB: 60 } });
    expect(cloud?.headroomMiB).toBe(8192 - (cloud?.demand.memoryMiB ?? 0));
    expect(local).toMatchObject({ capacity: null, headroomMiB: null });
    const known = outputs(localTopology({ host: { provider: "local", memoryMiB: 4096, cpus: 2 } }));
    expect(known.sizing.hosts["main"]?.capacity).toEqual({
      memoryMiB: 4096,
      cpus: 2,
      diskGiB: null,
      trafficGB: null,
    });
  });

  const status = {
    backup: { at: "1794312000", bytes: "1234", files: "5", snapshot: "0a1b2c3d", why: "schedule" },
    drill: { at: "1794312060", taken: "1794311000", bytes: "1200" },
  };
  const backups = (change: Record<string, unknown>, known: Parameters<typeof outputsOf>[2]) =>
    outputsOf(localTopology(change), (service) => service, known).backup;

  it("say where backups go and when, and what the last ones came to", () => {
    const found = outputsOf(localTopology(), (service) => service, status);
    expect(found.backup).toEqual({
      target: "folder",
      repository: "docker:muster-test-backup-repository",
      schedule: {
        at: "02:30",
        keep: { daily: 7, weekly: 5, monthly: 12, yearly: 3 },
        checkDays: 7,
        drillDays: 7,
      },
      last: { at: "2026-11-10T12:00:00.000Z", bytes: 1234, files: 5, snapshot: "0a1b2c3d" },
      proven: { at: "2026-11-10T12:01:00.000Z", taken: "2026-11-10T11:43:20.000Z", bytes: 1200 },
    });
    expect(errorsOf(found)).toEqual([]);
  });

  it.each([
    [{ kind: "folder", path: "/srv/backups" }, "/srv/backups"],
    [
      { kind: "sftp", host: "b.example.org", user: "muster", hostKey: "ssh-ed25519 AAAA", path: "/b" },
      "sftp://muster@b.example.org:22/b",
    ],
    [
      { kind: "s3", endpoint: "https://s3.example.org", bucket: "backups", accessKeyId: "HOST" },
      "s3:https://s3.example.org/backups/test",
    ],
  ])("name the repository without secrets: %j", (target, repository) => {
    expect(backups({ backup: { target } }, undefined)).toMatchObject({ target: target.kind, repository });
  });

  it.each([
    ["nothing is known", undefined],
    ["nothing was written", { backup: {}, drill: {} }],
    [
      "something else was",
      { backup: { ...status.backup, at: "never" }, drill: { ...status.drill, taken: "" } },
    ],
    ["a part is missing", { backup: { at: "1", bytes: "1", files: "1" }, drill: { at: "1" } }],
  ])("say of the last ones that nobody knows where %s", (_, known) => {
    expect(backups({}, known as Parameters<typeof outputsOf>[2])).toMatchObject({ last: null, proven: null });
  });

  it("say for whom it is sized, and which edition it is", () => {
    const { sizing, edition } = outputs(stackTopology("prod", {}, ["licence"]));
    expect(sizing.people).toEqual({
      accounts: 100,
      active: 60,
      inCalls: 10,
      sharing: 1,
      inMeetings: 10,
      cameras: 10,
      busyHours: 40,
      historyMonths: 12,
    });
    expect(edition).toBe("licensed");
  });
});
