import type { Service } from "../../components/services/service";
import { text } from "../../components/services/text";
import { parseSettings } from "../../stacks/settings/parse";
import { type Topology, topologyOf } from "../../stacks/topology";
import { standIn } from "../helpers/service";
import { recordPlatform } from "../helpers/platform";
import { localTopology, secretValues } from "../helpers/stacks";

type Inputs = Record<string, Record<string, unknown>>;
/** Inputs by the name of the resource; a secret in them is no more than the word for it. */
async function inputsOf(topology: Topology, secrets = secretValues): Promise<Inputs> {
  const { resources } = await recordPlatform(topology, false, secrets);
  return Object.fromEntries(
    resources.filter(({ custom }) => custom).map(({ name, inputs }) => [name, inputs]),
  );
}

/** What differs between two stacks: names of resources, each with the inputs that differ. */
function difference(old: Inputs, now: Inputs): Record<string, string[]> {
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  const differing = names.map((name): [string, string[]] => {
    const [a, b] = [old[name] ?? {}, now[name] ?? {}];
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    return [name, keys.filter((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]))];
  });
  return Object.fromEntries(differing.filter(([, keys]) => keys.length > 0));
}

const withFiles = (files: Service["container"]): Topology => {
  const settings = parseSettings({
    source: "t",
    values: { domain: "localhost", host: { provider: "local" } },
    encrypted: [],
  });
  const other = standIn("other", {
    container: () => ({ environment: {}, files: [{ name: "b", content: text`same` }] }),
  });
  return topologyOf("test", settings, { catalogue: [standIn("app", { container: files }), other] });
};

describe("a change", () => {
  let local: Inputs;
  beforeAll(async () => {
    local = await inputsOf(localTopology());
  });
  const changed = async (change: Record<string, unknown>): Promise<Record<string, string[]>> =>
    difference(local, await inputsOf(localTopology(change)));
  const changes = async (before: Topology, after: Topology): Promise<Record<string, string[]>> =>
    difference(await inputsOf(before), await inputsOf(after));

  it("of nothing changes nothing", async () => {
    expect(await changed({})).toEqual({});
  });

  it.each<
    [
      string,
      Parameters<Service["container"]>[0] extends never ? never : { name: string; mode?: number }[],
      string[],
    ]
  >([
    ["content", [{ name: "a" }], ["labels"]],
    ["mode", [{ name: "a", mode: 0o444 }], ["labels"]],
    ["name", [{ name: "renamed" }], ["labels"]],
  ])(
    "of a file's %s replaces its own consumer, by its label, and nothing else",
    async (what, [file = { name: "a" }], keys) => {
      const containing = (content: string, own: { name: string; mode?: number }) =>
        withFiles(() => ({ environment: {}, files: [{ ...own, content: text`${content}` }] }));
      const before = containing("one", { name: "a" });
      const after = containing(what === "content" ? "two" : "one", file);
      const found = await changes(before, after);
      expect(Object.keys(found).sort()).toEqual(["app", "app-prepare"]);
      expect(found["app"]).toEqual(keys);
    },
  );

  it("of an environment variable replaces its own container alone", async () => {
    const env = (value: string) => withFiles(() => ({ environment: { A: value } }));
    expect(await changes(env("1"), env("2"))).toEqual({ app: ["envs"] });
  });

  it("of the site's title touches the chat server alone", async () => {
    expect(await changed({ chat: { title: "Other" } })).toEqual({ mattermost: ["envs"] });
  });

  it("of the first team touches the first run alone", async () => {
    expect(await changed({ chat: { team: { title: "Other" } } })).toEqual({
      "mattermost-first-run": ["labels"],
      "mattermost-first-run-prepare": ["uploads"],
    });
  });

  it("of the address to listen on touches the reverse proxy alone", async () => {
    expect(await changed({ host: { provider: "local", bind: "0.0.0.0" } })).toEqual({ caddy: ["ports"] });
  });

  it("of this machine's own address touches nothing where no media are", async () => {
    expect(await changed({ host: { provider: "local", address: "192.0.2.7" } })).toEqual({});
  });

  it("of the largest upload touches the chat server, and the proxy's file, which it reads again", async () => {
    expect(await changed({ chat: { maxFileSizeMiB: 10 } })).toEqual({
      "caddy-prepare": ["uploads"],
      "caddy-reload": ["labels"],
      "caddy-reload-prepare": ["uploads"],
      mattermost: ["envs"],
    });
  });

  it("that switches services off removes nothing that is protected", async () => {
    const protectedOf = async (change: Record<string, unknown>): Promise<string[]> =>
      (await recordPlatform(localTopology(change))).resources
        .filter(({ options }) => options.protect === true)
        .map(({ name }) => name)
        .sort();
    const all = await protectedOf({
      calls: "embedded",
      meetings: "jitsi",
      turn: "on",
      monitoring: { kind: "stack" },
    });
    const none = await protectedOf({
      calls: "off",
      meetings: "off",
      turn: "off",
      monitoring: { kind: "off" },
    });
    expect(all).toEqual(expect.arrayContaining(["database-password", "jicofo-password", "grafana-password"]));
    expect(none).toEqual(all);
  });

  it("of a few more accounts replaces nothing", async () => {
    const found = await changed({ people: { accounts: 25, active: 22 } });
    for (const keys of Object.values(found)) expect(["cpuShares"]).toEqual(expect.arrayContaining(keys));
  });

  it("of the mail password alone reaches the first run, though nobody can see what changed", async () => {
    const mail = { host: "smtp.example.org", username: "u", from: "a@example.org" };
    const topology = localTopology({ mail }, ["mailPassword"]);
    const after = await inputsOf(topology, { ...secretValues, mailPassword: "another-mail-password" });
    expect(difference(await inputsOf(topology), after)).toEqual({ "mattermost-first-run": ["labels"] });
  });
});
