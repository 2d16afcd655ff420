/** Runs the scripts that containers run, on this machine, with the container's folders in a temporary one. */

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** A container's root file system in a temporary folder. */
export class FakeRoot {
  readonly dir = mkdtempSync(join(tmpdir(), "muster-root-"));

  /** @param folders the container's absolute paths that the script uses; nothing else is redirected. */
  constructor(private readonly folders: readonly string[]) {
    for (const folder of folders) mkdirSync(this.path(folder), { recursive: true });
  }

  path(inside: string): string {
    return join(this.dir, inside);
  }

  write(inside: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(this.path(inside)), { recursive: true });
    writeFileSync(this.path(inside), text);
    chmodSync(this.path(inside), mode);
  }

  /** The script with its paths below this folder. */
  redirect(script: string): string {
    const paths = [...this.folders]
      .sort((a, b) => b.length - a.length)
      .map((path) => path.replaceAll("/", "\\/"));
    return script.replace(
      new RegExp(`(^|[\\s'"=:>])(${paths.join("|")})(?=[/\\s'"*]|$)`, "gm"),
      (_, before, path) => String(before) + this.path(String(path)),
    );
  }

  run(script: string, env: NodeJS.ProcessEnv = {}): Finished {
    const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", this.redirect(script)], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"], ...env },
      cwd: this.dir,
    });
    return { code: status ?? 1, stdout, stderr };
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Something that stands in a fake root: what it runs on, and its files. */
export abstract class Box {
  protected constructor(protected readonly root: FakeRoot) {}

  path(inside: string): string {
    return this.root.path(inside);
  }
  write(inside: string, text: string, mode = 0o644): void {
    this.root.write(inside, text, mode);
  }
  read(inside: string): string {
    return this.has(inside) ? readFileSync(this.path(inside), "utf8") : "";
  }
  has(inside: string): boolean {
    return existsSync(this.path(inside));
  }
  delete(inside: string): void {
    rmSync(this.path(inside), { recursive: true, force: true });
  }
  remove(): void {
    this.root.remove();
  }
}

/** What a shell says against a script without running it; empty where it can be read. */
export function syntaxErrors(script: string): string {
  const { status, stderr } = spawnSync("/bin/sh", ["-n"], { input: script, encoding: "utf8" });
  return status === 0 ? "" : stderr || `exit ${String(status)}`;
}
