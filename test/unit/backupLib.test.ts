import { setTimeout } from "node:timers/promises";
import { BackupBox, midnight } from "../helpers/backupBox";

let box: BackupBox;
beforeEach(() => {
  box = new BackupBox();
});
afterEach(() => {
  box.remove();
});
const now = midnight + 12 * 3600;
const backUp = (): ReturnType<typeof box.run> => box.run("backup.sh");

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
    box.write("/fake/repository/x", "");
    for (const kind of ["backup", "check"]) {
      box.write(`/fake/${kind}-waits`, "");
      await box.killAt(`/fake/${kind}-at-work`, `${kind}.sh`);
      expect(backUp()).toMatchObject({ code: 1, stderr: expect.stringContaining("wait until it is done") });
      box.delete(`/fake/${kind}-waits`);
      // Once that has ended, it is free.
      await setTimeout(500);
    }
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
    box.record("backup.good", { at: 11, bytes: 12, files: 13, seconds: 14, missing: 15 });
    box.record("backup.failed", { at: 21 });
    box.record("check.good", { at: 31 });
    box.record("check.failed", { at: 32 });
    box.record("drill.good", { at: 41, bytes: 42, taken: 43 });
    box.record("drill.failed", { at: 44 });
    box.record("use.first", { at: 51 });
    box.run("metrics.sh");
    const lines = box.read("/status/www/metrics").split("\n");
    expect(lines.filter((line) => line !== "" && !line.startsWith("#"))).toEqual([
      "muster_backup_last_success_timestamp_seconds 11",
      "muster_backup_last_failure_timestamp_seconds 21",
      "muster_backup_size_bytes 12",
      "muster_backup_files 13",
      "muster_backup_missing_files 15",
      "muster_backup_duration_seconds 14",
      "muster_check_last_success_timestamp_seconds 31",
      "muster_check_last_failure_timestamp_seconds 32",
      "muster_drill_last_success_timestamp_seconds 41",
      "muster_drill_last_failure_timestamp_seconds 44",
      "muster_drill_size_bytes 42",
      "muster_backup_first_use_timestamp_seconds 51",
      "muster_drill_backup_timestamp_seconds 43",
    ]);
    for (const line of lines.filter((text) => text.startsWith("muster_")))
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

  it.each([
    ["somebody has locked", "11", "locked by somebody else"],
    ["another key was used for", "12", "wrong key"],
    ["isn't reached", "1", "can't be opened"],
  ])("reads nothing of a repository that %s, and doesn't call it damaged", (_, code, said) => {
    box.write("/fake/repository/x", "");
    box.resticEnds("cat", code);
    const { code: ended, stderr } = box.run("check.sh");
    expect([ended, stderr]).toEqual([expect.any(Number), expect.stringContaining(said)]);
    expect(ended).not.toBe(0);
    expect(stderr).not.toContain("damaged");
    expect(parts()).toEqual([]);
    expect(box.recorded("check.failed")["at"]).toBe(String(now));
  });

  it("says that there is no repository where there is none", () => {
    const { stderr } = box.run("check.sh");
    expect(stderr).toContain("there is no repository");
    expect(stderr).not.toContain("damaged");
  });

  it.each([
    ["can't be opened any more", "1", "can't be opened"],
    ["is locked meanwhile", "11", "locked by somebody else"],
    ["killed restic, for want of memory", "137", "broke off"],
  ])("doesn't call a repository damaged that %s", (_, code, said) => {
    box.write("/fake/repository/x", "");
    box.resticEnds("check", code);
    box.resticEnds("cat", "0 1");
    const { stderr } = box.run("check.sh");
    expect(stderr).toContain(said);
    expect(stderr).not.toContain("damaged");
    expect(box.has("/status/check.failed")).toBe(true);
  });

  it("removes the locks that a killed run has left, where they are in the way", () => {
    box.write("/fake/repository/x", "");
    box.resticEnds("check", "11 0");
    expect(box.run("check.sh").code).toBe(0);
    expect(box.restic().filter((line) => line.includes(" unlock "))).toHaveLength(1);
  });
});
