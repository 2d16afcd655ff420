import { truncateSync } from "node:fs";
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

  it("fails where the database names a file that went while the backup was taken", () => {
    box.write("/fake/backing-up", `rm "${box.path(upload)}"`);
    box.run("backup.sh");
    failsWith("20261101/a/ü ber.png");
  });

  it("doesn't mind a file that was gone already when the backup was taken", () => {
    box.delete(upload);
    box.run("backup.sh");
    expect(drill()).toMatchObject({ code: 0, stderr: "" });
  });

  it("counts bytes beyond two GiB", () => {
    const size = 5 * 2 ** 30;
    const sums = `/fake/repository/${box.snapshots()[0] ?? ""}.sums`;
    const [files = 0, bytes = 0] = (box.read(sums).match(/\d+/g) ?? []).map(Number);
    box.write(sums, `"total_files_processed":${files + 1},"total_bytes_processed":${bytes + size}`);
    box.write(kept("/volumes/mattermost/data/large"), "");
    truncateSync(box.path(kept("/volumes/mattermost/data/large")), size);
    expect(drill()).toMatchObject({ code: 0, stderr: "" });
    expect(box.recorded("drill.good")["bytes"]).toBe(String(bytes + size));

    box.write(kept("/staging/database/99.dat"), "");
    truncateSync(box.path(kept("/staging/database/99.dat")), size);
    box.write("/fake/free", "1");
    expect(drill().stderr).toContain("15.0 GiB needed");
  });

  it("fails before it begins where the disk is too small for what it makes of the dump", () => {
    box.write(kept("/staging/database/99.dat"), "x".repeat(1024));
    box.write("/fake/free", "3");
    failsWith("no room for the drill");
    expect(box.restic().filter((line) => line.includes(" restore "))).toEqual([]);
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
