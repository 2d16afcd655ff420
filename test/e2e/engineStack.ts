/** A stack of a test's own program, for the real engine: its state and its settings are in a folder of its own. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { ExportedDeployment } from "../../cli/deployment";
import { projectDir } from "../helpers/stacks";

const home = process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi");
const versionOf = (name: string): string =>
  (
    JSON.parse(readFileSync(join(projectDir, "node_modules", name, "package.json"), "utf8")) as {
      version: string;
    }
  ).version;
const cli = join(home, "versions", versionOf("pulumi"), "bin");

/** What the CLI says of one step. */
interface Step {
  op: string;
  urn: string;
  newState?: { inputs?: Record<string, unknown> };
}

export interface Plan {
  does: Record<string, string>;
  inputsOf: (name: string) => Record<string, unknown>;
}

export abstract class EngineStack {
  protected readonly files = mkdtempSync(join(tmpdir(), "muster-engine-"));

  /**
   * @param folder of the program.
   * @param name of the stack.
   */
  protected constructor(
    private readonly folder: string,
    readonly name: string,
  ) {}

  /** Settings of the stack, but for its secrets. */
  protected abstract settings(change: Record<string, unknown>): Record<string, unknown>;

  /** Where the doubles are. */
  protected abstract env(): Record<string, string>;

  protected async init(secrets: Record<string, string>): Promise<void> {
    await this.must(["stack", "init", this.name, "--secrets-provider", "passphrase"]);
    for (const [key, value] of Object.entries(secrets)) await this.setSecret(`muster:${key}`, value);
    await this.must(["config", "set", "--path", "pulumi:disable-default-providers[0]", "*"]);
  }

  protected remove(): void {
    rmSync(this.files, { recursive: true, force: true });
  }

  /**
   * Runs the CLI.
   * @param change of the settings.
   * @param more of the environment.
   */
  run(
    args: readonly string[],
    change: Record<string, unknown> = {},
    input = "",
    more: Record<string, string> = {},
  ): Promise<{ code: number; said: string }> {
    const env = {
      PATH: [join(this.folder, "bin"), cli, process.env["PATH"]].join(":"),
      HOME: this.files,
      PULUMI_HOME: home,
      PULUMI_BACKEND_URL: `file://${this.files}`,
      PULUMI_CONFIG_PASSPHRASE: "a passphrase of the tests",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
      MUSTER_TEST_SETTINGS: JSON.stringify(this.settings(change)),
      ...this.env(),
      ...more,
    };
    const all = [
      ...args,
      "--stack",
      this.name,
      "--config-file",
      join(this.files, "config.yaml"),
      "--non-interactive",
    ];
    return new Promise((resolve) => {
      const child = execFile(
        "pulumi",
        args[0] === "stack" ? [...args, "--non-interactive"] : all,
        { cwd: this.folder, env, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
          resolve({ code, said: stdout + stderr });
        },
      );
      child.stdin?.end(input);
    });
  }

  async must(
    args: readonly string[],
    change: Record<string, unknown> = {},
    input = "",
    more: Record<string, string> = {},
  ): Promise<string> {
    const { code, said } = await this.run(args, change, input, more);
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")}: exit code ${code}\n${said}`);
    return said;
  }

  setSecret(key: string, value: string): Promise<string> {
    return this.must(["config", "set", "--secret", key], {}, value);
  }

  up(change: Record<string, unknown> = {}): Promise<{ code: number; said: string }> {
    return this.run(["up", "--yes", "--skip-preview"], change);
  }

  async export(): Promise<ExportedDeployment> {
    return JSON.parse(await this.must(["stack", "export", "--stack", this.name])) as ExportedDeployment;
  }

  async import(deployment: ExportedDeployment): Promise<void> {
    await this.must(["stack", "import", "--stack", this.name], {}, JSON.stringify(deployment));
  }

  /** What a verb would do, by the resources' names: `droplet: replace`. What stays the same isn't there. */
  async plan(args: readonly string[], change: Record<string, unknown> = {}): Promise<Plan> {
    const said = await this.must([...args, "--json"], change);
    const { steps = [] } = JSON.parse(said.slice(said.indexOf("{"), said.lastIndexOf("}") + 1)) as {
      steps?: Step[];
    };
    const doing = steps.filter(({ op }) => op !== "same" && op !== "read");
    return {
      does: Object.fromEntries(doing.map(({ op, urn }) => [urn.split("::").at(-1) ?? "", op])),
      inputsOf: (name) =>
        steps.find(({ op, urn }) => urn.endsWith(`::${name}`) && op !== "delete-replaced")?.newState
          ?.inputs ?? {},
    };
  }
}
