/** Programs of released Go modules, built here. */
import { dirname, join } from "node:path";
import { mkdir, writeFile } from "node:fs/promises";
import { cached, exists, hashOf, run } from "./recipe";
import type { Entry } from "./rootfs";

const env = { CGO_ENABLED: "0", GOWORK: "off" };

interface Program {
  /** What the cache calls it. */
  readonly name: string;
  readonly module: string;
  /** Without the `v`. */
  readonly version: string;
  /** Folder of the program within the module. */
  readonly folder: string;
  /** What `-X` sets: variables of the program, with their values. */
  readonly variables?: Readonly<Record<string, string>>;
}

/**
 * A program, static. Its module is made the main one, because only a main module's own replacements of its
 * dependencies count.
 */
export async function programOfModule(program: Program): Promise<string> {
  const { name, module, version, folder, variables = {} } = program;
  return cached(`${name}-binary`, version, async (path) => {
    const copy = join(dirname(path), "module");
    const wanted = `${module}@v${version}`;
    const downloaded = await run("go", ["mod", "download", "-json", wanted], { cwd: dirname(path), env });
    const { Dir } = JSON.parse(downloaded) as { Dir: string };
    // Go's cache is read-only, and so would its copy be.
    await run("cp", ["-R", Dir, copy]);
    await run("chmod", ["-R", "u+w", copy]);
    const set = Object.entries(variables).map(([variable, value]) => `-X ${variable}=${value}`);
    const flags = ["-s", "-w", ...set].join(" ");
    await run("go", ["build", "-trimpath", "-mod=readonly", "-ldflags", flags, "-o", path, `./${folder}`], {
      cwd: copy,
      env,
    });
  });
}

/** A program of our own on top of a released module, which is its dependency; static. */
export async function programOnModule(
  name: string,
  main: string,
  module: string,
  version: string,
): Promise<string> {
  return cached(`${name}-binary`, hashOf(main, module, version).slice(0, 16), async (path) => {
    const folder = join(dirname(path), "module");
    await mkdir(folder);
    await writeFile(join(folder, "main.go"), main);
    const go = async (...args: string[]): Promise<string> => run("go", args, { cwd: folder, env });
    await go("mod", "init", name);
    await go("get", `${module}@v${version}`);
    await go("mod", "tidy");
    await go("build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".");
  });
}

const authorities = "/etc/ssl/certs/ca-certificates.crt";

/** The certificates of public authorities, where this machine has them. */
export async function authorityEntries(): Promise<Entry[]> {
  return (await exists(authorities))
    ? [{ type: "file", path: authorities.slice(1), from: authorities, mode: 0o644 }]
    : [];
}
