import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { oneAtATime } from "../e2e/turns";

const withFlock = spawnSync("flock", ["--version"]).status === 0 ? it : it.skip;

describe("what suites can't do at once", () => {
  withFlock(
    "is done by one after the other, also where one fails; what has another name isn't held up",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "muster-turns-"));
      const order: string[] = [];
      let release = (): void => undefined;
      const released = new Promise<void>((done) => (release = done));
      const first = oneAtATime(
        "images",
        async () => {
          order.push("first begins");
          await released;
          order.push("first fails");
          throw new Error("first");
        },
        folder,
      ).catch(() => undefined);
      while (order.length === 0) await pause(5);
      const say = (line: string) => () => Promise.resolve(order.push(line));
      const second = oneAtATime("images", say("second"), folder);
      await oneAtATime("other", say("other"), folder);
      await pause(150);
      release();
      await Promise.all([first, second]);
      expect(order).toEqual(["first begins", "other", "first fails", "second"]);
      rmSync(folder, { recursive: true });
    },
  );
});
