import { setTimeout as sleep } from "node:timers/promises";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { find, UNKNOWN } from "./graph";
import type { Known } from "./monitor";
import { record } from "./recorder";

const TOKEN = "token-from-the-stack-file";

const known: Known = (type, name) =>
  type === "docker:index/network:Network" ? { name: `${name}-real` } : undefined;

describe("record", () => {
  class Part extends pulumi.ComponentResource {
    constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
      super("fixture:index:Part", name, {}, opts);
      new random.RandomPassword(`${name}-password`, { length: 12 }, { parent: this });
    }
  }

  it("returns the program's result and knows the config, project and stack", async () => {
    const config = { "muster:size": "10", "muster:token": TOKEN };
    const { result, resources } = await record({ config, secretKeys: ["muster:token"] }, async () => {
      const settings = new pulumi.Config();
      const part = new docker.Volume("data", { name: settings.requireSecret("token") });
      return { size: settings.requireNumber("size"), urn: await urnOf(part), stack: pulumi.getStack() };
    });
    expect(result).toMatchObject({ size: 10, stack: "test" });
    expect(result.urn).toBe("urn:pulumi:test::muster::docker:index/volume:Volume::data");
    expect(find(resources, "data").inputs).toEqual({ name: { secret: TOKEN } });
  });

  it("gives computed outputs after an update and none in a preview", async () => {
    const program = (): void => {
      const network = new docker.Network("net", {});
      new docker.Container("app", { image: "app", networkMode: network.name });
    };
    const mode = async (preview: boolean): Promise<unknown> =>
      find((await record({ preview, known }, program)).resources, "app").inputs["networkMode"];
    expect(await mode(false)).toBe("net-real");
    expect(await mode(true)).toBe(UNKNOWN);
  });

  it("records hook bindings and hands out the functions behind them", async () => {
    const hook = jest.fn();
    const { hooks, hookCallbacks, resources } = await record({}, () => {
      const part = new Part("part", { hooks: { afterCreate: [new pulumi.ResourceHook("greet", hook)] } });
      const retry = new pulumi.ErrorHook("retry", () => true);
      new docker.Volume(
        "data",
        {},
        { parent: part, hooks: { beforeUpdate: [() => undefined], onError: [retry] } },
      );
    });
    expect(find(resources, "part").options.hooks).toEqual({ afterCreate: ["greet"] });
    expect(find(resources, "data").options.hooks).toEqual({
      beforeUpdate: ["docker:index/volume:Volume_data_beforeUpdate_0"],
      onError: ["retry"],
    });
    expect(hooks.map(({ kind, name }) => `${kind} ${name}`)).toEqual(
      expect.arrayContaining(["resource greet", "error retry"]),
    );
    hookCallbacks.get("greet")?.({} as never);
    expect(hook).toHaveBeenCalledTimes(1);
  });

  it("waits for resources made after a pause", async () => {
    const { resources } = await record({}, () => {
      const first = new docker.Volume("first", {});
      first.urn.apply(async () => {
        await sleep(60);
        new docker.Volume("second", {});
      });
      setTimeout(() => new docker.Volume("third", {}), 30);
    });
    expect(resources.map((r) => r.name)).toEqual(["muster-test", "first", "third", "second"]);
  });

  it.each<[string, RegExp, () => unknown]>([
    ["its own body", /^at once$/, () => Promise.reject(new pulumi.RunError("at once"))],
    [
      "an apply nobody awaits",
      /^later$/,
      () => void new docker.Volume("v", {}).urn.apply(() => fail("later")),
    ],
    [
      "the mocked outputs",
      /register new resource p .*no mock/,
      () => void new docker.RemoteImage("p", { name: "x" }),
    ],
    [
      "a duplicate name",
      /Duplicate resource URN '.*::v'/,
      () => [1, 2].map(() => new docker.Volume("v", {})),
    ],
    ["an unmocked provider function", /getNetwork is not mocked/, () => docker.getNetwork({ name: "x" })],
    [
      "one whose error is caught",
      /getNetwork is not mocked/,
      () => docker.getNetwork({ name: "x" }).catch(() => 0),
    ],
    ["a logged error", /^logged$/, () => pulumi.log.error("logged")],
    [
      "a transform",
      /does not support transforms/,
      () => {
        pulumi.runtime.registerResourceTransform(() => undefined);
      },
    ],
  ])("rejects for an error in %s", async (_where, message, program) => {
    const noImage = (type: string): undefined => (type.includes("RemoteImage") ? fail("no mock") : undefined);
    await expect(record({ known: noImage }, program)).rejects.toThrow(message);
  });

  it("keeps the class of the original error", async () => {
    const failing = record({}, () => Promise.reject(new pulumi.RunError("bad setting")));
    await expect(failing).rejects.toBeInstanceOf(pulumi.RunError);
  });

  it("names what a stuck program waits for", async () => {
    const stuck = record({ timeoutSeconds: 0.3 }, () => {
      new docker.Volume("waiting", { name: pulumi.output(new Promise<string>(() => undefined)) });
    });
    await expect(stuck).rejects.toThrow("docker:index/volume:Volume waiting (inputs)");
  });

  it("keeps one run's stragglers and settings out of the next", async () => {
    let late: docker.Volume | undefined;
    const first = await record({ stack: "one", config: { "muster:a": "1" } }, () => {
      // An unreferenced timer does not keep a real program alive either, so nobody waits for it.
      setTimeout(() => {
        late = new docker.Volume("late", {});
        void late.urn.apply(() => fail("nobody waits for this"));
      }, 40).unref();
    });
    const second = await record({ stack: "two" }, async () => {
      await sleep(100);
      new docker.Volume("mine", {});
      return [pulumi.getStack(), new pulumi.Config().get("a")];
    });
    expect(late).toBeDefined();
    expect(first.resources.map((r) => r.name)).toEqual(["muster-one"]);
    expect(second.resources.map((r) => r.name)).toEqual(["muster-two", "mine"]);
    expect(second.result).toEqual(["two", undefined]);
  });

  it("refuses two runs at once", async () => {
    const first = record({}, () => sleep(20));
    await expect(record({}, () => undefined)).rejects.toThrow("already running");
    await first;
  });
});

function fail(message: string): never {
  throw new Error(message);
}

function urnOf(resource: pulumi.Resource): Promise<string> {
  return new Promise((resolve) => resource.urn.apply(resolve));
}
