/** A Docker Engine and a disk that are the soak's own: whoever calls this is apart (apart.ts). */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import Docker from "dockerode";
import { followed } from "../e2e/images/registry";
import { engineSocket } from "../e2e/parts";
import { groupOf } from "./apart";

export const engineTools: readonly string[] = [
  ...["dockerd", "containerd", "iptables", "mkfs.ext4", "losetup", "fallocate"],
];

const startSeconds = 120;
/** As systemd gives it: it stops all containers first. */
const stopSeconds = 120;
const mib = 1024 ** 2;

/** Names that the kernel has for the engine's own processes. */
const ownProcesses = /^(dockerd|containerd|containerd-shim|docker-proxy)/;

export class Engine {
  readonly docker = new Docker({ socketPath: engineSocket });
  private child: ChildProcess | undefined;
  private readonly disk: string;
  private imagesMiB = 0;
  /** The disk is full on purpose. */
  filled = false;

  constructor(private readonly folder: string) {
    this.disk = join(folder, "disk");
  }

  /** A disk of the plan's size, with room for images besides; sparse. From here on, /run is the soak's own. */
  prepare(sizeGiB: number): void {
    const image = join(this.folder, "disk.ext4");
    writeFileSync(image, "");
    truncateSync(image, sizeGiB * 1024 ** 3);
    // Nothing kept back for root: containers of root are to find it full too.
    execFileSync("mkfs.ext4", ["-q", "-m", "0", image]);
    const machine = join(this.folder, "machine");
    for (const folder of [this.disk, machine]) mkdirSync(folder);
    execFileSync("ip", ["link", "set", "lo", "up"]);
    // The machine's engine is still reached there, for its images.
    execFileSync("mount", ["--bind", "/run", machine]);
    execFileSync("mount", ["-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"]);
    execFileSync("mount", ["-o", "loop", image, this.disk]);
    this.configure({});
  }

  private get configuration(): string {
    return join(this.folder, "daemon.json");
  }

  private configure(settings: Record<string, unknown>): void {
    writeFileSync(this.configuration, JSON.stringify(settings));
  }

  /** Whether containers go on while no engine runs, as on machines that Muster sets up. */
  async keepAtWork(wanted: boolean): Promise<void> {
    this.configure({ "live-restore": wanted });
    this.child?.kill("SIGHUP");
    const end = Date.now() + 10_000;
    while (((await this.docker.info()) as { LiveRestoreEnabled: boolean }).LiveRestoreEnabled !== wanted) {
      if (Date.now() > end) throw new Error(`the engine doesn't take live-restore: ${wanted}`);
      await pause(100);
    }
  }

  /** Images of the machine's engine. */
  async takeImages(references: readonly string[]): Promise<void> {
    const machine = new Docker({ socketPath: join(this.folder, "machine", "docker.sock") });
    for (const reference of references)
      await followed(this.docker, await this.docker.loadImage(await machine.getImage(reference).get()));
    this.imagesMiB = this.filledMiB();
  }

  /** Starts it and waits until it answers: containers that shall run are started by then. */
  async start(): Promise<void> {
    const log = openSync(this.log, "a");
    const child = spawn(
      "dockerd",
      [
        ...["--config-file", this.configuration, "--data-root", join(this.disk, "docker")],
        ...["--exec-root", "/run/docker", "--pidfile", "/run/docker.pid"],
        ...["--host", "unix:///run/docker.sock"],
        ...["--bip", "10.88.0.1/24", "--default-address-pool", "base=10.89.0.0/16,size=24"],
        ...["--cgroup-parent", `/${groupOf(this.folder)}`, "--log-level", "warn"],
      ],
      { stdio: ["ignore", log, log] },
    );
    closeSync(log);
    this.child = child;
    let gone = "";
    child.once("error", (error) => (gone = error.message));
    child.once("exit", (code, signal) => (gone = `it ended: ${signal ?? code ?? ""}`));
    const end = Date.now() + startSeconds * 1000;
    while (!(await this.answers())) {
      if (gone !== "" || Date.now() > end)
        throw new Error(`the engine doesn't answer. ${gone}\n${this.lastWords()}`);
      await pause(200);
    }
  }

  private async answers(): Promise<boolean> {
    return this.docker.ping().then(
      () => true,
      () => false,
    );
  }

  /** As an administrator does it: all containers are stopped with it. */
  stop(): Promise<void> {
    return this.end("SIGTERM");
  }

  /** As a crash: containers go on until the next start, which ends them where they aren't to be kept at work. */
  kill(): Promise<void> {
    return this.end("SIGKILL");
  }

  private async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) throw new Error("the engine doesn't run");
    const ended = once(child, "exit", { signal: AbortSignal.timeout(stopSeconds * 1000) });
    child.kill(signal);
    await ended;
  }

  private get log(): string {
    return join(this.folder, "dockerd.log");
  }

  private lastWords(): string {
    return readFileSync(this.log, "utf8").split("\n").slice(-20).join("\n");
  }

  private get filling(): string {
    return join(this.disk, "filling");
  }

  /** What is on the disk beside images. */
  usedMiB(): number {
    return this.filledMiB() - this.imagesMiB;
  }

  private filledMiB(): number {
    const { blocks, bfree, bsize } = statfsSync(this.disk);
    return ((blocks - bfree) * bsize) / mib;
  }

  /** Fills the disk to its last block, and keeps it full. */
  async full(seconds: number): Promise<void> {
    this.filled = true;
    try {
      // Much at once, without writing it: it fails, and has taken nearly all.
      const { bavail, bsize } = statfsSync(this.disk);
      writeFileSync(this.filling, "");
      try {
        execFileSync("fallocate", ["-l", String(bavail * bsize), this.filling], { stdio: "ignore" });
      } catch {
        // The rest is written.
      }
      const end = Date.now() + seconds * 1000;
      while (Date.now() < end) {
        this.topUp();
        await pause(250);
      }
    } finally {
      rmSync(this.filling);
      this.filled = false;
    }
  }

  /** What others have given back since. @throws what isn't for want of room. */
  private topUp(): void {
    const file = openSync(this.filling, "a");
    try {
      for (const size of [mib, 4096])
        for (;;)
          try {
            writeSync(file, Buffer.alloc(size));
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code === "ENOSPC") break;
            throw error;
          }
    } finally {
      closeSync(file);
    }
  }

  /** Memory of the engine itself, each shared page counted once. */
  ownMiB(): number {
    const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
    const kib = pids.map((pid) => {
      try {
        if (!ownProcesses.test(readFileSync(`/proc/${pid}/comm`, "utf8"))) return 0;
        return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
      } catch {
        // It has ended meanwhile.
        return 0;
      }
    });
    return kib.reduce((sum, one) => sum + one, 0) / 1024;
  }
}
