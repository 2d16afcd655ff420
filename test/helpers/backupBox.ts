/**
 * The backup service's scripts as they are, run on this machine: its folders below a temporary one, and stand-ins
 * for the programs that they call (test/helpers/backup).
 */
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Box, FakeRoot, type Finished } from "./shell";
import { localTopology, projectDir } from "./stacks";

const scripts = join(projectDir, "components/services/backup");
const standIns = join(__dirname, "backup");
const folders = [
  "/muster",
  "/status",
  "/staging",
  "/scratch",
  "/volumes",
  "/cache",
  "/order",
  "/import",
  "/tmp",
];
/** What busybox brings along in the real container. */
const applets = "awk cmp cut diff find grep head sed sha256sum sort tail tr wc".split(" ");

const finds = (program: string): string | undefined =>
  spawnSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).stdout.trim() || undefined;
const canPipefail = (shell: string[]): boolean =>
  spawnSync(shell[0] ?? "", [...shell.slice(1), "-c", "set -o pipefail"]).status === 0;
/** As the real container's shell if there is busybox here, else another one. */
const shell = [["busybox", "sh"], ["bash"], ["sh"]].find(canPipefail);
if (shell === undefined) throw new Error("no shell here knows `set -o pipefail`: install busybox or bash");
const busybox = shell[0] === "busybox" ? finds("busybox") : undefined;

export const day = 86_400;
/** A Tuesday, 2026-11-10 00:00 UTC. */
export const midnight = 1_794_268_800;

/** A stack's backup container, with a database and a repository that are folders. */
export class BackupBox extends Box {
  /** Further environment of what it runs. */
  env: NodeJS.ProcessEnv = {};

  /** @param change of the settings, as lines of settings.sh. */
  constructor(change: Record<string, string> = {}) {
    super(new FakeRoot([...folders, "/programs", "/fake"]));
    for (const name of readdirSync(scripts).filter((file) => file.endsWith(".sh")))
      this.root.write(`/muster/${name}`, this.redirect(readFileSync(join(scripts, name), "utf8")));
    this.write("/muster/settings.sh", this.settings(change));
    for (const name of readdirSync(standIns)) {
      const target = name === "restic" ? "/muster/restic" : `/programs/${name}`;
      copyFileSync(join(standIns, name), this.path(target));
      chmodSync(this.path(target), 0o755);
    }
    this.write("/muster/busybox", "#!/bin/sh\n", 0o755);
    symlinkSync(busybox ?? finds(shell?.[0] ?? "sh") ?? "/bin/sh", this.path("/programs/sh"));
    if (busybox !== undefined)
      for (const applet of applets) symlinkSync(busybox, this.path(`/programs/${applet}`));
    mkdirSync(this.path("/status/www"));
    // All are mounted, whether anything is in them or not.
    for (const [, volume = ""] of this.read("/muster/settings.sh").matchAll(
      /^(?:volumes=')?([a-z-]+\/[a-z-]+) [a-z]*'?$/gm,
    ))
      mkdirSync(this.path(`/volumes/${volume}`), { recursive: true });
    this.write("/fake/major", "18\n");
    this.now = midnight + 12 * 3600;
  }

  private redirect(script: string): string {
    return this.root.redirect(script);
  }

  private settings(change: Record<string, string>): string {
    const plan = localTopology().services.find(({ name }) => name === "backup");
    const file = plan?.spec.files?.find(({ name }) => name === "settings.sh");
    const text = (file?.content.parts ?? []).join("");
    const prefix = this.path("/volumes/mattermost/data/").slice(1);
    const all = { links_prefix: prefix, ...change };
    return (
      this.redirect(text) +
      Object.entries(all)
        .map(([key, value]) => `${key}='${value}'\n`)
        .join("")
    );
  }

  get now(): number {
    return Number(this.read("/fake/now"));
  }
  set now(seconds: number) {
    this.write("/fake/now", `${seconds}\n`);
  }

  /** Rows of the live database's tables. */
  fill(tables: Record<string, readonly string[]>, database = "mattermost"): void {
    mkdirSync(this.path(`/fake/db/${database}`), { recursive: true });
    for (const [name, rows] of Object.entries(tables))
      this.write(`/fake/db/${database}/${name}`, rows.map((row) => `${row}\n`).join(""));
  }
  rows(table: string, database = "mattermost"): string[] {
    return this.read(`/fake/db/${database}/${table}`).split("\n").filter(Boolean);
  }
  /** A stack that people have used, with an upload that its database names. */
  use(): void {
    const upload = "20261101/a/ü ber.png";
    this.fill({
      users: ["ann", "bob"],
      posts: ["hello", "hi"],
      channels: ["town"],
      fileinfo: [upload],
      sessions: ["s"],
    });
    this.write(`/volumes/mattermost/data/${upload}`, "png");
    this.write("/volumes/mattermost/config/config.json", "{}");
  }

  /** What was recorded, such as `backup.good`. */
  recorded(name: string): Record<string, string> {
    const lines = this.read(`/status/${name}`).split("\n").filter(Boolean);
    return Object.fromEntries(lines.map((line) => line.split("\t") as [string, string]));
  }
  record(name: string, values: Record<string, string | number>): void {
    this.write(
      `/status/${name}`,
      Object.entries(values)
        .map(([key, value]) => `${key}\t${value}\n`)
        .join(""),
    );
  }
  /** Ids of the snapshots in the repository, oldest first. */
  snapshots(): string[] {
    if (!this.has("/fake/repository")) return [];
    return readdirSync(this.path("/fake/repository"))
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .sort();
  }
  /** Commands that restic was given. */
  restic(): string[] {
    return this.read("/fake/restic").split("\n").filter(Boolean);
  }
  /** How a verb of restic ends from now on, such as `3`; `3 0`: once so, then so. */
  resticEnds(verb: string, code: string): void {
    this.write(`/fake/${verb}-code`, `${code}\n`);
  }

  private environment(): NodeJS.ProcessEnv {
    const path = process.env["PATH"] ?? "";
    return {
      PATH: `${this.path("/programs")}:${path}`,
      FAKE: this.path("/fake"),
      REAL_SLEEP: finds("sleep"),
      LANG: "C.UTF-8",
      ...this.env,
    };
  }

  /** Runs a script of the service, such as `backup.sh`, as the container's shell does. */
  run(script: string, ...words: string[]): Finished {
    return this.sh('sh "$0" "$@"', this.path(`/muster/${script}`), ...words);
  }
  /** Runs lines of a script that knows what lib.sh has. */
  lib(lines: string): Finished {
    return this.sh(this.redirect(`. /muster/lib.sh\n${lines}`));
  }
  private sh(...words: string[]): Finished {
    const { status, stdout, stderr } = spawnSync(this.path("/programs/sh"), ["-c", ...words], {
      encoding: "utf8",
      env: this.environment(),
      cwd: this.root.dir,
    });
    return { code: status ?? 1, stdout, stderr };
  }

  /** Starts a script, waits for a file, and kills the script alone: what it has started goes on. */
  async killAt(inside: string, script: string): Promise<void> {
    await this.startedAt(inside, this.path(`/muster/${script}`)).then((stop) => stop());
  }
  /** Holds the lock of the scripts as another one would; its lines run first. @returns what lets go. */
  async holdLock(lines = ""): Promise<() => Promise<void>> {
    const script = `exec 9> /status/lock; flock 9; touch /fake/held; ${lines}\nexec "$REAL_SLEEP" 60`;
    return this.startedAt("/fake/held", "-c", this.redirect(script));
  }
  private async startedAt(inside: string, ...words: string[]): Promise<() => Promise<void>> {
    const child = spawn(this.path("/programs/sh"), words, {
      env: this.environment(),
      cwd: this.root.dir,
      stdio: "ignore",
    });
    const ended = new Promise<void>((done) => child.once("exit", () => done()));
    while (!this.has(inside)) await setTimeout(10);
    return async () => {
      child.kill("SIGKILL");
      await ended;
    };
  }

  /** Scripts that the schedule starts, in place of the real ones: they say when, and end as $FAKE/<kind>-ends says. */
  standInFor(...kinds: string[]): void {
    for (const kind of kinds)
      this.write(
        `/muster/${kind}.sh`,
        this.redirect(`. /muster/lib.sh
echo $$ > "$FAKE/at-work"
rm "$FAKE/starting"
echo "$(now) ${kind}" >> "$FAKE/ran"
if [ -e "$FAKE/${kind}-fails" ]; then record ${kind} failed; exit 1; fi
record ${kind} good "began=$(now)" snapshot=abc
`),
      );
  }
  /** Runs the schedule with the clock moving on by these steps, and tells what it has started: `kind` by seconds. */
  schedule(...steps: (number | string)[]): { at: number; kind: string }[] {
    writeFileSync(this.path("/fake/clock"), steps.map((step) => `${step}\n`).join(""));
    this.delete("/fake/ran");
    const { code, stderr } = this.run("schedule.sh");
    if (code !== 0) throw new Error(`schedule.sh ended with ${code}: ${stderr}`);
    return this.read("/fake/ran")
      .split("\n")
      .filter(Boolean)
      .map((line) => ({ at: Number(line.split(" ")[0]), kind: line.split(" ")[1] ?? "" }));
  }
}
