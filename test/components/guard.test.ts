import * as pulumi from "@pulumi/pulumi";
import { services } from "../../components/services";
import { topologyOf } from "../../stacks/topology";
import { parseSettings } from "../../stacks/settings/parse";
import type { RecordedResource } from "../helpers/graph";
import { recordPlatform } from "../helpers/platform";
import { localTopology } from "../helpers/stacks";

/** What guard.sh says, by phase; the engine's containers; and all that was done, in order. */
const engine = {
  answers: {} as Record<string, { code: number; output: string }>,
  ran: "",
  running: new Map<string, string | undefined>(),
  done: [] as string[],
};
const notFound = Object.assign(new Error("no such container"), { statusCode: 404 });
const docker = {
  getContainer: (name: string) => ({
    inspect: () =>
      engine.running.has(name)
        ? Promise.resolve({
            State: { Running: true },
            Config: { Labels: { "muster.database": engine.running.get(name) } },
          })
        : Promise.reject(notFound),
    stop: () => Promise.resolve(void engine.done.push(`stop ${name}`)),
    start: () => Promise.resolve(void engine.done.push(`start ${name}`)),
  }),
};
jest.mock("../../components/host/engine", () => ({
  ...jest.requireActual<object>("../../components/host/engine"),
  connect: () => Promise.resolve(docker),
  execute: (_: unknown, container: string, command: string[]) => {
    if (command[1] === "-c") return Promise.resolve({ code: 0, output: engine.ran });
    engine.done.push([container, ...command.slice(1, 3)].join(" "));
    return Promise.resolve(engine.answers[command[2] ?? ""] ?? { code: 0, output: "" });
  },
}));

const hooksOf = (resources: RecordedResource[], moment: string): Record<string, unknown> =>
  Object.fromEntries(
    resources.flatMap(({ name, options }) => {
      const hooks = options.hooks?.[moment] ?? [];
      return hooks.length === 0 ? [] : [[name, hooks]];
    }),
  );
const databaseLabels = (resources: RecordedResource[]): string[] =>
  resources.flatMap(({ name, inputs }) =>
    ((inputs["labels"] ?? []) as { label: string; value: string }[])
      .filter(({ label }) => label === "muster.database")
      .map(({ value }) => `${name} ${value}`),
  );

describe("what stands between data and new programs", () => {
  it("is asked before the image of every service that holds data, and before the chat server starts", async () => {
    const { resources } = await recordPlatform(localTopology({ meetings: "jitsi", postgres: { major: 17 } }));
    // An update in place starts one that stands still.
    expect(hooksOf(resources, "beforeUpdate")).toEqual({ mattermost: ["back-up-before-start"] });
    expect(hooksOf(resources, "beforeCreate")).toEqual({
      "image-caddy": ["back-up-before-image"],
      "image-mattermost-team": ["back-up-before-image"],
      "image-postgres-17": ["back-up-before-image"],
      mattermost: ["back-up-before-start"],
    });
    expect(databaseLabels(resources)).toEqual(["mattermost 17"]);
  }, 30_000);

  it("isn't there in a stack without backups", async () => {
    const settings = parseSettings({
      source: "test",
      values: { domain: "localhost", host: { provider: "local" }, calls: "off", meetings: "off" },
      encrypted: [],
    });
    const without = services.filter(({ name }) => name !== "backup");
    const { resources } = await recordPlatform(topologyOf("test", settings, { catalogue: without }));
    expect([hooksOf(resources, "beforeCreate"), databaseLabels(resources)]).toEqual([{}, []]);
  }, 30_000);
});

describe("the hooks", () => {
  const guard = "muster-test-backup /muster/guard.sh";
  let said: jest.SpyInstance;
  let hooks: Map<string, (args: never) => unknown>;
  beforeEach(async () => {
    said = jest.spyOn(pulumi.log, "info").mockResolvedValue();
    engine.answers = {};
    engine.ran = "";
    engine.done = [];
    engine.running = new Map([
      ["muster-test-backup", undefined],
      ["muster-test-mattermost", "18"],
    ]);
    ({ hookCallbacks: hooks } = await recordPlatform(localTopology()));
  }, 30_000);
  afterEach(() => {
    said.mockRestore();
  });
  const ask = async (hook: "image" | "start"): Promise<void> => {
    await hooks.get(`back-up-before-${hook}`)?.({} as never);
  };

  it("ask once for all images of an update, and pass on what is said", async () => {
    engine.answers["before"] = { code: 0, output: "backed up\n" };
    await Promise.all([ask("image"), ask("image")]);
    expect(engine.done).toEqual([`${guard} before`]);
    expect(said.mock.calls).toEqual([["backed up"]]);
  });

  it.each(["before", "start"] as const)("stop the update where guard.sh says no (%s)", async (phase) => {
    engine.answers[phase] = { code: 1, output: "no backup, no change\n" };
    await expect(ask(phase === "before" ? "image" : "start")).rejects.toThrow("no backup, no change");
  });

  it("stop the update where guard.sh ends without a word, such as when it is killed", async () => {
    engine.answers["start"] = { code: 137, output: "" };
    await expect(ask("start")).rejects.toThrow("guard.sh start failed");
  });

  it("stop writers where another major version comes, and ask again", async () => {
    engine.answers["before"] = { code: 10, output: "" };
    await ask("image");
    expect(engine.done).toEqual([`${guard} before`, "stop muster-test-mattermost", `${guard} final`]);
  });

  it("start them again where that is refused", async () => {
    engine.answers = { before: { code: 10, output: "" }, final: { code: 1, output: "no room" } };
    await expect(ask("image")).rejects.toThrow("no room");
    expect(engine.done.slice(2)).toEqual([`${guard} final`, "start muster-test-mattermost"]);
  });

  it.each(["start", "final"])("take the same exit code for a no in any other phase (%s)", async (phase) => {
    engine.answers = {
      before: { code: 10, output: "" },
      [phase]: { code: 10, output: "there is no repository" },
    };
    await expect(ask(phase === "start" ? "start" : "image")).rejects.toThrow("there is no repository");
  });

  it("refuse programs that are older than those that ran last", async () => {
    engine.ran = "18 mattermost=mattermost/mattermost-team-edition:99.1.0";
    await expect(ask("start")).rejects.toThrow("mattermost");
    expect(engine.done).toEqual([]);
  });

  it("ask nobody while nothing is up", async () => {
    engine.running.clear();
    await ask("image");
    expect(engine.done).toEqual([]);
  });

  it("refuse to replace a database in use that no backup's container has seen", async () => {
    engine.running.delete("muster-test-backup");
    await ask("image");
    engine.running.set("muster-test-mattermost", "17");
    ({ hookCallbacks: hooks } = await recordPlatform(localTopology()));
    await expect(ask("image")).rejects.toThrow("docker start muster-test-backup");
  }, 30_000);
});
