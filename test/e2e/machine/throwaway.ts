/** What every throwaway machine can be asked, however a command gets onto it. */
import { spawn } from "node:child_process";
import { once } from "node:events";

export abstract class ThrowawayMachine {
  protected constructor(
    /** Also its host name. */
    readonly name: string,
    readonly address: string,
  ) {}

  /** The program, with its arguments, that runs a shell command on it as root. */
  protected abstract shell(command: string): readonly [string, ...string[]];

  /** Its Ed25519 host key: type and key. */
  async hostKey(): Promise<string> {
    const line = await this.run("cat /etc/ssh/ssh_host_ed25519_key.pub");
    return line.trim().split(" ").slice(0, 2).join(" ");
  }

  /**
   * Runs a shell command as root.
   *
   * @returns what it prints on stdout.
   * @throws Error with its exit code and all that it printed.
   */
  async run(command: string, input: string | NodeJS.ReadableStream = ""): Promise<string> {
    const [program, ...args] = this.shell(command);
    const child = spawn(program, args, { stdio: "pipe" });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString("utf8")));
    child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString("utf8")));
    // A command may end without having read all of it.
    child.stdin.on("error", () => undefined);
    if (typeof input === "string") child.stdin.end(input);
    else input.pipe(child.stdin);
    const [code] = (await once(child, "close")) as [number | null];
    if (code === 0) return output.stdout;
    throw new Error(`${this.name}: ${command}: exit code ${code}:\n${output.stdout}${output.stderr}`);
  }

  /** Hands images of this machine's engine to the engine inside. */
  async loadImages(references: readonly string[]): Promise<void> {
    const saved = spawn("docker", ["save", ...references], { stdio: ["ignore", "pipe", "inherit"] });
    await this.run("docker load", saved.stdout);
  }
}
