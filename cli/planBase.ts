/** The plans of another revision, made by that revision's own code, in a folder of its own and without our secrets. */
import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRevision, type Revision } from "../stacks/plan/revision";
import { UserError } from "./errors";
import { projectDir } from "./project";

/** What to compare with. */
export interface Base {
  /** For people: what was asked for, and the commit that it is. */
  name: string;
  /** `undefined` where its code makes no such plans yet. */
  revision: Revision | undefined;
}

/** How long another revision's code may take for its plans. */
const planTimeoutMs = 120_000;
const installTimeoutMs = 600_000;

/**
 * The plans of a git revision, or of a file that `--json --all` has written.
 * @param base name of either; a file comes first.
 * @param project folder of the project. Default: this one.
 * @throws UserError where there is neither, or its plans can't be made.
 */
export async function basePlans(base: string, project = projectDir): Promise<Base> {
  if (existsSync(base) && statSync(base).isFile()) return { name: base, revision: fromFile(base) };
  const { commit, prefix } = await resolved(base, project);
  const name = `${base} (${commit.slice(0, 12)})`;
  const has = await git(project, ["cat-file", "-e", `${commit}:${prefix}${entry}`]);
  if (has.code !== 0) return { name, revision: undefined };
  return { name, revision: await inCheckout({ name, commit, prefix }, project) };
}

/** What every revision prints its plans with. */
const entry = "cli/plans.ts";

function fromFile(file: string): Revision {
  const revision = readRevision(parsed(readFileSync(file, "utf8")));
  if (revision === undefined)
    throw new UserError(
      `${file} holds no plans.\n  allowed: what npm run -s plan -- --all --json prints, of a version with the same schemaVersion\n  fix:     write it again, or name a git revision`,
    );
  return revision;
}

async function resolved(base: string, project: string): Promise<{ commit: string; prefix: string }> {
  const inside = await git(project, ["rev-parse", "--show-prefix"]);
  if (inside.code !== 0)
    throw new UserError(
      `There is nothing to compare with: this is no git repository.\n  given:   ${base}\n  fix:     name a file that npm run -s plan -- --all --json has written; or run it in a clone`,
    );
  const found = await git(project, [
    "rev-parse",
    "--verify",
    "--quiet",
    "--end-of-options",
    `${base}^{commit}`,
  ]);
  if (found.code !== 0)
    throw new UserError(
      `There is no such revision, and no such file.\n  given:   ${base}\n  allowed: a commit, branch or tag that this clone has, or a file that npm run -s plan -- --all --json has written\n  fix:     fetch it first: git fetch origin`,
    );
  return { commit: found.stdout.trim(), prefix: inside.stdout.trim() };
}

async function inCheckout(
  { name, commit, prefix }: { name: string; commit: string; prefix: string },
  project: string,
): Promise<Revision> {
  const folder = mkdtempSync(join(tmpdir(), "muster-base-"));
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  const stop = (): void => {
    remove();
    process.exit(130);
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    const tree = join(folder, "tree");
    mkdirSync(join(folder, "home"));
    await checkOut(project, commit, folder, tree);
    const there = join(tree, prefix);
    const env = bareEnvironment(folder);
    await giveModules(name, there, project, env);
    const { code, stdout, stderr } = await run(
      process.execPath,
      [join(there, "node_modules/tsx/dist/cli.mjs"), entry],
      { cwd: there, env, timeoutMs: planTimeoutMs },
    );
    const revision = code === 0 ? readRevision(parsed(stdout)) : undefined;
    if (revision === undefined) throw unmade(name, code === 0 ? "they have another form" : stderr);
    return revision;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    remove();
  }
}

/** Its files, without touching the clone: an index of its own, and neither hooks nor a work tree. */
async function checkOut(project: string, commit: string, folder: string, tree: string): Promise<void> {
  const env = { ...process.env, GIT_INDEX_FILE: join(folder, "index") };
  const { stdout } = await git(project, ["rev-parse", "--show-toplevel"]);
  const top = stdout.trim();
  for (const args of [
    ["read-tree", commit],
    ["checkout-index", "--all", "--quiet", `--prefix=${tree}/`],
  ]) {
    const { code, stderr } = await run("git", args, { cwd: top, env, timeoutMs: planTimeoutMs });
    if (code !== 0) throw new UserError(`The files of ${commit} can't be read: ${stderr.trim()}`);
  }
}

/** The same packages are shared; others are installed, without running anything of theirs. */
async function giveModules(
  name: string,
  there: string,
  project: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const lockOf = (folder: string): string | undefined => {
    const file = join(folder, "package-lock.json");
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  };
  const ours = join(project, "node_modules");
  if (existsSync(ours) && lockOf(there) === lockOf(project)) {
    symlinkSync(realpathSync(ours), join(there, "node_modules"));
    return;
  }
  const { code, stderr } = await run(
    "npm",
    ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"],
    { cwd: there, env: { ...env, ...(await npmPlaces(project)) }, timeoutMs: installTimeoutMs },
  );
  if (code !== 0) throw unmade(name, `its packages can't be installed: ${stderr}`);
}

/** What another revision's code gets to see: no token, no key, no home that holds any. */
function bareEnvironment(folder: string): NodeJS.ProcessEnv {
  const passed = ["PATH", "LANG", "TZ", "NODE_EXTRA_CA_CERTS", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"];
  const known = passed.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  const home = join(folder, "home");
  return { ...(Object.fromEntries(known) as NodeJS.ProcessEnv), HOME: home, USERPROFILE: home, TMPDIR: home };
}

/** Where our npm finds packages; its keys for that stay here. */
async function npmPlaces(project: string): Promise<NodeJS.ProcessEnv> {
  const places = await Promise.all(
    ["registry", "cache"].map(async (place) => {
      const asked = { cwd: project, env: process.env, timeoutMs: planTimeoutMs };
      const { stdout } = await run("npm", ["config", "get", place], asked);
      return [`npm_config_${place}`, stdout.trim()] as const;
    }),
  );
  return Object.fromEntries(places.filter(([, place]) => place !== ""));
}

function unmade(name: string, said: string): UserError {
  const reason = said.split("\n").filter((line) => line.trim() !== "" && !/^\s+at /.test(line));
  return new UserError(
    `The plans of ${name} can't be made by its own code.\n  reason: ${reason.slice(0, 12).join("\n          ")}\n  fix:    compare with another revision`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

const git = (cwd: string, args: readonly string[]): Promise<Finished> =>
  run("git", args, { cwd, env: process.env, timeoutMs: planTimeoutMs });

function run(
  program: string,
  args: readonly string[],
  { cwd, env, timeoutMs }: { cwd: string; env: NodeJS.ProcessEnv; timeoutMs: number },
): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      { cwd, env, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ code, stdout, stderr: stderr === "" && error !== null ? error.message : stderr });
      },
    );
  });
}
