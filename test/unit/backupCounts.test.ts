import { type Snapshot, snapshotRows } from "../../cli/backup";
import { BackupBox, midnight } from "../helpers/backupBox";

let box: BackupBox;
beforeEach(() => {
  box = new BackupBox();
  box.use();
});
afterEach(() => {
  box.remove();
});
const now = midnight + 12 * 3600;
const backUp = (): ReturnType<typeof box.run> => box.run("backup.sh");
const newest = (): ReturnType<typeof box.run> => box.lib('newest_snapshot "$host"');
const idOf = (index: number): string => box.snapshots()[index] ?? "";

describe("a snapshot that is incomplete, on a storage where the host can't delete", () => {
  beforeEach(() => {
    backUp();
    box.resticEnds("forget", "1");
  });

  it("isn't the newest for anybody, on whatever host", () => {
    box.resticEnds("backup", "3");
    expect(backUp().code).toBe(1);
    // Two of them, and a mark for each.
    expect(box.snapshots()).toHaveLength(5);
    box.delete("/status");
    box.write("/status/lock", "");
    expect(newest()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^00000001\t/) });
  });

  it("isn't the newest either where the second try was good: that one is", () => {
    box.resticEnds("backup", "3 0");
    expect(backUp()).toMatchObject({ code: 0 });
    expect(box.recorded("backup.good")["snapshot"]).toMatch(/^00000004/);
    expect(newest().stdout).toMatch(/^00000004\t/);
  });

  it("is said to be so where it can't even be marked", () => {
    box.resticEnds("backup", "3");
    box.write("/fake/mark-code", "1\n");
    const { code, stdout } = backUp();
    expect([code, stdout]).toEqual([
      1,
      expect.stringContaining(`${idOf(1)} is incomplete, and nothing says`),
    ]);
  });

  it("lets the next try wait for longer", () => {
    box.resticEnds("backup", "3");
    backUp();
    expect(box.recorded("backup.failed")["incomplete"]).toBe("yes");
    box.resticEnds("backup", "1");
    backUp();
    expect(box.recorded("backup.failed")["incomplete"]).toBe("no");
  });
});

describe("the newest snapshot", () => {
  const takenAt = (index: number, time: string): void => {
    box.write(`/fake/repository/${idOf(index)}.time`, time);
  };

  it("is never from the future: one from a clock that ran ahead would be the newest for years", () => {
    for (let index = 0; index < 3; index++) backUp();
    takenAt(2, "2031-01-01T02:30:00Z");
    expect(newest().stdout).toMatch(/^00000002\t/);
    // Within an hour, clocks may differ.
    takenAt(1, "2026-11-10T13:00:01Z");
    expect(newest().stdout).toMatch(/^00000001\t/);
    takenAt(1, "2026-11-10T12:59:59Z");
    expect(newest().stdout).toMatch(/^00000002\t/);
  });

  it("has to be named where all are from the future", () => {
    backUp();
    takenAt(0, "2031-01-01T02:30:00Z");
    const said = "such as 00000001, from 2031-01-01T02:30:00Z";
    expect(newest()).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(said) });
    const order = "source=muster-test\nelsewhere=no\noverwrite=yes\nkeep_replaced=no\n";
    box.write("/order/settings.sh", `snapshot=latest\n${order}`);
    expect(box.run("restore.sh", "look")).toMatchObject({ code: 1, stderr: expect.stringContaining(said) });
    expect(box.run("drill.sh")).toMatchObject({ code: 1, stderr: expect.stringContaining(said) });
    box.write("/order/settings.sh", `snapshot=00000001\n${order}`);
    expect(box.run("restore.sh", "look").code).toBe(0);
  });

  it("is none where there is none, and unknown where nobody can tell", () => {
    box.write("/fake/repository/x", "");
    expect(newest()).toEqual({ code: 0, stdout: "", stderr: "" });
    box.resticEnds("snapshots", "1");
    expect(newest().code).toBe(1);
  });
});

describe("a repository that is gone", () => {
  beforeEach(() => {
    backUp();
    box.delete("/fake/repository");
  });

  it.each(["", "upgrade"])("isn't made anew (%s)", (why) => {
    const { code, stderr } = box.run("backup.sh", why);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /the repository at docker:muster-test-backup-repository is gone[^]*fix: .*damaged-repository\.md/,
      ),
    ]);
    expect(box.has("/fake/repository")).toBe(false);
    expect(box.recorded("backup.good")["at"]).toBe(String(now));
  });

  it("isn't made anew for a stack that nobody has used, either", () => {
    box.fill({ users: ["admin"], posts: [] });
    expect(backUp()).toMatchObject({ code: 1, stderr: expect.stringContaining("is gone") });
  });

  it.each<[string, () => void]>([
    ["another one is meant", () => box.write("/muster/settings.sh", moved())],
    ["the last backup is forgotten", () => box.delete("/status/backup.good")],
  ])("is made where %s", (_, change) => {
    change();
    expect(backUp()).toMatchObject({ code: 0, stdout: expect.stringContaining("making the repository") });
    expect(box.snapshots()).toHaveLength(1);
  });
  // The container sees another disk at the same path.
  const moved = (): string => `${box.read("/muster/settings.sh")}repository_place=/mnt/other\n`;
});

describe("the list of snapshots", () => {
  const snapshot = (index: number, change: Partial<Snapshot> = {}): Snapshot => ({
    short_id: `0000000${index}`,
    id: `0000000${index}ffff`,
    time: `2026-11-0${index}T02:30:00.5Z`,
    paths: ["/staging", "/volumes"],
    tags: ["muster"],
    ...change,
  });

  it("says which was proven and which doesn't count, and leaves out the marks of those", () => {
    const mark = snapshot(3, { paths: ["/incomplete-00000002ffff"], tags: ["incomplete"] });
    const rows = snapshotRows([mark, snapshot(2), snapshot(1), snapshot(4)], "00000001");
    expect(rows.map(([id, taken, , , , proven]) => [id, taken, proven])).toEqual([
      ["00000001", "2026-11-01 02:30 UTC", "restored and compared"],
      ["00000002", "2026-11-02 02:30 UTC", "incomplete: doesn't count"],
      ["00000004", "2026-11-04 02:30 UTC", ""],
    ]);
  });
});
