/** promtool, where this machine has it: Debian's package prometheus. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const found = spawnSync("promtool", ["--version"], { encoding: "utf8" });
export const hasPromtool = found.error === undefined && found.status === 0;
// Said loudly: a test that is skipped for lack of a program proves nothing.
if (!hasPromtool)
  process.stderr.write(
    "SKIPPED: no promtool here (apt-get install prometheus), so no query and no rule is checked\n",
  );

/** Runs promtool beside the files and returns what it says. @throws where it isn't content. */
export function promtool(
  args: readonly string[],
  files: Readonly<Record<string, unknown>>,
  input = "",
): string {
  const folder = mkdtempSync(join(tmpdir(), "muster-promtool-"));
  try {
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
    const { status, stdout, stderr } = spawnSync("promtool", args, { cwd: folder, input, encoding: "utf8" });
    if (status !== 0) throw new Error(`promtool ${args.join(" ")}: ${stdout}${stderr}`);
    return stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
