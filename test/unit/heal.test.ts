import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { UserError } from "../../cli/errors";
import { clearDeadLock, removeStrays, retryUndone, settlePending } from "../../cli/heal";
import { runPulumi } from "../../cli/pulumi";
import type { StackState } from "../../cli/state";

jest.mock("../../cli/pulumi");
const pulumi = jest.mocked(runPulumi);

describe("a lock", () => {
  let dir: string;
  const locks = (stack = "local"): string => join(dir, ".pulumi", "locks", "organization", "muster", stack);
  const lockText = (change: object = {}): string =>
    JSON.stringify({
      pid: 4242,
      hostname: "here",
      username: "me",
      timestamp: "2026-01-01T00:00:00Z",
      ...change,
    });
  const write = (text: string, stack = "local"): string => {
    mkdirSync(locks(stack), { recursive: true });
    const path = join(locks(stack), "0123.json");
    writeFileSync(path, text);
    return path;
  };
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "muster-locks-"))));
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });
  const clear = (alive: boolean): string[] => clearDeadLock("local", dir, () => alive, "here");

  it("of a dead process is removed, and said so", () => {
    const path = write(lockText());
    expect(clear(false)).toEqual(["removed the lock of an update that was killed (process 4242)"]);
    expect(existsSync(path)).toBe(false);
  });

  it("of a process that still runs stays, and is an error", () => {
    const path = write(lockText());
    expect(() => clear(true)).toThrow(UserError);
    expect(() => clear(true)).toThrow(
      "Stack local is being changed by process 4242 since 2026-01-01T00:00:00Z",
    );
    expect(existsSync(path)).toBe(true);
  });

  it("of another machine stays, whatever runs here, and the error says how to end it", () => {
    const path = write(lockText({ hostname: "there" }));
    expect(() => clear(false)).toThrow(UserError);
    expect(() => clear(false)).toThrow("locked by me on there since 2026-01-01T00:00:00Z");
    expect(() => clear(false)).toThrow("npx pulumi cancel -s local");
    expect(existsSync(path)).toBe(true);
  });

  it.each(["", '{"pid": 42', "null and void"])(
    "that was cut off while it was written (%j) is nobody's",
    (text) => {
      const path = write(text);
      expect(clear(true)).toEqual(["removed the lock of an update that was killed"]);
      expect(existsSync(path)).toBe(false);
    },
  );

  it("of another stack is left alone", () => {
    const path = write(lockText(), "prod");
    expect(clear(false)).toEqual([]);
    expect(existsSync(path)).toBe(true);
  });

  it("isn't there: nothing to do, nor for a backend that is no folder", () => {
    expect(clear(false)).toEqual([]);
    expect(clearDeadLock("local", undefined)).toEqual([]);
  });

  it("is told dead or alive by its process, and a process that isn't Pulumi doesn't count", () => {
    const child = 2 ** 30;
    for (const pid of [child, ...(process.platform === "linux" ? [process.pid] : [])]) {
      write(lockText({ pid, hostname: hostname() }));
      expect(clearDeadLock("local", dir)).toHaveLength(1);
    }
  });
});

/** A state that knows one container and one network. */
const state: StackState = {
  pendingOperations: 0,
  resources: [
    { urn: "urn::instance", type: "random:index/randomId:RandomId", outputs: { hex: "abc" } },
    { urn: "urn::app", type: "docker:index/container:Container", id: "known" },
    { urn: "urn::net", type: "docker:index/network:Network", id: "known-net" },
  ],
};

describe("strays", () => {
  const removed: string[] = [];
  const asked: unknown[] = [];
  let strayState: string;
  let strayLabels: Record<string, string>;
  const docker = {
    listContainers: (query: unknown) => {
      asked.push(query);
      return Promise.resolve([
        { Id: "known", Names: ["/muster-local-app"], State: "running", Labels: {} },
        { Id: "stray", Names: ["/muster-local-x"], State: strayState, Labels: strayLabels },
      ]);
    },
    listNetworks: (query: unknown) => {
      asked.push(query);
      return Promise.resolve([
        { Id: "known-net", Name: "muster-local-a" },
        { Id: "stray-net", Name: "muster-local-b" },
      ]);
    },
    getContainer: (id: string) => ({ remove: () => Promise.resolve(removed.push(id)) }),
    getNetwork: (id: string) => ({ remove: () => Promise.resolve(removed.push(id)) }),
  } as unknown as Docker;
  beforeEach(() => {
    removed.length = 0;
    asked.length = 0;
    strayState = "running";
    strayLabels = {};
  });

  it("are no restore that is at work: nothing is touched until it is done", async () => {
    strayLabels = { "muster.worker": "restore" };
    await expect(removeStrays(docker, "local", state)).rejects.toThrow(/until that restore is done/);
    expect(removed).toEqual([]);
    strayState = "exited";
    await removeStrays(docker, "local", state);
    expect(removed).toContain("stray");
  });

  it("are what carries this installation's labels and its state doesn't know", async () => {
    expect(await removeStrays(docker, "local", state)).toEqual([
      "removed muster-local-x, which an update that was killed had left behind",
      "removed muster-local-b, which an update that was killed had left behind",
    ]);
    expect(removed).toEqual(["stray", "stray-net"]);
    const filters = { label: ["muster.stack=local", "muster.instance=abc"] };
    expect(asked).toEqual([{ all: true, filters }, { filters }]);
  });

  it("that are jobs which have left something undone go, so that they run again; others' stay", async () => {
    expect(await retryUndone(docker, "local", state)).toEqual([
      "muster-local-app has left something undone: it runs again",
    ]);
    expect(removed).toEqual(["known"]);
    expect(asked).toEqual([{ all: true, filters: { label: ["muster.stack=local"], exited: ["75"] } }]);
  });

  it("are none where the installation has no id yet: what is there may be another's", async () => {
    expect(await removeStrays(docker, "local", { resources: [], pendingOperations: 0 })).toEqual([]);
    expect([removed, asked]).toEqual([[], []]);
  });
});

describe("pending operations", () => {
  beforeEach(() => pulumi.mockReset());

  it("are settled by a refresh, where there are any", async () => {
    pulumi.mockResolvedValue(0);
    expect(await settlePending("local", state)).toEqual([]);
    expect(pulumi).not.toHaveBeenCalled();
    expect(await settlePending("local", { ...state, pendingOperations: 2 })).toEqual([
      "settled 2 operations that an update that was killed had begun",
    ]);
    expect(pulumi.mock.calls[0]?.[1]).toEqual(
      expect.arrayContaining(["refresh", "-s", "local", "--clear-pending-creates"]),
    );
  });

  it("that can't be settled are an error", async () => {
    pulumi.mockResolvedValue(255);
    await expect(settlePending("local", { ...state, pendingOperations: 1 })).rejects.toThrow(UserError);
  });
});
