/** A Pulumi program in its folder, with a state of its own, driven by the real CLI and nothing around it. */
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { succeed } from "./process";

export const pulumiVersion = (require("pulumi/package.json") as { version: string }).version;

/** The CLI itself, without the npm package's wrapper in front of it. */
const cli = join(
  process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi"),
  "versions",
  pulumiVersion,
  "bin",
  "pulumi",
);

/** Seconds that each step took. */
export interface Timing {
  fresh: number;
  unchanged: number;
}

export class CliProgram {
  private readonly env: NodeJS.ProcessEnv;

  /** @param state folder of its state backend; made where it isn't there. */
  constructor(
    readonly stack: string,
    readonly dir: string,
    state: string,
  ) {
    mkdirSync(state, { recursive: true });
    const inherited = Object.entries(process.env).filter(([key]) => !/^PULUMI_(?!HOME$)/.test(key));
    this.env = {
      ...Object.fromEntries(inherited),
      PATH: `${dirname(cli)}${delimiter}${process.env["PATH"] ?? ""}`,
      PULUMI_BACKEND_URL: `file://${state}`,
      PULUMI_CONFIG_PASSPHRASE: "bench",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
  }

  async init(): Promise<void> {
    await this.cli(["stack", "init", this.stack, "--no-select"]);
  }

  /** An `up` of what isn't there yet. */
  async fresh(): Promise<number> {
    return this.change("up");
  }

  /** An `up` that has nothing to do; one that changes something is an error. */
  async unchanged(): Promise<number> {
    return this.change("up", "--expect-no-changes");
  }

  async destroy(): Promise<number> {
    return this.change("destroy");
  }

  /** @returns seconds. */
  private async change(verb: "up" | "destroy", ...more: string[]): Promise<number> {
    const { seconds } = await this.cli([verb, "-s", this.stack, "--yes", "--skip-preview", ...more]);
    return seconds;
  }

  private cli(args: readonly string[]): ReturnType<typeof succeed> {
    return succeed(cli, [...args, "--non-interactive", "--color", "never"], { cwd: this.dir, env: this.env });
  }
}
