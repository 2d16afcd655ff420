import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { giveBack, take } from "../e2e/turns";

const withFlock = spawnSync("flock", ["--version"]).status === 0 ? it : it.skip;

/** Says whether it is there within a moment. */
const there = async (wanted: Promise<unknown>): Promise<boolean> =>
  Promise.race([wanted.then(() => true), new Promise<boolean>((no) => setTimeout(no, 150, false))]);

describe("turns of the end-to-end suites", () => {
  withFlock("are shared by many, and by nobody with one who needs all", async () => {
    const folder = mkdtempSync(join(tmpdir(), "muster-turns-"));
    const lock = join(folder, "lock");
    const first = await take(lock, "shared");
    const second = await take(lock, "shared");
    const alone = take(lock, "exclusive");
    expect(await there(alone)).toBe(false);
    // Whoever comes later stands behind, or the one who needs all would wait forever.
    const late = take(lock, "shared");
    await giveBack(first);
    expect(await there(Promise.race([alone, late]))).toBe(false);
    await giveBack(second);
    expect(await there(alone)).toBe(true);
    expect(await there(late)).toBe(false);
    await giveBack(await alone);
    expect(await there(late)).toBe(true);
    await giveBack(await late);
    rmSync(folder, { recursive: true });
  });
});
