import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Entry } from "./rootfs";

/** How to make one image where no registry answers. */
export interface Recipe {
  /** What the image is, for the run's log. */
  readonly what: string;
  /** `double`: it only imitates the program. `home-made`: the real program, put together here. */
  readonly kind: "double" | "home-made";
  /** Programs that must be on the machine. */
  readonly tools: readonly string[];
  /** Everything the image depends on; a change in it makes the image anew. */
  readonly inputs: readonly string[];
  /** The Dockerfile after FROM scratch and the file system. */
  readonly config: readonly string[];
  /** Fetches and builds what goes into the image's file system. */
  gather(): Promise<readonly Entry[]>;
}

/** A reference such as registry.example/team/name:tag, taken apart. */
export interface Reference {
  readonly text: string;
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

export function parseReference(text: string): Reference {
  if (text.includes("@")) {
    throw new Error(
      `${text} is pinned to a digest: no image made here can have it, so test with the tag alone`,
    );
  }
  const colon = text.lastIndexOf(":");
  const named = colon > text.lastIndexOf("/") ? text.slice(0, colon) : text;
  const tag = named === text ? "latest" : text.slice(colon + 1);
  const slash = named.indexOf("/");
  const first = slash < 0 ? "" : named.slice(0, slash);
  const hasRegistry = /[.:]/.test(first) || first === "localhost";
  return {
    text,
    registry: hasRegistry ? first : "docker.io",
    repository: hasRegistry ? named.slice(slash + 1) : named,
    tag,
  };
}

/** The program's version in a tag such as 18.6-alpine. */
export function versionOf(reference: Reference): string {
  const found = /^v?(\d+(?:\.\d+)*)/.exec(reference.tag)?.[1];
  if (found === undefined) throw new Error(`${reference.text}: its tag names no version to build`);
  return found;
}

const cacheFolder = resolve(__dirname, "../../..", "node_modules/.cache/muster-e2e");

/**
 * The cached file or folder of that name and key; `make` writes it on the first call, elsewhere, so that a broken-off
 * run leaves none. Those of the same name with other keys are removed: they belong to recipes of the past.
 */
export async function cached(
  name: string,
  key: string,
  make: (path: string) => Promise<void>,
): Promise<string> {
  const path = join(cacheFolder, `${name}@${key}`);
  if (await exists(path)) return path;
  await mkdir(cacheFolder, { recursive: true });
  const scratch = await mkdtemp(join(cacheFolder, ".making-"));
  try {
    const made = join(scratch, "it");
    await make(made);
    await rename(made, path);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  const others = (await readdir(cacheFolder)).filter((other) => other.startsWith(`${name}@`));
  const old = others.map((other) => join(cacheFolder, other)).filter((other) => other !== path);
  await Promise.all(old.map((other) => rm(other, { recursive: true, force: true })));
  return path;
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The text of source files, for a recipe's inputs. */
export async function sources(...paths: string[]): Promise<string[]> {
  return Promise.all(paths.map((path) => readFile(path, "utf8")));
}

/** All files below a folder, sorted, so that their order never depends on the file system. */
export async function filesBelow(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

export function hashOf(...parts: string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

const execute = promisify(execFile);

/** Runs a program at low priority, since tests and other builds run beside it, and returns its output. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  try {
    const { stdout } = await execute("nice", ["-n", "10", program, ...args], {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.env },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const { stderr = "", message } = error as Error & { stderr?: string };
    throw new Error(`${program} ${args.join(" ")} failed: ${stderr.trim() || message}`, { cause: error });
  }
}

/** Those of the programs that are not on the PATH. */
export async function missingTools(tools: readonly string[]): Promise<string[]> {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const checked = await Promise.all(
    tools.map(async (tool) => ({
      tool,
      found: (await Promise.all(folders.map((folder) => exists(join(folder, tool))))).includes(true),
    })),
  );
  return checked.filter(({ found }) => !found).map(({ tool }) => tool);
}
