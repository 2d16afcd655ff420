import { describe as report } from "../../cli/bucket";
import type { Line } from "../../cli/bucket.make";
import { prove } from "../../cli/bucket.proof";
import { s3 } from "../helpers/backupTargets";
import { MemoryStorage } from "../helpers/memoryBucket";

type Powers = Parameters<MemoryStorage["bucket"]>[0];
const storageOf = (versioned: boolean, locked: boolean): MemoryStorage => {
  const storage = new MemoryStorage(["versions", "lock"]);
  storage.there = true;
  storage.versioned = versioned;
  storage.locked = locked ? { mode: "COMPLIANCE", days: 30 } : undefined;
  return storage;
};
const proveWith = (storage: MemoryStorage, may: Powers): Promise<Line[]> =>
  prove({
    host: storage.bucket(may),
    operator: storage.bucket(),
    prefix: "prod",
    run: "1",
    patience: 0,
    pause: () => Promise.resolve(),
  });
const states = (lines: readonly Line[]): Record<string, string> =>
  Object.fromEntries(lines.map(({ what, state }) => [what, state]));

describe("the proof", () => {
  it("holds for a key that writes and unlocks", async () => {
    const lines = await proveWith(storageOf(true, true), ["write", "read", "unlock"]);
    expect(lines).toHaveLength(9);
    expect(lines.map(({ state }) => state)).toEqual(Array(9).fill("ok"));
    expect(lines[2]).toMatchObject({ what: "the host deletes a backup", detail: "refused: said denied" });
  });

  it("holds for a key that hides, where the version stays", async () => {
    const lines = await proveWith(storageOf(true, true), ["write", "read", "unlock", "hide"]);
    expect(lines.map(({ state }) => state)).toEqual(Array(9).fill("ok"));
    expect(lines[2]?.detail).toBe("hides it only: the version is still there");
  });

  it("warns of a key that destroys versions", async () => {
    const lines = await proveWith(storageOf(true, false), ["write", "read", "unlock", "destroy"]);
    expect(states(lines)["the host deletes its version"]).toBe("WARNING");
  });

  it("warns of a key that only the lock holds back", async () => {
    const lines = await proveWith(storageOf(true, true), ["write", "read", "unlock", "destroy"]);
    expect(states(lines)).toMatchObject({
      "the host deletes its version": "ok",
      "the host deletes what isn't locked": "WARNING",
    });
  });

  it("warns of a key that deletes for good, and of overwriting without versions", async () => {
    const lines = await proveWith(storageOf(false, false), ["write", "read", "unlock", "destroy"]);
    expect(states(lines)).toMatchObject({
      "the host deletes a backup": "WARNING",
      "the host overwrites": "WARNING",
    });
  });

  it("warns of a key that changes the bucket", async () => {
    const lines = await proveWith(storageOf(true, true), ["write", "read", "unlock", "change"]);
    expect(states(lines)["the host changes the bucket"]).toBe("WARNING");
  });

  it("warns of a key that leaves its locks behind, or can't read", async () => {
    const lines = await proveWith(storageOf(true, true), ["write"]);
    expect(states(lines)).toMatchObject({
      "the host removes a lock": "WARNING",
      "the host reads back": "WARNING",
    });
  });

  it("says where nothing locks, and leaves no probe there", async () => {
    const storage = storageOf(false, false);
    const lines = await proveWith(storage, ["write", "read", "unlock"]);
    expect(states(lines)["you delete a backup"]).toBe("by hand");
    expect(storage.objects.get("prod/data/muster-probe-1")).toEqual([]);
  });

  it("stops at a key that can't write", async () => {
    const lines = await proveWith(storageOf(true, true), ["read"]);
    expect(states(lines)).toEqual({ "the host writes": "WARNING" });
  });

  it("waits for a policy that is new", async () => {
    const storage = storageOf(true, true);
    const host = storage.bucket(["write", "read", "unlock"]);
    const powerless = storage.bucket([]);
    let pauses = 0;
    const lines = await prove({
      host: { ...host, put: (...args) => (pauses < 3 ? powerless : host).put(...args) },
      operator: storage.bucket(),
      prefix: "prod",
      run: "1",
      patience: 5,
      pause: () => Promise.resolve(void (pauses += 1)),
    });
    expect([pauses, lines[0]?.state]).toEqual([3, "ok"]);
  });
});

describe("the report", () => {
  const ok: Line = { state: "ok", what: "versions", detail: "kept" };

  it("is a list with what to do", () => {
    const fix = "choose another storage";
    expect(report(s3, "prod", [ok, { state: "by hand", what: "lock", detail: "not set", fix }])).toBe(
      [
        "Bucket team-backups at https://s3.example.org, folder prod/, host's key HOST",
        "",
        "  ok       versions  kept",
        "  by hand  lock      not set",
        "                     fix: choose another storage",
        "",
        "The host's key writes and can't destroy.",
      ].join("\n"),
    );
  });

  it("warns loudly", () => {
    const text = report(s3, "prod", [ok, { state: "WARNING", what: "x", detail: "allowed" }]);
    expect(text).toContain("WARNING: 1 of these must be mended");
    expect(text).not.toContain("can't destroy");
  });
});
