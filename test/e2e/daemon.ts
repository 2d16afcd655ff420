/** A server that tests run as another machine's: a process of this one, in a network namespace where that works. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/**
 * Where a server listens. With the neighbour's namespace it is as good as another machine: containers of any network
 * that leads out reach its address, as this machine does, and it is known before a stack is there. Without one,
 * `address` is one of this machine's: the gateway of a stack's outside network, which its containers reach.
 */
export interface Place {
  readonly address: string;
  /** Network namespace that has the address. */
  readonly namespace?: string;
}

const startSeconds = 15;

export class Daemon {
  private child: ChildProcess | undefined;
  private output = "";
  private readonly atExit = (): void => void this.child?.kill("SIGKILL");

  constructor(
    private readonly place: Place,
    private readonly port: number,
    private readonly command: readonly [string, ...string[]],
    private readonly env: NodeJS.ProcessEnv = process.env,
  ) {}

  /** Everything that it has printed. */
  get log(): string {
    return this.output;
  }

  /** Starts it and waits until it listens. */
  async start(): Promise<void> {
    const { namespace } = this.place;
    const [program, ...args] =
      namespace === undefined ? this.command : (["ip", "netns", "exec", namespace, ...this.command] as const);
    const child = spawn(program, args, { env: this.env, stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    process.once("exit", this.atExit);
    const collect = (chunk: Buffer): void => void (this.output += chunk.toString("utf8"));
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", (error) => (this.output += error.message));
    const end = Date.now() + startSeconds * 1000;
    while (!(await answers(this.place.address, this.port))) {
      if (child.exitCode !== null || child.pid === undefined || Date.now() > end) {
        await this.stop();
        throw new Error(
          `${this.command.join(" ")} doesn't listen on ${this.place.address}:${this.port}:\n${this.output}`,
        );
      }
      await pause(100);
    }
  }

  /** Ends it at once, with all its connections. */
  async stop(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    process.off("exit", this.atExit);
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    // An sshd has a process for each connection, which would live on.
    for (const pid of descendants(child.pid)) process.kill(pid, "SIGKILL");
    child.kill("SIGKILL");
    await ended;
  }

  /** Lets it stand still: connections stay open, and nobody answers. */
  freeze(): void {
    this.child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.child?.kill("SIGCONT");
  }

  get running(): boolean {
    return this.child !== undefined;
  }
}

/** The processes that a process has started, and those that they have. */
function descendants(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
  return children.map(Number).flatMap((child) => [...descendants(child), child]);
}

async function answers(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port, timeout: 1000 });
  try {
    return await new Promise((done) => {
      socket.once("connect", () => done(true));
      socket.once("error", () => done(false));
      socket.once("timeout", () => done(false));
    });
  } finally {
    socket.destroy();
  }
}
