import { expectedOf } from "../../policy/expected";
import { violations } from "../../policy/rules";
import { isSecret, find, type RecordedResource, unwrap } from "../helpers/graph";
import { recordPlatform } from "../helpers/platform";
import { localTopology } from "../helpers/stacks";

// A run takes seconds, but the machine may be busy.
jest.setTimeout(180_000);

const topology = localTopology(
  {
    monitoring: { kind: "stack", alerts: "webhook" },
    calls: "rtcd",
    meetings: "jitsi",
    edition: "enterprise",
    turn: "on",
  },
  ["licence", "alertWebhook"],
);
const containerType = "docker:index/container:Container";
const container = (resources: readonly RecordedResource[], name: string): RecordedResource =>
  find([...resources], name, containerType);
const upload = (resources: readonly RecordedResource[], name: string, file: string): unknown =>
  (container(resources, name).inputs["uploads"] as { file: string; content: unknown }[]).find(
    (one) => one.file === `/staging/${file}`,
  )?.content;

describe("the platform of a stack with monitoring", () => {
  let resources: readonly RecordedResource[];
  let leaks: readonly string[];
  beforeAll(async () => {
    ({ resources, leaks } = await recordPlatform(topology));
  });

  it("breaks no rule", () => {
    const said = violations({ resources: [...resources], expected: expectedOf(topology) });
    // The stand-in for a host is no real one.
    expect(said.filter((line) => !line.startsWith("pulumi:providers:docker main:"))).toEqual([]);
    expect(leaks).toEqual([]);
  });

  it("tells the exporter the id of every other container, after each of them", () => {
    const [own, ...lines] = String(unwrap(upload(resources, "node-exporter-prepare", "containers")))
      .trim()
      .split("\n");
    const others = topology.services.map(({ name }) => name).filter((name) => name !== "node-exporter");
    expect(own).toBe("- node-exporter");
    expect(lines.map((line) => line.split(" ")[1])).toEqual(others);
    const ids = lines.map((line) => line.split(" ")[0]);
    expect(ids).toEqual(others.map((name): unknown => expect.stringContaining(name)));
    const waits = container(resources, "node-exporter-prepare").dependencies.map((urn) =>
      urn.split("::").at(-1),
    );
    expect(waits).toEqual(expect.arrayContaining(others));
  });

  it("lets the exporter stay when another container is replaced: the list isn't in its fingerprint", async () => {
    const label = (found: readonly RecordedResource[]): unknown =>
      (container(found, "node-exporter").inputs["labels"] as { label: string; value: unknown }[]).find(
        ({ label: name }) => name === "muster.files",
      )?.value;
    const fewer = localTopology({ monitoring: { kind: "stack" }, meetings: "off", calls: "off" });
    expect(label(resources)).toBeDefined();
    expect(label((await recordPlatform(fewer)).resources)).toEqual(label(resources));
  });

  it("shows the exporter the machine's control groups, read-only, and nobody anything else of the machine", () => {
    const bound = resources
      .filter(({ type }) => type === containerType)
      .flatMap(({ name, inputs }) =>
        (inputs["mounts"] as { type: string; source: string; target: string; readOnly: boolean }[])
          .filter(({ type }) => type !== "volume")
          .map((mount) => ({ name, ...mount })),
      );
    expect(bound).toEqual([
      {
        name: "node-exporter",
        type: "bind",
        source: "/sys/fs/cgroup",
        target: "/host/cgroup",
        readOnly: true,
      },
    ]);
  });

  it("sends the webhook's address and the passwords as secrets", () => {
    for (const [unit, file] of [
      ["grafana-prepare", "alerting.yaml"],
      ["grafana-prepare", "grafana-password"],
      ["postgres-exporter-prepare", "password"],
      ["postgres-exporter-role-prepare", "password"],
      ["postgres-exporter-role-prepare", "pgpass"],
    ] as const)
      expect([file, isSecret(upload(resources, unit, file))]).toEqual([file, true]);
  });

  it("lets the job that makes the role come to the database, and to nothing else", () => {
    const networks = container(resources, "postgres-exporter-role").inputs["networksAdvanced"] as {
      name: unknown;
    }[];
    expect(networks.map(({ name }) => String(unwrap(name))).sort()).toEqual([
      "muster-test-postgres",
      "muster-test-postgres-exporter",
    ]);
    expect(container(resources, "mattermost-first-run").inputs["networksAdvanced"]).toMatchObject([
      { name: "muster-test-outside" },
    ]);
  });
});
