import { BackupBox, midnight } from "../helpers/backupBox";

// Shells and their stand-ins are many processes: slow on a busy machine.
jest.setTimeout(30_000);

let box: BackupBox;
beforeEach(() => {
  box = new BackupBox();
});
afterEach(() => {
  box.remove();
});
const now = midnight + 12 * 3600;
const stagedIn = (id: string | undefined, path: string): string =>
  box.read(`/fake/repository/${id ?? ""}${box.path(path)}`);
const backUp = (...why: string[]): ReturnType<typeof box.run> => box.run("backup.sh", ...why);

describe("a backup", () => {
  beforeEach(() => {
    box.use();
  });

  it("holds the database, its manifest, the program's state, and files; and is written down", () => {
    box.write("/status/state/state.json", "{}");
    expect(backUp("schedule")).toMatchObject({ code: 0, stderr: "" });
    const [id] = box.snapshots();
    expect(stagedIn(id, "/staging/manifest").split("\n")).toEqual([
      "version\t1",
      expect.stringMatching(/^muster\t\d/),
      "stack\ttest",
      "domain\tlocalhost",
      `at\t${now}`,
      "postgres\t18",
      expect.stringMatching(/^image\tcaddy\tcaddy:/),
      expect.stringMatching(/^image\tmattermost\tmattermost\//),
      expect.stringMatching(/^image\tpostgres\tpostgres:18/),
      "count\tusers\t2",
      "count\tchannels\t1",
      "count\tposts\t2",
      ...["channels\t1", "fileinfo\t1", "posts\t2", "sessions\t1", "users\t2"].map((row) =>
        expect.stringMatching(new RegExp(`^table\tpublic.${row}\t[0-9a-f]{64}$`)),
      ),
      "",
    ]);
    expect(stagedIn(id, "/staging/database/toc")).toContain("TABLE DATA public posts");
    expect(stagedIn(id, "/staging/state/state.json")).toBe("{}");
    expect(stagedIn(id, "/volumes/mattermost/data/20261101/a/ü ber.png")).toBe("png");
    expect(box.recorded("backup.good")).toMatchObject({
      state: "good",
      why: "schedule",
      at: String(now),
      began: String(now),
      snapshot: id,
      major: "18",
      pristine: "no",
      quiet: "yes",
      files: expect.stringMatching(/^\d+$/),
      bytes: expect.stringMatching(/^\d+$/),
    });
    expect(box.has("/staging/database")).toBe(false);
  });

  it("says when somebody was connected while it was taken", () => {
    box.write("/fake/connected", "");
    backUp();
    expect(box.recorded("backup.good")["quiet"]).toBe("no");
  });

  it("that couldn't read some files is tried once more, and the half of one is forgotten", () => {
    box.resticEnds("backup", "3 0");
    expect(backUp()).toMatchObject({ code: 0, stdout: expect.stringContaining("once more") });
    expect(box.snapshots()).toEqual([box.recorded("backup.good")["snapshot"]]);
    expect(box.snapshots()[0]).toMatch(/^00000002/);
  });

  it("that couldn't read some files twice is a failure, and leaves nothing", () => {
    box.resticEnds("backup", "3");
    expect(backUp()).toMatchObject({ code: 1, stderr: expect.stringContaining("it doesn't count") });
    expect(box.snapshots()).toEqual([]);
    expect(box.restic().filter((line) => / backup /.test(line))).toHaveLength(2);
    expect([box.has("/status/backup.good"), box.recorded("backup.failed")["at"]]).toEqual([
      false,
      String(now),
    ]);
  });

  it("that is incomplete and can't be forgotten is written down", () => {
    box.resticEnds("backup", "3");
    box.resticEnds("forget", "1");
    backUp();
    expect(box.read("/status/incomplete")).toBe(`${box.snapshots()[1] ?? ""}\n`);
  });

  it.each([
    ["restic fails", () => box.resticEnds("backup", "1"), "restic failed (exit code 1)"],
    ["the key is another one", () => box.resticEnds("cat", "12"), "npm run secret -- test backupKey"],
    ["pg_dump fails", () => box.write("/fake/dump-fails", ""), "pg_dump failed"],
    [
      "there is no room for the dump",
      () => box.write("/fake/size", "99999999999999\n"),
      "no room for the dump",
    ],
    ["the database doesn't answer", () => box.write("/fake/down", ""), "the database doesn't answer"],
    ["another major version answers", () => box.write("/fake/major", "19\n"), "the database doesn't answer"],
    [
      "the data are on their way",
      () => box.write("/status/ran", "17 postgres=p\n"),
      "on their way from another major",
    ],
    ["a restore was cut short", () => box.write("/status/restoring", "abc\n"), "a restore was cut short"],
  ])("fails, takes nothing and writes it down where %s", (_, breakIt, said) => {
    box.write("/fake/repository/x", "");
    breakIt();
    const { code, stderr } = backUp();
    expect(code).not.toBe(0);
    expect(stderr).toContain(said);
    expect(box.snapshots()).toEqual([]);
    expect(box.has("/status/backup.good")).toBe(false);
    expect(box.recorded("backup.failed")).toMatchObject({ state: "failed", why: "asked for" });
    expect(box.has("/staging/database")).toBe(false);
  });

  it("keeps what an earlier one came to when it fails", () => {
    backUp();
    box.write("/fake/dump-fails", "");
    backUp();
    expect(box.recorded("backup.good")["snapshot"]).toBe(box.snapshots()[0]);
  });

  it("prunes a folder's repository on schedule alone", () => {
    const pruned = (): string[] => box.restic().filter((line) => line.includes("--prune"));
    backUp("upgrade");
    expect(pruned()).toEqual([]);
    backUp("schedule");
    expect(pruned()).toEqual([
      expect.stringMatching(
        /forget --quiet --host muster-test --tag muster --group-by host --keep-daily 7 .*--prune$/,
      ),
    ]);
  });

  it("is good even if older ones can't be pruned, which is a failure all the same", () => {
    box.resticEnds("forget", "1");
    expect(backUp("schedule")).toMatchObject({ code: 1, stderr: expect.stringContaining("can't be pruned") });
    expect([box.has("/status/backup.good"), box.has("/status/backup.failed")]).toEqual([true, true]);
  });

  it("shows how far restic is to somebody who looks on, and keeps none of that", () => {
    expect(backUp().stdout).not.toContain("percent_done");
    box.env = { progress: "1" };
    expect(backUp().stdout).toContain("percent_done");
    expect(box.read("/tmp/backup.json")).not.toContain("percent_done");
  });
});

describe("a backup of a stack that nobody has used", () => {
  beforeEach(() => {
    box.fill({ users: ["admin"], posts: [] });
  });

  it("is taken where it is asked for", () => {
    expect(backUp()).toMatchObject({ code: 0 });
    expect(box.recorded("backup.good")["pristine"]).toBe("yes");
  });

  it("is refused where the repository holds backups of this stack", () => {
    box.use();
    backUp();
    box.fill({ users: ["admin"], posts: [] });
    expect(backUp()).toMatchObject({ code: 1, stderr: expect.stringContaining("npm run restore -- test") });
    expect(box.snapshots()).toHaveLength(1);
  });

  it("is refused where nobody can tell what the repository holds", () => {
    box.write("/fake/repository/x", "");
    box.resticEnds("snapshots", "1");
    expect(backUp().code).toBe(1);
    expect(box.snapshots()).toEqual([]);
  });
});

describe("whether nobody has used a stack", () => {
  const isPristine = (): boolean => box.lib('is_pristine "$database_name"').code === 0;
  it.each([
    ["no tables yet", {}, true],
    ["the first administrator alone", { users: ["admin"], posts: [] }, true],
    ["a second person", { users: ["admin", "bob"], posts: [] }, false],
    ["a message", { users: ["admin"], posts: ["hello"] }, false],
  ])("goes by the tables: %s", (_, tables, expected) => {
    box.fill(tables);
    expect(isPristine()).toBe(expected);
  });

  it("is never so without an answer", () => {
    box.fill({ users: ["admin"], posts: [] });
    box.write("/fake/down", "");
    expect(isPristine()).toBe(false);
    box.delete("/fake/down");
    box.delete("/fake/db/mattermost");
    expect(isPristine()).toBe(false);
  });
});

describe("the lock", () => {
  it("lets one thing at a time be done; a second one waits, then says so, and changes nothing", async () => {
    box.use();
    const letGo = await box.holdLock();
    for (const script of ["backup.sh", "check.sh", "drill.sh"])
      expect(box.run(script)).toMatchObject({
        code: 1,
        stdout: expect.stringContaining("waiting for another"),
        stderr: expect.stringContaining("wait until it is done"),
      });
    await letGo();
    expect([box.restic(), box.has("/status/backup.failed")]).toEqual([[], false]);
    expect(backUp().code).toBe(0);
  });

  it("is held by what a killed backup has left at work", async () => {
    box.use();
    box.write("/fake/backup-waits", "");
    await box.killAt("/fake/backup-at-work", "backup.sh");
    expect(backUp()).toMatchObject({ code: 1, stderr: expect.stringContaining("wait until it is done") });
    box.delete("/fake/backup-waits");
  });

  it("isn't held by the server of a killed drill", async () => {
    box.use();
    backUp();
    box.write("/fake/dump-waits", "");
    await box.killAt("/fake/dump-at-work", "drill.sh");
    const server = Number(box.read("/fake/server"));
    box.delete("/fake/dump-waits");
    const { code } = backUp();
    const lives = process.kill(server, 0);
    process.kill(server);
    expect([code, lives]).toEqual([0, true]);
  });
});

describe("what is recorded", () => {
  it("is written whole or not at all", () => {
    box.record("backup.good", { at: 1, bytes: 2 });
    expect(box.lib("mv() { kill -9 $$; }; record backup good bytes=3").code).toBe(1);
    expect(box.recorded("backup.good")).toEqual({ at: "1", bytes: "2" });
    expect(box.lib("record backup good bytes=3; recorded backup good bytes").stdout).toBe("3\n");
  });

  it("is nothing where nothing was", () => {
    expect(box.lib("echo [$(recorded backup good at)]").stdout).toBe("[]\n");
  });

  it("is what monitoring reads", () => {
    box.record("backup.good", { at: 11, bytes: 12, files: 13, seconds: 14 });
    box.record("backup.failed", { at: 21 });
    box.record("check.good", { at: 31 });
    box.record("check.failed", { at: 32 });
    box.record("drill.good", { at: 41, bytes: 42, taken: 43 });
    box.record("drill.failed", { at: 44 });
    box.run("metrics.sh");
    const lines = box.read("/status/www/metrics").split("\n");
    expect(lines.filter((line) => line !== "" && !line.startsWith("#"))).toEqual([
      "muster_backup_last_success_timestamp_seconds 11",
      "muster_backup_last_failure_timestamp_seconds 21",
      "muster_backup_size_bytes 12",
      "muster_backup_files 13",
      "muster_backup_duration_seconds 14",
      "muster_check_last_success_timestamp_seconds 31",
      "muster_check_last_failure_timestamp_seconds 32",
      "muster_drill_last_success_timestamp_seconds 41",
      "muster_drill_last_failure_timestamp_seconds 44",
      "muster_drill_size_bytes 42",
      "muster_drill_backup_timestamp_seconds 43",
    ]);
    for (const line of lines.filter((text) => /^muster_/.test(text)))
      for (const kind of ["HELP", "TYPE"])
        expect(lines).toContainEqual(
          expect.stringMatching(new RegExp(`^# ${kind} ${line.split(" ")[0] ?? ""} \\S`)),
        );
  });

  it("leaves out of the metrics what hasn't happened", () => {
    box.record("backup.good", { at: 11 });
    box.run("metrics.sh");
    expect(box.read("/status/www/metrics").match(/^muster_.*$/gm)).toEqual([
      "muster_backup_last_success_timestamp_seconds 11",
    ]);
  });
});

describe("a check", () => {
  const parts = (): string[] =>
    box.restic().flatMap((line) => /--read-data-subset=(\S+)/.exec(line)?.[1] ?? []);

  it("reads another eighth of the data each time, and begins again after the last", () => {
    box.write("/fake/repository/x", "");
    for (let index = 0; index < 9; index++) expect(box.run("check.sh").code).toBe(0);
    expect(parts()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 1].map((part) => `${part}/8`));
  });

  it("reads the same part again after a failure, which it writes down", () => {
    box.write("/fake/repository/x", "");
    box.run("check.sh");
    box.resticEnds("check", "1");
    expect(box.run("check.sh")).toMatchObject({ code: 1, stderr: expect.stringContaining("is damaged") });
    expect(box.recorded("check.failed")["at"]).toBe(String(now));
    box.resticEnds("check", "0");
    box.run("check.sh");
    expect(parts()).toEqual(["1/8", "2/8", "2/8"]);
  });
});
