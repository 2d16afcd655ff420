import { BackupBox, midnight } from "../helpers/backupBox";

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
    box.write("/fake/repository/x", "");
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
      "volume\tcaddy/data",
      ...["config", "data", "plugins", "client-plugins"].map((name) => `volume\tmattermost/${name}`),
      "count\tusers\t2",
      "count\tchannels\t1",
      "count\tposts\t2",
      ...["channels\t1", "fileinfo\t1", "posts\t2", "sessions\t1", "users\t2"].map((row): unknown =>
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
    expect(box.restic().filter((line) => line.includes(" backup "))).toHaveLength(2);
    expect([box.has("/status/backup.good"), box.recorded("backup.failed")["at"]]).toEqual([
      false,
      String(now),
    ]);
  });

  it("says which files are gone that the database names, and writes them down", () => {
    box.fill({ fileinfo: ["20261101/a/ü ber.png", "lost/a b.txt ", "lost/c"] });
    expect(backUp()).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/WARNING: 2 of the files .*, such as lost\/a b\.txt ;/),
    });
    const [id] = box.snapshots();
    expect(stagedIn(id, "/staging/manifest")).toContain("\ndead\tlost/a b.txt \ndead\tlost/c\ntable\t");
    expect([box.has("/staging/links"), box.has("/staging/missing")]).toEqual([false, false]);
    expect(box.read("/status/www/metrics")).toContain("\nmuster_backup_missing_files 2\n");
  });

  it.each([
    ["restic fails", () => box.resticEnds("backup", "1"), "restic failed (exit code 1)"],
    ["the key is another one", () => box.resticEnds("backup", "12"), "npm run secret -- test backupKey"],
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
        /forget --quiet --host muster-test --tag muster --group-by host --keep-within 7d --keep-daily 7 .*--prune /,
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
