/** A program that serves on this machine's loopback for as long as a test needs it. */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";

export class Daemon {
  private readonly child: ChildProcess;
  private said = "";
  private readonly ended: Promise<void>;

  constructor(
    private readonly program: string,
    args: readonly string[],
    options: { cwd: string; env?: NodeJS.ProcessEnv },
  ) {
    const env = { ...process.env, ...options.env };
    this.child = spawn(program, args, { cwd: options.cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.said += chunk.toString("utf8");
      });
    this.ended = new Promise((done) => this.child.on("close", () => done()));
  }

  /** Waits until an address answers well. @throws with the program's own words. */
  async answers(url: string, seconds: number): Promise<void> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const answer = await fetch(url).catch(() => undefined);
      if (answer?.ok === true) return;
      const over = this.child.exitCode !== null || Date.now() > end;
      if (over) throw new Error(`${this.program} doesn't answer at ${url}: ${this.said}`);
      await pause(100);
    }
  }

  async stop(): Promise<void> {
    this.child.kill("SIGTERM");
    await this.ended;
  }
}
