/** docs/outputs.md as people follow it: its commands, in a folder of their own, on outputs that are given. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Outputs } from "../../stacks/outputs";
import { projectDir } from "./stacks";

/** A file that the page shows, or points to. */
export const exampleText = (name: string): string =>
  readFileSync(join(projectDir, "docs/examples", name), "utf8");

/** The page's commands. */
function commands(): string {
  const page = readFileSync(join(projectDir, "docs/outputs.md"), "utf8");
  const [block, ...more] = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, text = ""]) => text);
  if (block === undefined || more.length > 0)
    throw new Error("docs/outputs.md: one block of commands expected");
  return block;
}

/** The stack that the commands name. */
export const pageStack = /^stack=(\w+)$/m.exec(commands())?.[1] ?? "";

/** In the place of the Pulumi CLI, which needs a stack. */
const npx = `#!/bin/sh
[ "$*" = "pulumi stack output -s ${pageStack} --json" ] || { echo "npx $*: something else was expected" >&2; exit 9; }
cat given.json
`;

export class OutputsPage {
  readonly folder = mkdtempSync(join(tmpdir(), "muster-outputs-"));

  constructor() {
    symlinkSync(join(projectDir, "docs"), join(this.folder, "docs"));
    mkdirSync(join(this.folder, "bin"));
    writeFileSync(join(this.folder, "bin/npx"), npx, { mode: 0o755 });
  }

  path(name: string): string {
    return join(this.folder, name);
  }
  write(name: string, text: string): void {
    writeFileSync(this.path(name), text);
  }
  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }
  json(name: string): unknown {
    return JSON.parse(this.read(name));
  }

  /** Runs the commands. @throws where one fails. */
  run(outputs: Outputs): void {
    this.write("given.json", JSON.stringify(outputs));
    const { status, stdout, stderr } = spawnSync("sh", ["-e", "-u", "-c", commands()], {
      cwd: this.folder,
      env: { ...process.env, PATH: `${this.path("bin")}:${process.env["PATH"] ?? ""}` },
      encoding: "utf8",
    });
    if (status !== 0 || stdout !== "" || stderr !== "")
      throw new Error(`docs/outputs.md: the commands ended with ${String(status)}: ${stdout}${stderr}`);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
