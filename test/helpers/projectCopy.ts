/** A copy of the project in a git repository of its own, for what compares its revisions. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { projectDir } from "./stacks";

/** What a plan is made of, and what our workflows run. */
const parts = [
  "cli",
  "components",
  "policy",
  "scripts",
  "stacks",
  "package.json",
  "package-lock.json",
].concat(["Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.local.yaml", "Pulumi.prod.yaml", "tsconfig.json"]);

export class ProjectCopy {
  readonly folder = mkdtempSync(join(tmpdir(), "muster-copy-"));

  /** @param change of the files, before the first commit. */
  constructor(change: (copy: ProjectCopy) => void = () => undefined) {
    for (const part of parts) cpSync(join(projectDir, part), join(this.folder, part), { recursive: true });
    const packages = dirname(dirname(require.resolve("tsx/package.json")));
    symlinkSync(packages, join(this.folder, "node_modules"));
    this.git("init", "--quiet", "--initial-branch=main");
    change(this);
    this.commit("first");
  }

  edit(file: string, change: (text: string) => string): void {
    const path = join(this.folder, file);
    writeFileSync(path, change(readFileSync(path, "utf8")));
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  commit(message: string): string {
    this.git("add", "--all", "--", ".", ":!node_modules");
    this.git("commit", "--quiet", "--message", message);
    return this.git("rev-parse", "HEAD").trim();
  }

  /** Without anybody's configuration and hooks. */
  git(...args: string[]): string {
    const who = ["user.name=test", "user.email=test@example.org", "commit.gpgsign=false"];
    return execFileSync("git", [...who.flatMap((one) => ["-c", one]), ...args], {
      cwd: this.folder,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], HOME: this.folder, GIT_CONFIG_NOSYSTEM: "1" },
    });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
