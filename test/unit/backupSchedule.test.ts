import { BackupBox, day, midnight } from "../helpers/backupBox";

/** 02:30 UTC, the default. */
const atNight = 9000;
const noon = 12 * 3600;
const times = <T>(count: number, step: T): T[] => Array.from({ length: count }, () => step);

describe("the schedule", () => {
  let box: BackupBox;
  beforeEach(() => {
    box = new BackupBox();
    box.standInFor("backup", "check", "drill");
    box.use();
    box.now = midnight + noon;
  });
  afterEach(() => {
    box.remove();
  });

  /** A stack whose checks and drills aren't due, and whose last backup is this old. */
  const lastBackup = (began: number): void => {
    box.record("backup.good", { at: began, began });
    for (const kind of ["check", "drill"]) box.record(`${kind}.good`, { at: midnight + noon });
  };
  const backups = (...steps: (number | string)[]): number[] =>
    box
      .schedule(...steps)
      .filter(({ kind }) => kind === "backup")
      .map(({ at }) => at);

  describe("for backups", () => {
    it("does nothing while the last night's is there", () => {
      lastBackup(midnight + atNight);
      expect(backups(60, 60, 60)).toEqual([]);
    });

    it("catches up with a missed one at once, and never twice", () => {
      lastBackup(midnight - day + atNight);
      expect(backups(...times(5, 60))).toEqual([midnight + noon]);
    });

    it("runs once a night, as soon as it is time", () => {
      lastBackup(midnight + atNight);
      const found = backups(...times(12, 3 * 3600));
      expect(found).toEqual([midnight + day + 3 * 3600]);
    });

    it("takes yesterday's time for the last one until today's has come", () => {
      box.now = midnight + atNight - 60;
      lastBackup(midnight - day + atNight);
      expect(backups(30)).toEqual([]);
      box.now = midnight + atNight;
      expect(backups(30)).toEqual([midnight + atNight]);
    });

    it("runs again at once when the last one lies in the future: the clock was wrong", () => {
      lastBackup(midnight + 10 * day);
      expect(backups(60, 60)).toEqual([midnight + noon]);
    });

    it("runs again after the clock has jumped back, and goes on by the new time", () => {
      lastBackup(midnight + atNight);
      expect(backups(-3 * day, 60, 60)).toEqual([midnight + noon - 3 * day]);
    });

    it("runs once after the clock has jumped forward by days", () => {
      lastBackup(midnight + atNight);
      expect(backups(5 * day, 60, 60)).toEqual([midnight + noon + 5 * day]);
    });

    it("rests for a quarter of an hour after a failure, and is good once nothing fails", () => {
      lastBackup(midnight - day + atNight);
      box.write("/fake/backup-fails", "");
      const start = midnight + noon;
      const found = backups(...times(7, 300), "300 rm backup-fails", ...times(7, 300));
      expect(found.map((at) => at - start)).toEqual([0, 900, 1800, 2700]);
    });

    it("rests for an hour after one that was incomplete", () => {
      lastBackup(midnight - day + atNight);
      box.record("backup.failed", { at: midnight + noon, incomplete: "yes" });
      expect(backups(...times(14, 300))).toEqual([midnight + noon + 3600]);
    });

    it("doesn't rest after a failure that lies in the future", () => {
      lastBackup(midnight - day + atNight);
      box.record("backup.failed", { at: midnight + 3 * day });
      expect(backups(60)).toEqual([midnight + noon]);
    });

    it("takes the first one as soon as somebody has used the stack, and none before", () => {
      box.fill({ users: ["admin"], posts: [] });
      expect(backups(60, 60, "60 echo hello > db/mattermost/posts", 60)).toEqual([midnight + noon + 180]);
    });

    it.each([
      ["the database doesn't answer", "down", ""],
      ["another major version answers", "major", "19"],
      ["the data are on their way from another major version", "../status/ran", "17 postgres=postgres:17.11"],
    ])("waits while %s", (_, file, text) => {
      const former = box.read(`/fake/${file}`);
      box.write(`/fake/${file}`, text);
      const mended = former === "" ? `rm ${file}` : `echo ${former.trim()} > ${file}`;
      expect(backups(60, `60 ${mended}`, 60)).toEqual([midnight + noon + 120]);
    });
  });

  describe("for checks and drills", () => {
    it("runs both once there is a backup, and then when their days have gone by", () => {
      const found = box.schedule(...times(8, day));
      const of = (kind: string): number[] =>
        found.filter((ran) => ran.kind === kind).map(({ at }) => (at - midnight - noon) / day);
      expect(of("check")).toEqual([0, 8]);
      expect(of("drill")).toEqual([0, 8]);
      expect(of("backup")).toHaveLength(9);
    });

    it("runs neither before the first backup", () => {
      box.fill({ users: ["admin"], posts: [] });
      expect(box.schedule(60, 60)).toEqual([]);
    });

    it("lets a failing one rest for a day, without holding up the others", () => {
      lastBackup(midnight + atNight);
      box.delete("/status/check.good");
      box.delete("/status/drill.good");
      box.write("/fake/check-fails", "");
      const found = box
        .schedule(...times(10, 3 * 3600))
        .map(({ at, kind }) => `${kind} ${at - midnight - noon}`);
      expect(found).toEqual(["check 0", "drill 0", `backup ${15 * 3600}`, `check ${day}`]);
    });
  });

  describe("looks on", () => {
    const look = (...steps: (number | string)[]): void => {
      lastBackup(midnight + atNight);
      box.schedule(...steps);
    };

    it("and says that nobody has used the stack, until somebody has", () => {
      box.fill({ users: ["admin"], posts: [] });
      look(60);
      expect(box.has("/status/pristine")).toBe(true);
      expect(box.has("/status/use.first")).toBe(false);
      box.use();
      look(60, 60);
      expect(box.has("/status/pristine")).toBe(false);
      expect(box.recorded("use.first")["at"]).toBe(`${midnight + noon + 60}`);
    });

    it("and doesn't take the empty server of a new major version for one that nobody has used", () => {
      box.fill({ users: [], posts: [] });
      box.write("/fake/major", "19");
      look(60);
      expect(box.has("/status/pristine")).toBe(false);
    });

    it("and doesn't take a database that is away for one that somebody has used", () => {
      for (const file of ["down", "goes-at"]) {
        box.write("/status/pristine", "");
        box.write(`/fake/${file}`, "to_regclass");
        look(60);
        expect(box.has("/status/pristine")).toBe(true);
        box.delete("/fake/down");
      }
    });

    it("and writes down when the chat server was connected, by the time before it looked", () => {
      look(60);
      expect(box.has("/status/in-use")).toBe(false);
      box.write("/fake/connected", "");
      // A look takes a while: whoever was seen was there after its beginning.
      box.write("/fake/slow", "5");
      look("60 rm connected", 60);
      expect(box.read("/status/in-use")).toBe(`${midnight + noon + 60}\n`);
    });

    it("also while a backup is at work", () => {
      lastBackup(midnight - day + atNight);
      box.write("/fake/connected", "");
      box.delete("/status/in-use");
      box.write(
        "/muster/backup.sh",
        `echo $$ > "$FAKE/at-work"; rm "$FAKE/starting"; rm -f "${box.path("/status/in-use")}"
for i in $(seq 250); do
  if [ -e "${box.path("/status/in-use")}" ]; then touch "$FAKE/seen"; exit; fi
  "$REAL_SLEEP" 0.02
done`,
      );
      box.schedule();
      expect(box.has("/fake/seen")).toBe(true);
    });
  });

  describe("when it starts", () => {
    it("clears away what a killed backup or drill has left", () => {
      box.write("/staging/database/toc", "");
      box.write("/scratch/server/x", "");
      box.schedule();
      expect([box.has("/staging/database"), box.has("/scratch/server")]).toEqual([false, false]);
    });

    it("leaves alone what a restore in another container is working on", async () => {
      box.write("/scratch/staging/manifest", "");
      const letGo = await box.holdLock();
      box.schedule();
      await letGo();
      expect(box.has("/scratch/staging/manifest")).toBe(true);
    });

    it("serves metrics, also before anything has happened", () => {
      box.delete("/status/www");
      box.schedule();
      expect(box.has("/status/www/metrics")).toBe(true);
      expect(box.has("/tmp/alive")).toBe(true);
    });
  });
});
