import { faultOf, faultsSeen, problemsSeen } from "../../doctor/before/faults";
import { recordSeen } from "../../doctor/before/names";
import { licenceSeen, secretSeen } from "../../doctor/before/secrets";
import { folderSeen, stateBucketOf, stateBucketSeen } from "../../doctor/before/state";
import {
  bucketSeen,
  folderTargetSeen,
  protectionSeen,
  repositorySeen,
  sftpFolderSeen,
} from "../../doctor/before/storage";
import { MemoryStorage } from "../helpers/memoryBucket";
import { secretValues } from "../helpers/stacks";

describe("faults", () => {
  it("are all said at once, with each way out once", () => {
    const found = [
      { what: "a", fix: "x" },
      { what: "b", fix: "x" },
      { what: "c", fix: "y" },
    ];
    expect(faultsSeen(found, "well")).toEqual({ ok: false, saw: "a; b; c", fix: "x; y" });
    expect(faultsSeen(found, "well", "warning")).toMatchObject({ severity: "warning" });
    expect(faultsSeen([], "well")).toEqual({ ok: true, saw: "well" });
  });

  it("come from problems of the settings, and from warnings where there are none", () => {
    const problem = { key: "muster:a", problem: "wrong", given: "b", fix: "c" };
    expect(faultOf(problem)).toEqual({ what: "muster:a: wrong (b)", fix: "c" });
    expect(faultOf({ ...problem, given: undefined }).what).toBe("muster:a: wrong");
    expect(problemsSeen([problem], [problem], "well")).not.toHaveProperty("severity");
    expect(problemsSeen([], [problem], "well")).toMatchObject({ ok: false, severity: "warning" });
    expect(problemsSeen([], [], "well")).toEqual({ ok: true, saw: "well" });
  });
});

describe("the state's backend before a first up", () => {
  const folder = { path: "/state", there: false, writable: true, hasStack: false };
  it("is a folder that can be written", () => {
    expect(folderSeen(folder)).toEqual({ ok: true, saw: "/state: made by the first up" });
    expect(folderSeen({ ...folder, there: true })).toEqual({ ok: true, saw: "/state: there" });
    expect(folderSeen({ ...folder, there: true, hasStack: true }).saw).toBe("/state: has the stack");
    expect(folderSeen({ ...folder, writable: false })).toMatchObject({
      ok: false,
      saw: "/state can't be written",
    });
  });

  it.each([
    [
      "s3://team-state",
      {
        bucket: "team-state",
        folder: "",
        region: "eu-west-1",
        endpoint: "https://s3.eu-west-1.amazonaws.com",
      },
    ],
    [
      "s3://b/x/y/?region=r",
      { bucket: "b", folder: "x/y", region: "r", endpoint: "https://s3.r.amazonaws.com" },
    ],
    [
      "s3://b?endpoint=s.example.org&region=r",
      { bucket: "b", folder: "", region: "r", endpoint: "https://s.example.org" },
    ],
    [
      "s3://b?endpoint=h:9&disableSSL=true",
      { bucket: "b", folder: "", region: "eu-west-1", endpoint: "http://h:9" },
    ],
    ["s3://b?endpoint=h:9&disable_https=true", expect.objectContaining({ endpoint: "http://h:9" })],
    ["s3://b?endpoint=http://h:9", expect.objectContaining({ endpoint: "http://h:9" })],
    ["https://api.pulumi.com", undefined],
    ["file://.muster/state", undefined],
  ])("is found at %s", (backend, place) => {
    expect(stateBucketOf(backend, "eu-west-1")).toEqual(place);
  });

  it("is a bucket that takes the key", () => {
    const refused = (reason: string) =>
      stateBucketSeen("b", { done: false, reason, words: "no" }, "settings");
    expect(stateBucketSeen("b", { done: true, value: undefined }, "settings")).toEqual({
      ok: true,
      saw: "bucket b",
    });
    expect(refused("absent")).toMatchObject({
      ok: false,
      saw: "no",
      fix: expect.stringContaining("make the bucket b"),
    });
    expect(refused("denied")).toMatchObject({ fix: expect.stringContaining("let the key") });
    expect(refused("wrong key")).toMatchObject({ fix: expect.stringContaining("muster:state.accessKeyId") });
    expect(refused("failed")).toMatchObject({ fix: expect.stringContaining("muster:state.backend") });
    expect(
      stateBucketSeen("b", { done: false, reason: "wrong key", words: "no" }, "environment"),
    ).toMatchObject({ fix: expect.stringContaining("AWS_ACCESS_KEY_ID") });
  });
});

describe("a secret before a first up", () => {
  const now = new Date("2026-06-01T00:00:00Z");
  const licence = (fields: object): string =>
    Buffer.concat([Buffer.from(JSON.stringify(fields)), Buffer.alloc(256)]).toString("base64");
  const until = (ends: string, starts = "2026-01-01"): string =>
    licence({ id: "x", starts_at: Date.parse(starts), expires_at: Date.parse(ends) });

  it("has the form that its use asks for, and isn't shown", () => {
    const { digitaloceanToken = "" } = secretValues;
    expect(secretSeen("digitaloceanToken", digitaloceanToken, now)).toEqual({ ok: true, saw: "readable" });
    expect(secretSeen("digitaloceanToken", "short", now)).toEqual({
      ok: false,
      saw: "readable, but not what it should be: 32 to 256 printable characters without spaces",
    });
    expect(secretSeen("licence", "no licence", now).ok).toBe(false);
    expect(secretSeen("mailPassword", "any text", now).ok).toBe(true);
  });

  it("is a licence that holds today, and not only for some days more", () => {
    expect(licenceSeen(`${until("2027-01-01")}\n`, now)).toEqual({ ok: true, saw: "until 2027-01-01" });
    expect(licenceSeen(until("2026-07-02"), now).ok).toBe(true);
    expect(licenceSeen(until("2026-06-30"), now)).toEqual({
      ok: false,
      severity: "warning",
      saw: "until 2026-06-30",
    });
    expect(licenceSeen(until("2026-05-31"), now)).toEqual({ ok: false, saw: "it ended on 2026-05-31" });
    expect(licenceSeen(until("2027-01-01", "2026-06-02"), now)).toEqual({
      ok: false,
      saw: "it begins on 2026-06-02",
    });
  });

  it.each(["", "no licence", licence({ id: "x" }), Buffer.from("{}").toString("base64")])(
    "is no licence: %j",
    (text) => {
      expect(licenceSeen(text, now)).toMatchObject({
        ok: false,
        saw: "readable, but no licence of Mattermost's",
      });
    },
  );
});

describe("the place for backups before a first up", () => {
  it("is a bucket that the host's key opens", async () => {
    const storage = new MemoryStorage([]);
    expect(bucketSeen("b", await storage.bucket().look())).toEqual({
      ok: false,
      saw: "said absent",
      fix: "make it: npm run bucket -- STACK",
    });
    storage.there = true;
    expect(bucketSeen("b", await storage.bucket().look())).toEqual({ ok: true, saw: "bucket b" });
    const refused = (reason: string) => bucketSeen("b", { done: false, reason, words: "no" });
    expect(refused("denied")).toMatchObject({ fix: expect.stringContaining("let the host's key list") });
    expect(refused("wrong key")).toMatchObject({ fix: expect.stringContaining("backupS3Secret") });
    expect(refused("failed")).toMatchObject({ fix: expect.stringContaining("muster:backup.target") });
    expect(storage.changes).toEqual([]);
  });

  const protection = async (storage: MemoryStorage) => {
    const bucket = storage.bucket();
    const [versioning, lock] = [await bucket.versioning(), await bucket.lock()];
    return protectionSeen({ versioning, lock, days: 30, instead: "choose another" });
  };
  it("is locked for as long as the settings say", async () => {
    const storage = new MemoryStorage(["versions", "lock"]);
    storage.locked = { mode: "COMPLIANCE", days: 30 };
    expect(await protection(storage)).toEqual({ ok: true, saw: "compliance, 30 days" });
    storage.locked = { mode: "COMPLIANCE", days: 29 };
    expect(await protection(storage)).toMatchObject({
      ok: false,
      severity: "warning",
      saw: "compliance, 29 days; wanted: compliance, 30 days",
    });
    storage.locked = { mode: "GOVERNANCE", days: 90 };
    expect(await protection(storage)).toMatchObject({ ok: false, severity: "warning" });
    storage.locked = undefined;
    expect(await protection(storage)).toMatchObject({
      saw: "no lock",
      fix: "npm run bucket -- STACK sets it",
    });
    storage.versioned = true;
    expect(await protection(storage)).toMatchObject({ saw: "versions are kept, but nothing is locked" });
    expect(await protection(new MemoryStorage([]))).toMatchObject({ saw: "no lock", fix: "choose another" });
  });

  it("isn't judged by a key that may not ask, which is as it should be", () => {
    const denied = { done: false, reason: "denied", words: "no" } as const;
    const seen = protectionSeen({ versioning: denied, lock: denied, days: 30, instead: "" });
    expect(seen).toMatchObject({ ok: "unchecked", fix: expect.stringContaining("npm run bucket -- STACK") });
  });

  it("holds no repository whose key is another's", () => {
    const there = { done: true, value: "x" } as const;
    const answer = (reason: string) => ({ done: false, reason, words: "no" }) as const;
    expect(repositorySeen("f", there, false)).toMatchObject({
      ok: false,
      saw: expect.stringContaining("f/ already"),
    });
    expect(repositorySeen("f", there, true).ok).toBe(true);
    expect(repositorySeen("f", answer("absent"), false)).toEqual({ ok: true, saw: "nothing in f/" });
    expect(repositorySeen("f", answer("denied"), false)).toEqual({ ok: "unchecked", saw: "f/: no" });
  });

  it("is a folder that is there", () => {
    expect(sftpFolderSeen("/b", 0, "")).toEqual({ ok: true, saw: "/b" });
    expect(sftpFolderSeen("/b", 1, 'x\nCan\'t ls: "/b" not found\n')).toMatchObject({
      ok: false,
      saw: 'Can\'t ls: "/b" not found',
    });
    expect(sftpFolderSeen("/b", 1, "").saw).toBe("/b can't be listed");
    expect(folderTargetSeen("/b", true)).toEqual({ ok: true, saw: "/b" });
    expect(folderTargetSeen("/b", false)).toMatchObject({ ok: false, saw: "/b isn't there" });
  });
});

describe("a record before a first up", () => {
  const own = "203.0.113.7";
  it("says the machine's address, or will", () => {
    expect(recordSeen("chat.x", [own], own)).toEqual({ ok: true, saw: own });
    const missing = { ok: false, severity: "warning", fix: `enter: chat.x. A ${own}` };
    expect(recordSeen("chat.x", [], own)).toEqual({ ...missing, saw: "no address yet" });
    expect(recordSeen("chat.x", ["192.0.2.1"], own)).toEqual({ ...missing, saw: "192.0.2.1" });
    expect(recordSeen("chat.x", [own, "192.0.2.1"], own).ok).toBe(false);
  });

  it("can't say an address that only the first up gets", () => {
    expect(recordSeen("chat.x", [], undefined).ok).toBe("unchecked");
    expect(recordSeen("chat.x", ["192.0.2.1"], undefined)).toMatchObject({
      ok: false,
      severity: "warning",
      saw: expect.stringMatching(/^192\.0\.2\.1, which isn't this stack's/),
    });
  });
});
