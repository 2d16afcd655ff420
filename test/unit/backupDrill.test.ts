import { BackupBox, midnight } from "../helpers/backupBox";

const now = midnight + 12 * 3600;
const upload = "/volumes/mattermost/data/20261101/a/ü ber.png";

let box: BackupBox;
const snapshot = "00000001";
beforeEach(() => {
  box = new BackupBox();
  box.use();
  box.run("backup.sh");
});
afterEach(() => {
  box.remove();
});

describe("a drill", () => {
  const drill = (): ReturnType<typeof box.run> => box.run("drill.sh");
  const failsWith = (said: string): void => {
    expect(drill()).toMatchObject({ code: 1, stderr: expect.stringContaining(said) });
    expect([box.has("/status/drill.good"), box.recorded("drill.failed")["at"]]).toEqual([false, String(now)]);
  };
  const kept = (path: string): string => `/fake/repository/${box.snapshots()[0] ?? ""}${box.path(path)}`;

  it("proves the newest snapshot without touching what is live, and leaves no server", () => {
    box.fill({ posts: ["hello", "hi", "later"] });
    expect(drill()).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("posts 2") });
    expect(box.recorded("drill.good")).toMatchObject({
      snapshot,
      taken: String(now),
      files: expect.stringMatching(/^\d+$/),
    });
    expect(box.rows("posts")).toHaveLength(3);
    expect(box.has("/fake/stopped")).toBe(true);
    expect([box.has("/scratch/server"), box.has("/scratch/staging")]).toEqual([false, false]);
  });

  it.each([
    ["a row changes", "echo hallo > $here/posts; echo hi >> $here/posts"],
    ["a row is missing", "echo hello > $here/posts"],
    ["a table is missing", "rm $here/posts"],
  ])("fails where %s, and leaves no server", (_, change) => {
    box.write("/fake/restoring", change);
    failsWith("isn't the one that was backed up");
    expect(box.has("/fake/stopped")).toBe(true);
  });

  it("fails where the counts of the same tables are others", () => {
    const path = kept("/staging/manifest");
    box.write(path, box.read(path).replace("count\tposts\t2", "count\tposts\t3"));
    failsWith("counts");
  });

  it("fails where a file is gone, and where one is shorter", () => {
    box.write(kept(upload), "pn");
    failsWith("were backed up");
    box.delete(kept(upload));
    failsWith("were backed up");
  });

  it("fails where the database names a file that was never backed up", () => {
    box.delete(upload);
    box.run("backup.sh");
    failsWith("20261101/a/ü ber.png");
  });

  it.each<[string, () => void, string]>([
    [
      "there is no backup",
      () => box.delete("/fake/repository/" + (box.snapshots()[0] ?? "") + ".host"),
      "no backup yet",
    ],
    [
      "the manifest is another version's",
      () => box.write(kept("/staging/manifest"), "version\t2\n"),
      "no manifest",
    ],
    [
      "there is no throwaway server",
      () => box.write("/fake/initdb-fails", ""),
      "no throwaway server: initdb: no",
    ],
  ])("fails where %s", (_, breakIt, said) => {
    breakIt();
    failsWith(said);
  });

  it("fails where the storage stops half-way", () => {
    box.resticEnds("dump", "1");
    expect(drill().code).not.toBe(0);
    expect(box.has("/status/drill.good")).toBe(false);
  });
});
