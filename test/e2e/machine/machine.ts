/** A throwaway machine for the tests: a container with systemd, sshd and room for a Docker Engine of its own. */
import { readFileSync } from "node:fs";
import { PassThrough } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import Docker from "dockerode";
import { pack } from "tar-stream";
import { type Birth, type SeedFile, seedFiles } from "./birth";
import { containerOptions, endSwapping, machineLabel, removeMachines, removeVolume } from "./container";
import type { DataDisk } from "./disk";
import { oneAtATime } from "../turns";
import { machineImage } from "./image";
import type { MachineNetwork } from "./network";
import { ThrowawayMachine } from "./throwaway";

export interface MachineOptions {
  /** Also its host name. */
  readonly name: string;
  readonly network: MachineNetwork;
  /** In that network; every rebuild has it again. */
  readonly address: string;
  readonly birth: Birth;
  /** Data disks by their names below /dev/disk/by-id. Default: none. */
  readonly disks?: Readonly<Record<string, DataDisk>>;
  /** What its provider's image has beside ours. Default: nothing. */
  readonly files?: readonly SeedFile[];
  /** A folder of this machine that it may read, at /media. Default: none. */
  readonly media?: string;
}

// What the kernel leaves of the first process: reboot(2) ends it by SIGHUP, a power-off by SIGINT.
const rebooted = 129;

const bootSeconds = 120;

export class Machine extends ThrowawayMachine {
  private container: Docker.Container | undefined;
  private readonly disks: Map<string, DataDisk>;
  private birth: Birth;
  private rebuilds = 0;
  /** Ends when the machine is off for good. */
  private watch: Promise<void> = Promise.resolve();

  private constructor(
    private readonly docker: Docker,
    private readonly image: string,
    private readonly options: MachineOptions,
  ) {
    super(options.name, options.address);
    this.disks = new Map(Object.entries(options.disks ?? {}));
    this.birth = options.birth;
  }

  /**
   * Makes a machine and boots it. One of that name that an earlier run left goes first.
   *
   * @throws Error where it isn't up after two minutes.
   */
  static async start(
    options: MachineOptions,
    log: (line: string) => void = () => undefined,
    docker: Docker = new Docker(),
  ): Promise<Machine> {
    const image = await oneAtATime("images", () => machineImage(docker, log));
    const machine = new Machine(docker, image, options);
    await machine.remove();
    await machine.make();
    return machine;
  }

  /** Past SSH and whatever is set up there. */
  protected shell(command: string): [string, ...string[]] {
    return ["docker", "exec", "-i", this.containerName, "sh", "-c", command];
  }

  /** Boots again, as `reboot` at a shell does, and waits until it is up. */
  async reboot(): Promise<void> {
    const before = await this.bootTime();
    // The answer may be lost with the machine.
    await this.run("systemctl reboot").catch(() => undefined);
    await until(`${this.name} boots again`, async () => (await this.bootTime()) !== before);
    await this.up();
  }

  /** Shuts down in order and stays off. */
  async shutDown(): Promise<void> {
    await this.run("systemctl poweroff").catch(() => undefined);
    await this.watch;
  }

  /** Ends everything on it at once. What it wrote is kept, synced or not: the kernel is the outer machine's. */
  async powerCut(): Promise<void> {
    await endSwapping(this.docker, this.present().id);
    await this.present().kill({ signal: "SIGKILL" });
    await this.watch;
  }

  /** Boots a machine that is off, and waits until it is up. */
  async powerOn(): Promise<void> {
    await this.boot();
    await this.up();
  }

  /**
   * A new machine in its place, from the image: its address and its data disks are the same, all else is gone.
   *
   * @param birth Default: as at first. A cloud's first boot then gives it the same host key; a plain one makes another.
   */
  async rebuild(birth: Birth = this.birth): Promise<void> {
    await this.remove();
    this.birth = birth;
    this.rebuilds += 1;
    await this.make();
  }

  /** Plugs a data disk in, also while it runs. */
  async attach(identity: string, disk: DataDisk): Promise<void> {
    this.disks.set(identity, disk);
    await this.showDisks();
  }

  /** Pulls a data disk, also while it runs. */
  async detach(identity: string): Promise<void> {
    this.disks.delete(identity);
    await this.showDisks();
  }

  /** `running`, or `degraded` where a unit failed, or what else systemd says. */
  async state(): Promise<string> {
    return (await this.run("systemctl is-system-running || true")).trim();
  }

  /** Ends it and forgets its own disk. The data disks stay. */
  async remove(): Promise<void> {
    await removeMachines(this.docker, { name: [`^/${this.containerName}$`] });
    await removeVolume(this.docker, this.containerName);
    await this.watch;
    this.container = undefined;
  }

  private get containerName(): string {
    return `muster-machine-${this.name}`;
  }

  private async make(): Promise<void> {
    await this.docker.createVolume({ Name: this.containerName, Labels: { [machineLabel]: this.name } });
    this.container = await this.docker.createContainer(
      containerOptions({
        name: this.containerName,
        hostname: this.name,
        image: this.image,
        network: this.options.network.id,
        address: this.address,
        ...(this.options.media === undefined ? {} : { media: this.options.media }),
      }),
    );
    const instance = `${this.name}-${this.rebuilds}-${Date.now()}`;
    const { files = [] } = this.options;
    const seed = seedFiles(this.birth, this.name, instance);
    await this.place([...seed, resolverFile(), this.diskList(), ...files]);
    await this.powerOn();
  }

  private async boot(): Promise<void> {
    const container = this.present();
    await container.start();
    this.watch = keepUp(container);
  }

  /** Waits until all units have started or failed. */
  private async up(): Promise<void> {
    const done = ["running", "degraded", "maintenance"];
    await until(`${this.name} is up`, async () => done.includes(await this.state().catch(() => "off")));
  }

  private async bootTime(): Promise<string> {
    return (await this.present().inspect()).State.StartedAt;
  }

  private async showDisks(): Promise<void> {
    await this.place([this.diskList()]);
    if ((await this.present().inspect()).State.Running) await this.run("/usr/lib/machine/disks");
  }

  private diskList(): SeedFile {
    const lines = [...this.disks].map(([identity, disk]) => {
      const { major, minor } = disk.numbers;
      return `${identity} ${disk.device} ${major} ${minor}\n`;
    });
    return { path: "usr/lib/machine/disks.list", text: lines.join(""), mode: 0o600 };
  }

  private async place(files: readonly SeedFile[]): Promise<void> {
    const archive = pack();
    for (const { path, text, mode } of files) archive.entry({ name: path, mode }, text);
    archive.finalize();
    await this.present().putArchive(archive.pipe(new PassThrough()), { path: "/" });
  }

  private present(): Docker.Container {
    if (this.container === undefined) throw new Error(`${this.name} is removed`);
    return this.container;
  }
}

/** Starts a machine that has rebooted, like a server's firmware. Ends when it is off. */
async function keepUp(container: Docker.Container): Promise<void> {
  const ended = async (): Promise<number> => ((await container.wait()) as { StatusCode: number }).StatusCode;
  try {
    while ((await ended()) === rebooted) await container.start();
  } catch {
    // It was removed meanwhile.
  }
}

/** This machine's name servers, unless they are programs of its own. */
function resolverFile(): SeedFile {
  const lines = readFileSync("/etc/resolv.conf", "utf8").split("\n");
  const own = lines.some((line) => /^nameserver\s+(127\.|::1)/.test(line));
  const text = own ? "" : lines.filter((line) => line.startsWith("nameserver")).join("\n");
  return { path: "usr/lib/machine/resolv.conf", text: text === "" ? "" : `${text}\n`, mode: 0o644 };
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + bootSeconds * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not after ${bootSeconds} s: ${what}`);
    await pause(200);
  }
}
