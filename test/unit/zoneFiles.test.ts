import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { errorsOf } from "../../stacks/topology";
import { neighboursOf } from "../../stacks/topology/edge/zone";
import { plannedTopology } from "../../stacks/topology/load";
import { keysOf } from "../helpers/edge";

const edge = { provider: "cloudflare", zone: "example.org" };

describe("the stacks of a project in one zone", () => {
  const dir = mkdtempSync(join(tmpdir(), "muster-zone-"));
  const write = (stack: string, values: Record<string, unknown>): void => {
    const all = {
      domain: "example.org",
      host: { provider: "digitalocean", region: "fra1", size: "s-4vcpu-8gb" },
      ...values,
    };
    const config = Object.fromEntries(Object.entries(all).map(([key, value]) => [`muster:${key}`, value]));
    writeFileSync(join(dir, `Pulumi.${stack}.yaml`), stringify({ config }));
  };
  beforeAll(() => {
    write("one", { edge });
    write("two", {
      edge: { ...edge, zoneOwner: false },
      sites: { chat: "chat-two", meet: "meet-two" },
      media: { name: "media-two" },
    });
    write("elsewhere", { domain: "example.net", edge: { provider: "cloudflare", zone: "example.net" } });
    write("without", { edge: { provider: "none" }, domian: "a mistake of its own" });
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  const names = (stack: string, own: unknown): string[] =>
    neighboursOf(dir, stack, own).map(({ stack: other }) => other);

  it("are those whose files name it, whatever else is in the folder", () => {
    expect(names("one", edge)).toEqual(["two"]);
    expect(names("two", edge)).toEqual(["one"]);
    expect(names("elsewhere", { provider: "cloudflare", zone: "example.net" })).toEqual([]);
    expect(names("without", { provider: "none" })).toEqual([]);
    expect(names("one", undefined)).toEqual([]);
  });

  it("are known to a stack's plan: its rules are for all of them", () => {
    const raw = { source: "Pulumi.one.yaml", encrypted: [], values: {} };
    const values = (own: Record<string, unknown>): Record<string, unknown> => ({
      domain: "example.org",
      host: { provider: "digitalocean", region: "fra1", size: "s-4vcpu-8gb" },
      edge: { ...edge, ...own },
    });
    const topology = plannedTopology(dir, "one", { ...raw, values: values({}) });
    expect(errorsOf(topology)).toEqual([]);
    expect(JSON.stringify(topology.edge.zone?.rulesets)).toContain("chat-two.example.org");
    const nobody = plannedTopology(dir, "one", { ...raw, values: values({ zoneOwner: false }) });
    expect(keysOf(errorsOf(nobody))).toEqual(["muster:edge.zoneOwner"]);
  });

  it("stop each other where one can't be read: its sites would go without rules", () => {
    write("three", { edge, people: { accounts: -1 } });
    expect(() => names("one", edge)).toThrow(/^Pulumi\.three\.yaml: 1 problem[^]*muster:people\.accounts/);
    rmSync(join(dir, "Pulumi.three.yaml"));
  });
});
