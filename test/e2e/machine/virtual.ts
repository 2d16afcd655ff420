/** A throwaway machine with a kernel of its own: a virtual one, with a data disk and a TPM. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type SeedFile, seedFiles } from "./birth";
import { command } from "./monitor";
import type { MachineNetwork } from "./network";
import { ThrowawayMachine } from "./throwaway";
import { emulated, type VirtualImage, virtualImage } from "./virtualImage";

export interface VirtualOptions {
  /** Up to 10 characters; also its host name. */
  readonly name: string;
  readonly network: MachineNetwork;
  /** In that network. */
  readonly address: string;
  /** File of the private key that root logs in with. */
  readonly keyFile: string;
  readonly memoryMiB: number;
  /** Below /dev/disk/by-id it is `virtio-SERIAL`. */
  readonly dataDisk: { readonly serial: string; readonly sizeGiB: number };
}

const processor = (): string[] =>
  emulated ? ["-accel", "tcg,thread=multi", "-cpu", "Westmere"] : ["-accel", "kvm", "-cpu", "host"];

const bootSeconds = emulated ? 600 : 120;

export class VirtualMachine extends ThrowawayMachine {
  private readonly folder = mkdtempSync(join(tmpdir(), "muster-e2e-vm-"));
  private processes: ChildProcess[] = [];

  private constructor(
    private readonly image: VirtualImage,
    private readonly options: VirtualOptions,
  ) {
    super(options.name, options.address);
  }

  /** Makes a machine and boots it. @throws Error where it isn't up after two minutes. */
  static async start(options: VirtualOptions): Promise<VirtualMachine> {
    const machine = new VirtualMachine(await virtualImage(), options);
    try {
      machine.makeDisks();
      machine.plugIn();
      await machine.powerOn();
    } catch (error) {
      await machine.remove();
      throw error;
    }
    return machine;
  }

  /** Over SSH. */
  protected shell(command: string): [string, ...string[]] {
    const options = {
      ...{
        StrictHostKeyChecking: "no",
        UserKnownHostsFile: "/dev/null",
        LogLevel: "ERROR",
        BatchMode: "yes",
      },
      ...{ IdentitiesOnly: "yes", IdentityAgent: "none", ConnectTimeout: "5", ServerAliveInterval: "5" },
    };
    return [
      ...["ssh", "-F", "/dev/null", "-T", "-i", this.options.keyFile],
      ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
      ...[`root@${this.address}`, command],
    ] as [string, ...string[]];
  }

  /** Boots again, as `reboot` at a shell does, and waits until SSH answers and all units have started or failed. */
  async reboot(): Promise<void> {
    const bootId = (): Promise<string> => this.run("cat /proc/sys/kernel/random/boot_id");
    const before = await bootId();
    // The answer may be lost with the machine.
    await this.run("systemctl reboot").catch(() => undefined);
    await this.until("boots again", async () => (await bootId().catch(() => before)) !== before);
    await this.up();
  }

  /** Makes the data disk larger, as a provider does it while the machine runs. */
  async growDataDisk(sizeGiB: number): Promise<void> {
    truncateSync(this.file("data.img"), sizeGiB * 1024 ** 3);
    await command(this.file("monitor"), "block_resize", { device: "data", size: sizeGiB * 1024 ** 3 });
  }

  /** Ends it, with its disks. */
  async remove(): Promise<void> {
    for (const child of this.processes)
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "close");
      }
    spawnSync("ip", ["link", "del", this.tap], { stdio: "ignore" });
    rmSync(this.folder, { recursive: true });
  }

  private get tap(): string {
    return `e2et-${this.name}`;
  }

  private file(name: string): string {
    return join(this.folder, name);
  }

  private makeDisks(): void {
    execFileSync("cp", ["--sparse=always", this.image.disk, this.file("root.img")]);
    writeFileSync(this.file("data.img"), "");
    truncateSync(this.file("data.img"), this.options.dataDisk.sizeGiB * 1024 ** 3);
    // No mount: that takes a loop device, and more rights.
    const lines = this.seed().flatMap(({ path, text, mode }, index) => {
      const source = this.file(`seed-${index}`);
      writeFileSync(source, text, { mode });
      return [`rm /${path}`, `write ${source} /${path}`];
    });
    const script = ["mkdir /root/.ssh", ...lines, ""].join("\n");
    const { stderr, status } = spawnSync("debugfs", ["-w", "-f", "-", this.file("root.img")], {
      input: script,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`debugfs: ${stderr}`);
  }

  private seed(): SeedFile[] {
    const { name, network, address, keyFile } = this.options;
    const authorizedKeys = [readFileSync(`${keyFile}.pub`, "utf8")];
    const link = `[Match]\nName=eth0\n\n[Network]\nAddress=${address}/24\nGateway=${network.address(1)}\n`;
    const file = (path: string, text: string): SeedFile => ({ path, text, mode: 0o644 });
    return [
      ...seedFiles({ kind: "plain", authorizedKeys }, name, name),
      file("etc/hostname", `${name}\n`),
      file("etc/hosts", `127.0.0.1 localhost\n127.0.1.1 ${name}\n`),
      file("etc/systemd/network/eth0.network", link),
    ];
  }

  /** A line from the machine to the network. One that an earlier run left goes first. */
  private plugIn(): void {
    spawnSync("ip", ["link", "del", this.tap], { stdio: "ignore" });
    execFileSync("ip", ["tuntap", "add", "dev", this.tap, "mode", "tap"]);
    execFileSync("ip", ["link", "set", this.tap, "master", this.options.network.bridge, "up"]);
  }

  private async powerOn(): Promise<void> {
    mkdirSync(this.file("tpm"), { recursive: true });
    const chip = this.file("tpm/socket");
    const state = `dir=${this.file("tpm")}`;
    this.begin("swtpm", ["socket", "--tpm2", "--tpmstate", state, "--ctrl", `type=unixio,path=${chip}`]);
    await this.until("has a TPM", () => Promise.resolve(existsSync(chip)));
    this.begin("qemu-system-x86_64", this.hardware(chip));
    await this.up();
  }

  private hardware(chip: string): string[] {
    const { kernel, initrd } = this.image;
    const { memoryMiB, dataDisk } = this.options;
    const disk = (id: string, serial: string): string[] => [
      ...["-drive", `file=${this.file(`${id}.img`)},if=none,id=${id},format=raw,cache=unsafe,discard=unmap`],
      ...["-device", `virtio-blk-pci,drive=${id},serial=${serial}`],
    ];
    return [
      ...["-machine", "q35", "-smp", "2", "-m", `${memoryMiB}M`, ...processor()],
      ...["-nodefaults", "-no-user-config", "-display", "none", "-serial", `file:${this.file("console")}`],
      ...["-kernel", kernel, "-initrd", initrd],
      ...["-append", "root=/dev/vda rw console=ttyS0 net.ifnames=0 mitigations=off"],
      ...disk("root", "root"),
      ...disk("data", dataDisk.serial),
      ...["-netdev", `tap,id=net,ifname=${this.tap},script=no,downscript=no`],
      ...["-device", "virtio-net-pci,netdev=net,romfile="],
      ...["-device", "virtio-rng-pci"],
      ...["-chardev", `socket,id=chip,path=${chip}`, "-tpmdev", "emulator,id=tpm,chardev=chip"],
      ...["-device", "tpm-crb,tpmdev=tpm"],
      ...["-qmp", `unix:${this.file("monitor")},server=on,wait=off`],
    ];
  }

  /** Ends with this process, however that ends. */
  private begin(program: string, args: readonly string[]): void {
    const child = spawn("setpriv", ["--pdeathsig", "KILL", program, ...args], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    this.processes = [...this.processes, child];
  }

  private up(): Promise<void> {
    const done = ["running", "degraded", "maintenance"];
    const state = (): Promise<string> => this.run("systemctl is-system-running || true");
    return this.until("is up", async () => done.includes((await state().catch(() => "off")).trim()));
  }

  private async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + bootSeconds * 1000;
    while (!(await holds())) {
      const ended = this.processes.some(
        ({ exitCode, signalCode }) => exitCode !== null || signalCode !== null,
      );
      if (ended || Date.now() > end)
        throw new Error(`not after ${bootSeconds} s: ${this.name} ${what}\n${this.consoleEnd()}`);
      await pause(200);
    }
  }

  /** The last that it said on its console. */
  private consoleEnd(): string {
    const file = this.file("console");
    return existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(-40).join("\n") : "";
  }
}
