/** What the tests of hosts run on: a bare machine with a data disk, and a stack whose settings name it. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { referencesOf } from "../images/chosen";
import { DataDisk } from "../machine/disk";
import { Machine } from "../machine/machine";
import { MachineNetwork } from "../machine/network";
import { type Finished, Stack } from "../stack";
import { suites } from "../suites";

const { name: stackName } = suites.hosts;
/** Name of the data disk below /dev/disk/by-id. */
const identity = "scsi-0MUSTER_data";

export class HostStage {
  stack!: Stack;
  readonly docker = new Docker();
  private folder = "";
  network!: MachineNetwork;
  machine!: Machine;
  disk!: DataDisk;
  /** The machine's host key, as its owner knows it. */
  hostKey = "";

  async prepare(): Promise<void> {
    this.stack = new Stack(stackName);
    this.folder = mkdtempSync(join(tmpdir(), "muster-e2e-key-"));
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", this.keyFile]);
    this.network = await MachineNetwork.create(this.docker, { name: "hosts", prefix: "10.77.230" });
    this.disk = DataDisk.create("hosts", 6);
    this.machine = await Machine.start({
      name: "hosts",
      network: this.network,
      address: this.network.address(10),
      birth: { kind: "plain", authorizedKeys: [readFileSync(`${this.keyFile}.pub`, "utf8")] },
      disks: { [identity]: this.disk },
    });
    this.hostKey = await this.machine.hostKey();
    this.stack.write(this.settings());
    await this.stack.store("sshKey", readFileSync(this.keyFile, "utf8"));
    console.log(`Images:\n${(await this.stack.ensureImages()).join("\n")}`);
  }

  /** Chat and calls, with a relay: every kind of port. */
  private settings(): Record<string, unknown> {
    return {
      domain: "localhost",
      host: {
        provider: "existing",
        address: this.machine.address,
        hostKey: this.hostKey,
        memoryMiB: 6144,
        cpus: 2,
        dataDisk: `/dev/disk/by-id/${identity}`,
      },
      machine: { rebootAt: "off" },
      people: { accounts: 20, active: 20, inCalls: 4, inMeetings: 4 },
      calls: "embedded",
      meetings: "off",
    };
  }

  get keyFile(): string {
    return join(this.folder, "key");
  }

  /** What no registry answers for here: the images, handed to the machine's engine. */
  async loadImages(): Promise<void> {
    await this.machine.loadImages(Object.values(referencesOf(this.stack.topology())));
  }

  /**
   * An `up` on a machine without images, which no registry here has: it sets the machine up, and finishes once they
   * are there.
   */
  async upOnNewMachine(): Promise<{ setUp: Finished; up: Finished }> {
    const setUp = await this.stack.run(["up", stackName]);
    await this.loadImages();
    return { setUp, up: await this.stack.must(["up", stackName]) };
  }

  /** What a command prints in a container of the stack. */
  inContainer(service: string, command: string): Promise<string> {
    return this.machine.run(`docker exec muster-${stackName}-${service} ${command}`);
  }

  /** Names of the services that aren't running and healthy on the machine. */
  async unwell(): Promise<string[]> {
    const lines = await this.machine.run('docker ps --format "{{.Names}} {{.Status}}"').catch(() => "");
    const healthy = lines
      .split("\n")
      .filter((line) => line.includes("(healthy)"))
      .map((line) => line.split(" ")[0]);
    return this.stack
      .topology()
      .services.map(({ name }) => name)
      .filter((name) => !healthy.includes(`muster-${stackName}-${name}`));
  }

  /** Waits until all services are healthy, without an up. */
  async healthy(seconds: number): Promise<void> {
    const end = Date.now() + seconds * 1000;
    for (let unwell = await this.unwell(); unwell.length > 0; unwell = await this.unwell()) {
      if (Date.now() > end) throw new Error(`not healthy after ${seconds} s: ${unwell.join(", ")}`);
      await new Promise((later) => setTimeout(later, 1000));
    }
  }

  /** Ids of the stack's containers on the machine, by name. */
  async ids(): Promise<string> {
    return this.machine.run('docker ps --all --no-trunc --format "{{.Names}} {{.ID}}" | sort');
  }

  /** Runs a program as another computer in the machine's network. */
  fromNeighbour(command: readonly string[]): { status: number | null; output: string } {
    const [program, ...args] = [...this.network.neighbour(20), ...command] as [string, ...string[]];
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
    return { status, output: stdout + stderr };
  }

  async end(): Promise<void> {
    await this.machine.remove();
    this.disk.remove();
    await this.network.remove();
    await this.stack.remove();
    rmSync(this.folder, { recursive: true });
  }
}

export { stackName };
