import { BackupBox, midnight } from "../helpers/backupBox";

const now = midnight + 12 * 3600;
const upload = "/volumes/mattermost/data/20261101/a/ü ber.png";

let box: BackupBox;
let snapshot: string;
beforeEach(() => {
  box = new BackupBox();
  box.use();
  box.write("/volumes/caddy/data/certificate", "of the former domain");
  box.run("backup.sh");
  snapshot = "00000001";
});
afterEach(() => {
  box.remove();
});

const order = (change: Record<string, string> = {}): void => {
  const all = {
    snapshot: "latest",
    source: "muster-test",
    elsewhere: "no",
    overwrite: "no",
    keep_replaced: "no",
  };
  box.write(
    "/order/settings.sh",
    Object.entries({ ...all, ...change })
      .map(([key, value]) => `${key}=${value}\n`)
      .join(""),
  );
};
const run = (phase: "look" | "restore", change: Record<string, string> = {}): ReturnType<typeof box.run> => {
  order(change);
  return box.run("restore.sh", phase);
};
/** What people have done since the backup. */
const later = (): void => {
  box.fill({ posts: ["hello", "hi", "later"], sessions: ["s", "t"] });
  box.write("/volumes/mattermost/data/later.png", "later");
  box.write(upload, "changed");
};

describe("a look before a restore", () => {
  it("says which snapshot it is and what is in it, and changes nothing", () => {
    later();
    const { code, stdout } = run("look", { overwrite: "yes" });
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^snapshot\t00000001\nversion\t1\n[^]*\ncount\tposts\t2\n/),
    ]);
    expect(box.rows("posts")).toHaveLength(3);
    expect([box.has("/scratch/staging"), box.has("/status/restore.failed")]).toEqual([false, false]);
  });

  it.each<[string, () => void, Record<string, string>, string]>([
    ["the stack is in use", later, {}, "--overwrite test"],
    ["the database doesn't answer", () => box.write("/fake/down", ""), {}, "the database doesn't answer"],
    [
      "there is no backup of that stack",
      () => undefined,
      { source: "muster-other" },
      "has no backup of other",
    ],
    [
      "there is no such snapshot",
      () => undefined,
      { snapshot: "ffffffff" },
      "snapshot ffffffff can't be read",
    ],
    [
      "the snapshot is from a later PostgreSQL",
      () => changeManifest("postgres", "19"),
      { overwrite: "yes" },
      "set muster:postgres.major to 19",
    ],
    [
      "the snapshot is from another Muster",
      () => changeManifest("version", "2"),
      { overwrite: "yes" },
      "no manifest that this version understands",
    ],
  ])("says no where %s", (_, breakIt, change, said) => {
    breakIt();
    expect(run("look", change)).toMatchObject({ code: 1, stderr: expect.stringContaining(said) });
    expect(box.has("/status/restore.failed")).toBe(false);
  });

  it.each<[string, () => void]>([
    [
      "nobody has used the stack",
      () => box.fill({ users: ["admin"], posts: [], channels: [], fileinfo: [] }),
    ],
    ["there is no database", () => box.delete("/fake/db/mattermost")],
    ["the same restore was cut short", () => box.write("/status/restoring", "00000001 muster-test\n")],
  ])("needs no --overwrite where %s", (_, change) => {
    change();
    expect(run("look")).toMatchObject({ code: 0 });
  });

  it("takes the snapshot of one that was cut short for the latest, not the backup from right before it", () => {
    box.run("backup.sh", "before a restore");
    box.write("/status/restoring", "00000001 muster-test\n");
    expect(run("look").stdout).toMatch(/^snapshot\t00000001\n/);
    box.write("/status/restoring", "00000001 muster-other\n");
    expect(run("look", { overwrite: "yes" }).stdout).toMatch(/^snapshot\t00000002\n/);
  });
});

function changeManifest(key: string, value: string): void {
  const path = `/fake/repository/${box.snapshots()[0] ?? ""}${box.path("/staging/manifest")}`;
  box.write(path, box.read(path).replace(new RegExp(`^${key}\t.*$`, "m"), `${key}\t${value}`));
}

describe("a restore", () => {
  const restore = (change: Record<string, string> = {}): ReturnType<typeof box.run> =>
    run("restore", { snapshot, overwrite: "yes", ...change });
  beforeEach(later);
  const untouched = (): void => {
    expect(box.rows("posts")).toEqual(["hello", "hi", "later"]);
    expect(box.has("/volumes/mattermost/data/later.png")).toBe(true);
    expect(box.has("/status/restoring")).toBe(false);
    expect(box.recorded("restore.failed")).toMatchObject({ snapshot });
  };

  it("brings back rows and files, and leaves nothing else", () => {
    expect(restore()).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringMatching(
        /^restoring the backup of 2026-11-10 12:00 UTC, snapshot 00000001\n[^]*count\tposts\t2\n/,
      ),
    });
    expect([box.rows("posts"), box.rows("sessions")]).toEqual([["hello", "hi"], ["s"]]);
    expect([box.read(upload), box.has("/volumes/mattermost/data/later.png")]).toEqual(["png", false]);
    expect(["mattermost_gone", "mattermost_restored"].some((name) => box.has(`/fake/db/${name}`))).toBe(
      false,
    );
    expect(box.has("/status/restoring")).toBe(false);
    expect(box.recorded("restore.good")).toMatchObject({ snapshot, taken: String(now) });
    expect(box.read("/status/ran")).toMatch(/^18 caddy=\S+ mattermost=\S+ postgres=\S+\n$/);
  });

  it("keeps what it replaces, where no backup of it could be taken", () => {
    const { code, stdout } = restore({ keep_replaced: "yes" });
    const kept = /is kept as (mattermost_replaced_\d+)$/m.exec(stdout)?.[1] ?? "";
    expect([code, box.rows("posts", kept).length, box.has(`/fake/db/${kept}.closed`)]).toEqual([0, 3, false]);
    expect([box.rows("posts").length, box.has("/volumes/mattermost/data/later.png")]).toEqual([2, true]);
    // Nothing replaces it in its turn.
    expect(restore({ overwrite: "yes" }).code).toBe(0);
    expect(box.rows("posts", kept)).toHaveLength(3);
  });

  it("into another stack signs everybody out", () => {
    box.write("/status/ran", "18 x=y\n");
    expect(restore({ elsewhere: "yes" }).code).toBe(0);
    expect([box.rows("sessions"), box.rows("posts").length]).toEqual([[], 2]);
    expect(box.read("/status/ran")).toBe("18 x=y\n");
  });

  it("into another domain leaves alone what belongs to a domain", () => {
    box.write("/volumes/caddy/data/certificate", "of this domain");
    changeManifest("domain", "example.org");
    expect(restore()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("it belongs to example.org"),
    });
    expect(box.read("/volumes/caddy/data/certificate")).toBe("of this domain");
    expect(box.read(upload)).toBe("png");
  });

  it.each([
    [
      "a row changes on the way",
      "echo hallo > $here/posts; echo hi >> $here/posts",
      "the tables above differ",
    ],
    ["a row is missing", "echo hello > $here/posts", "the tables above differ"],
    ["a table is missing", "rm $here/channels", "the tables above differ"],
    ["the database takes no rows", "exit 1", ""],
  ])("touches neither the live database nor files where %s", (_, restoring, said) => {
    box.write("/fake/restoring", restoring);
    const { code, stderr } = restore();
    expect([code, stderr]).toEqual([1, expect.stringContaining(said)]);
    untouched();
  });

  it("touches nothing where the disk is too small for both databases", () => {
    box.write("/fake/free", "1");
    expect(restore()).toMatchObject({ code: 1, stderr: expect.stringContaining("no room") });
    untouched();
  });

  it("is done where some files went while the backup was taken, and says which", () => {
    box.fill({ fileinfo: ["20261101/a/ü ber.png", "20261101/lost.png"] });
    box.write("/volumes/mattermost/data/20261101/lost.png", "lost");
    box.write("/fake/backing-up", `rm "${box.path("/volumes/mattermost/data/20261101/lost.png")}"`);
    box.run("backup.sh");
    const { code, stdout } = run("restore", { overwrite: "yes" });
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/WARNING: 1 of the 2 files that the database names[^]*\n20261101\/lost\.png\n/),
    ]);
  });

  it("says nothing of files that were gone already when the backup was taken, even all of them", () => {
    box.delete(upload);
    box.run("backup.sh");
    const { code, stdout } = run("restore", { overwrite: "yes" });
    expect([code, stdout]).toEqual([0, expect.not.stringContaining("WARNING")]);
  });

  it("doesn't replace the live database where no file came back that it names; it can be run again", () => {
    const file = `/fake/repository/${box.snapshots()[0] ?? ""}${box.path(upload)}`;
    box.delete(file);
    expect(restore()).toMatchObject({ code: 1, stderr: expect.stringContaining("20261101/a/ü ber.png") });
    expect(box.rows("posts")).toHaveLength(3);
    expect(box.read("/status/restoring")).toBe("00000001 muster-test\n");
    box.write(file, "png");
    expect(run("restore", { snapshot }).code).toBe(0);
    expect(box.rows("posts")).toHaveLength(2);
  });

  it("takes a file's name as it is, spaces at its end and all", () => {
    box.fill({ fileinfo: ["20261101/b/a .png "] });
    box.write("/volumes/mattermost/data/20261101/b/a .png ", "x");
    box.run("backup.sh");
    expect(run("restore", { overwrite: "yes" })).toMatchObject({ code: 0 });
  });

  it("says no where it must as well, and not only when it looks", () => {
    expect(restore({ overwrite: "no" })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("in use"),
    });
    untouched();
  });
});
