/** A stack of its own in a copy of the project, driven through the npm verbs like a person would. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import Docker from "dockerode";
import { parseDocument } from "yaml";
import { labels } from "../../components/host/engine";
import { readStackFile } from "../../stacks/settings/file";
import { parseSettings } from "../../stacks/settings/parse";
import { type Topology, topologyOf } from "../../stacks/topology";
import { ensureImages } from "./images/build";
import { referencesOf } from "./images/chosen";
import { engineSocket } from "./parts";
import { oneAtATime } from "./turns";

const projectDir = resolve(__dirname, "../..");

export interface Finished {
  code: number;
  output: string;
  seconds: number;
}

/** The file and the command follow. */
const withHostsFile = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"'];

export class Stack {
  readonly dir: string;
  readonly docker = new Docker({ socketPath: engineSocket });
  /** All that the verbs have ever printed: no secret may stand in it. */
  transcript = "";
  /** How the Pulumi CLI finds the state, where that isn't in the project's folder. */
  stateEnvironment: NodeJS.ProcessEnv = {};
  /** Stands for /etc/hosts to the verbs: names that no resolver knows. Needs root. */
  hostsFile: string | undefined;

  constructor(readonly name: string) {
    this.dir = mkdtempSync(join(tmpdir(), "muster-e2e-"));
    const files = spawnSync("git", ["ls-files", "-co", "--exclude-standard"], {
      cwd: projectDir,
      encoding: "utf8",
    });
    for (const file of files.stdout.split("\n").filter(Boolean)) {
      // Deleted, and not committed yet.
      if (!existsSync(join(projectDir, file))) continue;
      mkdirSync(dirname(join(this.dir, file)), { recursive: true });
      cpSync(join(projectDir, file), join(this.dir, file));
    }
    symlinkSync(join(projectDir, "node_modules"), join(this.dir, "node_modules"));
  }

  get file(): string {
    return this.fileOf(this.name);
  }

  private fileOf(name: string): string {
    return join(this.dir, `Pulumi.${name}.yaml`);
  }

  /** Writes the stack's file anew; or another stack's, beside it. */
  write(settings: Record<string, unknown>, name = this.name): void {
    writeFileSync(
      this.fileOf(name),
      JSON.stringify({
        config: Object.fromEntries(Object.entries(settings).map(([key, value]) => [`muster:${key}`, value])),
      }),
    );
  }

  /** The topology of the stack's file as it is now. */
  topology(): Topology {
    return topologyOf(this.name, parseSettings(readStackFile(this.dir, this.name)));
  }

  /** Sees to every image that the stack runs; says where each comes from. */
  async ensureImages(): Promise<string[]> {
    const lines: string[] = [];
    const images = referencesOf(this.topology());
    await oneAtATime("images", () => ensureImages(images, (line) => lines.push(`  ${line}`), this.docker));
    return lines;
  }

  /** Changes one setting in the stack's file, as with an editor. */
  set(path: readonly string[], value: unknown): void {
    const document = parseDocument(readFileSync(this.file, "utf8"));
    const [top = "", ...rest] = path;
    if (value === undefined) document.deleteIn(["config", `muster:${top}`, ...rest]);
    else document.setIn(["config", `muster:${top}`, ...rest], value);
    writeFileSync(this.file, document.toString());
  }

  /** Starts a verb, as `npm run VERB -- ARGUMENTS` does. */
  start(
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): { child: ChildProcess; done: Promise<Finished> } {
    const began = Date.now();
    const verb = [process.execPath, require.resolve("tsx/cli"), "cli/main.ts", ...args];
    const [program = "", ...parts] =
      this.hostsFile === undefined ? verb : [...withHostsFile, this.hostsFile, ...verb];
    const child = spawn(program, parts, {
      cwd: this.dir,
      env: { ...process.env, PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true", ...env },
    });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output += chunk.toString("utf8");
      this.transcript += chunk.toString("utf8");
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    const done = new Promise<Finished>((finish) => {
      child.on("close", (code) => {
        finish({ code: code ?? 1, output, seconds: (Date.now() - began) / 1000 });
      });
    });
    return { child, done };
  }

  run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Finished> {
    return this.start(args, env).done;
  }

  /** Stores a secret setting, as with `npm run secret -- STACK KEY < file`; or one of a stack beside it. */
  async store(key: string, value: string, name = this.name): Promise<void> {
    const { child, done } = this.start(["secret", name, key]);
    child.stdin?.end(value);
    const { code, output } = await done;
    if (code !== 0) throw new Error(`secret ${key}: ${output}`);
  }

  /** Runs a verb that has to work. @throws Error with its output where it doesn't. */
  async must(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Finished> {
    const finished = await this.run(args, env);
    if (finished.code !== 0) throw new Error(`${args.join(" ")} failed:\n${finished.output}`);
    return finished;
  }

  up(): Promise<Finished> {
    return this.must(["up", this.name]);
  }

  /** The Pulumi CLI on this stack, for looking. */
  async pulumi(args: readonly string[]): Promise<string> {
    const env = {
      ...process.env,
      ...this.stateEnvironment,
      PULUMI_CONFIG_PASSPHRASE_FILE: join(this.dir, ".muster", "passphrase"),
    };
    const { stdout, stderr, status, error } = spawnSync(
      process.execPath,
      [require.resolve("pulumi/run.js"), ...args, "-s", this.name],
      // A state with calls and meetings is more than Node's default of a MiB.
      { cwd: this.dir, env, encoding: "utf8", maxBuffer: 64 * 1024 ** 2 },
    );
    const said = args.includes("--show-secrets") ? "" : stdout;
    if (status !== 0) throw new Error(`pulumi ${args.join(" ")}: ${error?.message ?? ""}${said}${stderr}`);
    return Promise.resolve(stdout);
  }

  /** Every secret value of the stack, from its decrypted state. */
  async secrets(): Promise<{ name: string; value: string }[]> {
    const { deployment } = JSON.parse(await this.pulumi(["stack", "export", "--show-secrets"])) as {
      deployment: {
        resources: { urn: string; type: string; outputs?: { result?: { plaintext?: string } | string } }[];
      };
    };
    return deployment.resources
      .filter(({ type }) => type === "random:index/randomPassword:RandomPassword")
      .map(({ urn, outputs }) => {
        const result = outputs?.result;
        const text = typeof result === "string" ? result : JSON.parse(result?.plaintext ?? '""');
        return { name: urn.split("::").at(-1) ?? "", value: text as string };
      });
  }

  async secret(name: string): Promise<string> {
    const found = (await this.secrets()).find((secret) => secret.name === name);
    if (found === undefined) throw new Error(`no secret ${name}`);
    return found.value;
  }

  /** Containers of the stack by short name, exited ones too. */
  async containers(): Promise<Map<string, Docker.ContainerInfo>> {
    const filters = { label: [`${labels.stack}=${this.name}`] };
    const all = await this.docker.listContainers({ all: true, filters });
    return new Map(
      all.map((container) => [(container.Names[0] ?? "").replace(`/muster-${this.name}-`, ""), container]),
    );
  }

  /** Names of the services that aren't running and healthy. */
  async unwell(): Promise<string[]> {
    const containers = await this.containers();
    const expected = this.topology().services.map(({ name }) => name);
    return expected.filter((name) => !(containers.get(name)?.Status ?? "").includes("(healthy)"));
  }

  /** How many dead processes nobody has collected, by service. */
  async dead(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { name } of this.topology().services) {
      const container = this.docker.getContainer(`muster-${this.name}-${name}`);
      const { Processes } = (await container.top({ ps_args: "-eo pid,stat" })) as { Processes: string[][] };
      counts[name] = Processes.filter(([, state = ""]) => state.startsWith("Z")).length;
    }
    return counts;
  }

  /** Waits until all services are healthy. */
  async healthy(seconds: number): Promise<void> {
    const end = Date.now() + seconds * 1000;
    let unwell = await this.unwell();
    while (unwell.length > 0) {
      if (Date.now() > end) throw new Error(`not healthy after ${seconds} s: ${unwell.join(", ")}`);
      await pause(500);
      unwell = await this.unwell();
    }
  }

  /** Removes everything that the tests made. */
  async remove(): Promise<void> {
    await this.clear();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Takes away what stands on the engine under the stack's name, from a run that was cut short as well. */
  async clear(): Promise<void> {
    for (const { Id } of (await this.containers()).values())
      await this.docker.getContainer(Id).remove({ force: true, v: true });
    const filters = { label: [`${labels.stack}=${this.name}`] };
    for (const { Id } of await this.docker.listNetworks({ filters }))
      await this.docker.getNetwork(Id).remove();
    for (const { Name } of (await this.docker.listVolumes({ filters })).Volumes)
      await this.docker.getVolume(Name).remove();
  }
}
