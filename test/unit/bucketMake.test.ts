import { type Line, makeBucket, type Wanted } from "../../cli/bucket.make";
import { expiryOf } from "../../cli/bucket.policy";
import { insteadOf } from "../../cli/bucket.providers";
import { storageOf } from "../../stacks/topology/storage";
import { UserError } from "../../cli/errors";
import { reasonOf } from "../../cli/s3";
import { MemoryStorage } from "../helpers/memoryBucket";

const all = ["lockable", "lock", "versions", "expiry", "fullExpiry", "policy"] as const;
const wanted = (endpoint = "https://s3.example.org", change: Partial<Wanted> = {}): Wanted => ({
  target: {
    kind: "s3",
    endpoint,
    region: "us-east-1",
    bucket: "team-backups",
    accessKeyId: "HOST",
    lockDays: 30,
  },
  prefix: "prod",
  operator: "OPERATOR",
  principals: {},
  ...change,
});
const states = (lines: readonly Line[]): string[] => lines.map(({ what, state }) => `${what}: ${state}`);
const line = (lines: readonly Line[], what: string): Line | undefined =>
  lines.find((one) => one.what === what);

describe("making a bucket", () => {
  it("makes all of it where nothing is there", async () => {
    const storage = new MemoryStorage(all);
    const lines = await makeBucket(storage.bucket(), wanted());
    expect(states(lines)).toEqual([
      "bucket team-backups: made",
      "versions: ok",
      "lock: made",
      "old versions: made",
      "policy: made",
    ]);
    expect(storage.changes).toEqual(["create lockable", "lock", "expiry", "policy"]);
    expect(storage.locked).toEqual({ mode: "COMPLIANCE", days: 30 });
    expect(storage.text).toContain('"HOST"');
  });

  it("changes nothing the second time", async () => {
    const storage = new MemoryStorage(all);
    await makeBucket(storage.bucket(), wanted());
    storage.changes.length = 0;
    const lines = await makeBucket(storage.bucket(), wanted());
    expect(lines.map(({ state }) => state)).toEqual(["ok", "ok", "ok", "ok", "ok"]);
    expect(storage.changes).toEqual([]);
  });

  it("mends what isn't as it should be", async () => {
    const storage = new MemoryStorage(all);
    await makeBucket(storage.bucket(), wanted());
    storage.locked = { mode: "GOVERNANCE", days: 30 };
    storage.versioned = false;
    storage.rules = [];
    storage.text = "{}";
    const lines = await makeBucket(storage.bucket(), wanted());
    expect(states(lines).slice(1)).toEqual([
      "versions: mended",
      "lock: mended",
      "old versions: mended",
      "policy: mended",
    ]);
    expect(line(lines, "lock")?.detail).toContain("was 30 days, governance");
    expect(storage.versioned).toBe(true);
  });

  it("follows a changed number of days", async () => {
    const storage = new MemoryStorage(all);
    await makeBucket(storage.bucket(), wanted());
    const lines = await makeBucket(
      storage.bucket(),
      wanted(undefined, { target: { ...wanted().target, lockDays: 90 } }),
    );
    expect(states(lines)).toEqual(expect.arrayContaining(["lock: mended", "old versions: mended"]));
    expect(storage.locked?.days).toBe(90);
    expect(storage.rules?.[0]?.NoncurrentVersionExpiration?.NoncurrentDays).toBe(93);
  });

  it("says of each part what a poor storage lacks, and what to do instead", async () => {
    const storage = new MemoryStorage([]);
    const lines = await makeBucket(storage.bucket(), wanted("https://x.r2.cloudflarestorage.com"));
    expect(line(lines, "bucket team-backups")).toMatchObject({
      state: "made",
      detail: "without object lock",
    });
    const rest = lines.slice(1);
    expect(rest.map(({ state }) => state)).toEqual(["by hand", "by hand", "by hand", "by hand"]);
    expect(rest.map(({ fix }) => fix)).toEqual(
      (["versioning", "lock", "expiry", "policy"] as const).map((part) => insteadOf(part, "r2")),
    );
  });

  it("doesn't believe a storage that takes a lock and forgets it", async () => {
    const storage = new MemoryStorage(all);
    const bucket = storage.bucket();
    const forgetful = {
      ...bucket,
      setLock: () => Promise.resolve({ done: true, value: undefined } as const),
    };
    expect(line(await makeBucket(forgetful, wanted()), "lock")?.state).toBe("by hand");
  });

  it("asks for old versions alone where the storage takes no more", async () => {
    const storage = new MemoryStorage(["lockable", "lock", "versions", "expiry", "policy"]);
    expect(line(await makeBucket(storage.bucket(), wanted()), "old versions")?.state).toBe("made");
    expect(storage.rules).toEqual([expiryOf("prod", 30, true)]);
    expect(line(await makeBucket(storage.bucket(), wanted()), "old versions")?.state).toBe("ok");
  });

  it("keeps others' rules, and warns of one that removes backups", async () => {
    const storage = new MemoryStorage(all);
    const rule = { ID: "tidy", Status: "Enabled", Filter: { Prefix: "" }, Expiration: { Days: 30 } } as const;
    storage.rules = [rule];
    const lines = await makeBucket(storage.bucket(), wanted());
    expect(storage.rules).toContainEqual(rule);
    expect(line(lines, "expiry")).toMatchObject({
      state: "WARNING",
      detail: expect.stringContaining("tidy") as string,
    });
  });
});

describe("whom the policy names", () => {
  it("is at AWS nobody, before the user is said", async () => {
    const storage = new MemoryStorage(all);
    const lines = await makeBucket(storage.bucket(), wanted("https://s3.eu-central-1.amazonaws.com"));
    expect(line(lines, "policy")).toMatchObject({
      state: "by hand",
      fix: expect.stringContaining("--principal") as string,
    });
    expect(storage.text).toBeUndefined();
  });

  it("is at AWS the user, said once", async () => {
    const storage = new MemoryStorage(all);
    const arn = "arn:aws:iam::123456789012:user/muster";
    const at = (host?: string): Wanted =>
      wanted("https://s3.eu-central-1.amazonaws.com", { principals: { host } });
    await makeBucket(storage.bucket(), at(arn));
    expect(storage.text).toContain(arn);
    expect(storage.text).not.toContain("OPERATOR");
    expect(line(await makeBucket(storage.bucket(), at()), "policy")?.state).toBe("ok");
  });

  it("is elsewhere the key's id, and the key that makes the bucket isn't shut out", async () => {
    const storage = new MemoryStorage(all);
    await makeBucket(storage.bucket(), wanted());
    expect(storage.text).toContain('"OPERATOR"');
    const later = await makeBucket(storage.bucket(), wanted(undefined, { operator: "ANOTHER" }));
    expect(line(later, "policy")?.state).toBe("ok");
  });

  it("is the new key, once the host has another", async () => {
    const storage = new MemoryStorage(all);
    await makeBucket(storage.bucket(), wanted());
    const target = { ...wanted().target, accessKeyId: "HOST-2" };
    expect(line(await makeBucket(storage.bucket(), wanted(undefined, { target })), "policy")?.state).toBe(
      "mended",
    );
    expect(storage.text).toContain('"HOST-2"');
    expect(storage.text).not.toContain('"HOST"');
  });

  it("is what is said, also where it is a key", async () => {
    const storage = new MemoryStorage(all);
    await makeBucket(storage.bucket(), wanted(undefined, { principals: { host: "NAMED" } }));
    expect(storage.text).toContain('"NAMED"');
    expect(storage.text).toContain('"OPERATOR"');
  });

  it("keeps the key that prunes", async () => {
    const storage = new MemoryStorage(all);
    await makeBucket(storage.bucket(), wanted(undefined, { principals: { prune: "PRUNE" } }));
    expect(line(await makeBucket(storage.bucket(), wanted()), "policy")?.state).toBe("ok");
    expect(storage.text).toContain('"PRUNE"');
  });
});

describe("what can't be made", () => {
  const bucket = new MemoryStorage(all).bucket();
  const answers = (reason: "wrong key" | "denied") => () =>
    Promise.resolve({ done: false, reason, words: "Words: of the server" } as const);

  it.each([
    [
      "a wrong key",
      { look: answers("wrong key") },
      /doesn't know this key[^]*Words: of the server[^]*MUSTER_BUCKET/,
    ],
    [
      "a bucket of somebody else",
      { look: answers("denied") },
      /can't be looked at[^]*backup\.target\.bucket/,
    ],
    ["a key that may not", { create: answers("denied") }, /can't be made[^]*may make buckets/],
  ])("%s", async (_, part, message) => {
    const made = makeBucket({ ...bucket, ...part }, wanted());
    await expect(made).rejects.toThrow(UserError);
    await expect(made).rejects.toThrow(message);
  });
});

describe("a server's answers", () => {
  it.each([
    ["AccessDenied", 403, "denied"],
    ["Unknown", 403, "denied"],
    ["SignatureDoesNotMatch", 403, "wrong key"],
    ["InvalidAccessKeyId", 403, "wrong key"],
    ["NotImplemented", 501, "unsupported"],
    ["MethodNotAllowed", 405, "unsupported"],
    ["NoSuchBucketPolicy", 404, "absent"],
    ["ObjectLockConfigurationNotFoundError", 404, "absent"],
    ["InvalidBucketState", 409, "failed"],
  ] as const)("%s %d means %s", (code, status, reason) => {
    expect(reasonOf(code, status)).toBe(reason);
  });

  it.each([
    ["https://s3.eu-central-1.amazonaws.com", "aws"],
    ["https://1234.eu.r2.cloudflarestorage.com", "r2"],
    ["https://fra1.digitaloceanspaces.com", "spaces"],
    ["https://s3.eu-central-003.backblazeb2.com", "b2"],
    ["https://amazonaws.com.example.org", "other"],
    ["http://127.0.0.1:9000", "other"],
  ])("%s is %s", (endpoint, provider) => {
    expect(storageOf(endpoint)).toBe(provider);
  });
});
