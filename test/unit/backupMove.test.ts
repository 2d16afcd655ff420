import { BackupBox, midnight } from "../helpers/backupBox";

const now = midnight + 12 * 3600;
const ran = "18 mattermost=m:1 postgres=p:18";
const former = "17 mattermost=m:1 postgres=p:17";

let box: BackupBox;
beforeEach(() => {
  box = new BackupBox();
  box.use();
});
afterEach(() => {
  box.remove();
});
const guard = (phase: string, images: string): ReturnType<typeof box.run> =>
  box.run("guard.sh", phase, images);

describe("a move to another major version of PostgreSQL", () => {
  /** As after `final` and with the new server's empty volume. */
  beforeEach(() => {
    box.run("backup.sh", "upgrade");
    box.record("backup.good", { ...box.recorded("backup.good"), major: 17 });
    box.write("/status/ran", `${former}\n`);
    box.delete("/fake/db/mattermost");
    box.fill({});
  });
  const refused = (said: string): void => {
    const { code, stderr } = guard("start", ran);
    expect([code, stderr]).toEqual([1, expect.stringContaining(said)]);
    expect(box.read("/status/ran")).toBe(`${former}\n`);
  };
  const moved = (): void => {
    expect(guard("start", ran)).toMatchObject({ code: 0, stdout: expect.stringContaining("row by row") });
    expect(box.rows("posts")).toEqual(["hello", "hi"]);
    expect([box.read("/status/ran"), box.has("/status/moving")]).toEqual([`${ran}\n`, false]);
  };

  it("brings in every row of the last backup", moved);

  it("doesn't touch a volume that holds other data", () => {
    box.fill({ users: ["x", "y"], posts: ["old"] });
    refused("they are older than the last backup");
    expect(box.rows("posts")).toEqual(["old"]);
  });

  it("that was cut short is done again, over what is half there", () => {
    box.write("/fake/restoring", 'rm "$here/posts"; exit 1');
    expect(guard("start", ran).code).toBe(1);
    expect([box.read("/status/moving"), box.read("/status/ran")]).toEqual(["18\n", `${former}\n`]);
    box.delete("/fake/restoring");
    moved();
  });

  it("that was cut short before there was a database is done again", () => {
    box.write("/status/moving", "18\n");
    box.delete("/fake/db/mattermost");
    moved();
  });

  it("into another major version that was cut short says nothing about this one", () => {
    box.write("/status/moving", "19\n");
    box.fill({ users: ["x", "y"], posts: ["old"] });
    refused("they are older than the last backup");
  });

  it.each([
    ["a row changes", "echo hallo > $here/posts; echo hi >> $here/posts"],
    ["a row is missing", "echo hello > $here/posts"],
    ["a table is missing", "rm $here/posts"],
  ])("fails where %s", (_, change) => {
    box.write("/fake/restoring", change);
    refused("isn't the one that was backed up");
  });

  it("is refused where the chat server was seen after the last backup began", () => {
    box.write("/status/in-use", `${now + 1}\n`);
    refused("the chat server has used the database during or after the last backup");
    box.write("/status/in-use", `${now}\n`);
    moved();
  });

  it("is refused where the chat server was connected when the backup ended", () => {
    box.record("backup.good", { ...box.recorded("backup.good"), quiet: "no" });
    refused("during or after the last backup");
  });

  it("is refused without a backup of the former major version", () => {
    box.record("backup.good", { ...box.recorded("backup.good"), major: 18 });
    refused("there is no backup from PostgreSQL 17");
    box.delete("/status/backup.good");
    refused("there is no backup from PostgreSQL 17");
  });

  it("is refused where the backup can't be read, such as from another repository", () => {
    box.delete("/fake/repository");
    refused("the last backup can't be read from /repository");
  });

  it("is refused while the former server answers, or none", () => {
    box.write("/fake/major", "17\n");
    refused("PostgreSQL 18 doesn't answer");
    box.write("/fake/down", "");
    refused("PostgreSQL 18 doesn't answer");
  });

  it("of a stack that nobody has used moves nothing", () => {
    box.delete("/status/backup.good");
    box.write("/status/pristine", "");
    expect(guard("start", ran)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("nothing to move"),
    });
    expect(box.read("/status/ran")).toBe(`${ran}\n`);
  });

  it("that somebody else is at is waited for, and isn't done twice", async () => {
    const letGo = await box.holdLock(
      `"$REAL_SLEEP" 0.1; echo "${ran}" > /status/ran; echo later > /fake/db/mattermost/posts; exit`,
    );
    expect(guard("start", ran).code).toBe(0);
    await letGo();
    expect(box.rows("posts")).toEqual(["later"]);
    expect(box.restic().filter((line) => line.includes("restore"))).toEqual([]);
  });
});
