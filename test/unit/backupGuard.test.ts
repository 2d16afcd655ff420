import { BackupBox, midnight } from "../helpers/backupBox";

const now = midnight + 12 * 3600;
const ran = "18 mattermost=m:1 postgres=p:18";
const newer = "18 mattermost=m:2 postgres=p:18";
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
const lastWhy = (): string | undefined => box.recorded("backup.good")["why"];
const unused = (): void => {
  box.fill({ users: ["admin"], posts: [] });
};

describe.each([["before"], ["start"]])("the guard, %s other programs come", (phase) => {
  it("does nothing where the same ones ran last", () => {
    box.write("/status/ran", `${ran}\n`);
    expect(guard(phase, ran)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(box.snapshots()).toEqual([]);
  });

  it.each([
    ["ran last", `${ran}\n`],
    ["ran last is unknown", ""],
  ])("takes a backup where what %s is another", (_, last) => {
    box.write("/status/ran", last);
    expect(guard(phase, newer).code).toBe(0);
    expect([box.snapshots().length, lastWhy()]).toEqual([1, "upgrade"]);
  });

  it("takes none of a stack that nobody has used", () => {
    unused();
    box.write("/status/ran", `${ran}\n`);
    expect(guard(phase, newer).code).toBe(0);
    expect(box.snapshots()).toEqual([]);
  });

  it("takes one however young the last one is", () => {
    box.write("/status/ran", `${ran}\n`);
    box.record("backup.good", { began: now - 10, at: now - 5 });
    guard(phase, newer);
    expect(box.snapshots()).toHaveLength(1);
  });

  it("says no where the backup fails", () => {
    box.write("/status/ran", `${ran}\n`);
    box.write("/fake/dump-fails", "");
    const { code, stderr } = guard(phase, newer);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/pg_dump failed[^]*no backup, no change/)]);
    expect(box.read("/status/ran")).toBe(`${ran}\n`);
  });

  it("never says more than no: exit code 10 is for another major version alone", () => {
    box.write("/status/ran", `${ran}\n`);
    box.resticEnds("backup", "10");
    expect(guard(phase, newer).code).toBe(1);
  });
});

describe("the guard, before another major version of PostgreSQL comes", () => {
  beforeEach(() => {
    box.write("/status/ran", `${ran}\n`);
  });

  it("asks for the writers to be stopped first", () => {
    expect(guard("before", "19 postgres=p:19")).toEqual({ code: 10, stdout: "", stderr: "" });
    expect(box.snapshots()).toEqual([]);
  });

  it("refuses an earlier one", () => {
    const { code, stderr } = guard("before", "17 postgres=p:17");
    expect([code, stderr]).toEqual([1, expect.stringContaining("17 can't take them back")]);
  });

  it("then takes a backup, also where one was taken a moment ago", () => {
    box.record("backup.good", { began: now });
    box.write("/status/pristine", "");
    expect(guard("final", "19 postgres=p:19").code).toBe(0);
    expect(box.snapshots()).toHaveLength(1);
    expect(box.has("/status/pristine")).toBe(false);
  });

  it("then says no where the backup fails, or the database doesn't answer", () => {
    box.write("/fake/dump-fails", "");
    expect(guard("final", "19 postgres=p:19").code).toBe(1);
    box.write("/fake/down", "");
    expect(guard("final", "19 postgres=p:19").code).toBe(1);
  });

  it("then remembers that nobody has used the stack", () => {
    unused();
    expect(guard("final", "19 postgres=p:19").code).toBe(0);
    expect([box.has("/status/pristine"), box.snapshots()]).toEqual([true, []]);
  });

  it("then lets the new server be that an `up` that broke off has left: it is empty", () => {
    box.fill({ users: [], posts: [] });
    box.write("/fake/major", "19\n");
    expect(guard("final", "19 postgres=p:19")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect([box.has("/status/pristine"), box.snapshots()]).toEqual([false, []]);
  });

  it.each(["before", "final"])("leaves data alone that are on their way already (%s)", (phase) => {
    box.write("/status/ran", `${former}\n`);
    expect(guard(phase, newer)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(box.snapshots()).toEqual([]);
  });

  it("knows no other phase", () => {
    expect(guard("after", newer).stderr).toContain("knows no phase after");
  });
});

describe("the guard, when the chat server starts", () => {
  it.each([
    ["one that holds all that was ever written", "yes", 20, 0],
    ["one during which somebody wrote", "no", 20, 1],
    ["one after which somebody was seen", "yes", 5, 1],
  ])("takes a backup unless there is %s", (_, quiet, seenAgo, expected) => {
    box.write("/status/ran", `${ran}\n`);
    box.write("/status/in-use", `${now - seenAgo}\n`);
    box.record("backup.good", { at: now - 5, began: now - 10, quiet, snapshot: "5nap" });
    expect(guard("start", newer).code).toBe(0);
    expect(box.snapshots()).toHaveLength(expected);
    expect(box.read("/status/before-upgrade")).toBe(`${box.recorded("backup.good")["snapshot"] ?? ""}\n`);
  });

  it("knows no way back where nobody had used the stack", () => {
    unused();
    box.write("/status/before-upgrade", "5nap\n");
    box.write("/status/ran", `${ran}\n`);
    expect(guard("start", newer).code).toBe(0);
    expect(box.read("/status/before-upgrade")).toBe("\n");
  });

  it("starts nothing on what a restore has left that was cut short", () => {
    box.write("/status/ran", `${ran}\n`);
    box.write("/status/restoring", "5nap muster-test\n");
    const { code, stderr } = guard("start", ran);
    expect([code, stderr]).toEqual([1, expect.stringContaining("run that restore again")]);
  });

  it("remembers what runs from now on", () => {
    guard("start", newer);
    expect(box.read("/status/ran")).toBe(`${newer}\n`);
  });

  it("lets go of a move into this major version that has come to its end", () => {
    box.write("/status/ran", `${ran}\n`);
    for (const [moving, left] of [
      ["18", false],
      ["19", true],
    ] as const) {
      box.write("/status/moving", `${moving}\n`);
      guard("start", ran);
      expect(box.has("/status/moving")).toBe(left);
    }
  });
});
