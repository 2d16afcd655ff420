/** A stack on machines of its own, by the names of its hosts. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import Docker from "dockerode";
import { quote } from "../../../components/services/job";
import { firewallRules } from "../../../stacks/topology/firewall";
import { referencesOf } from "../images/chosen";
import type { DataDisk } from "../machine/disk";
import { Machine } from "../machine/machine";
import { MachineNetwork, type NetworkOptions } from "../machine/network";
import type { ThrowawayMachine } from "../machine/throwaway";
import { type Finished, Stack } from "../stack";

/**
 * Tests that need machines; where something is missing for them, they are skipped, loudly.
 * @param missing what it is, in words. Default: what `run.ts` has found missing for machines.
 */
export function onMachines(
  name: string,
  tests: () => void,
  missing = process.env["MUSTER_E2E_NO_MACHINES"],
): void {
  if (missing === undefined) describe(name, tests);
  else {
    console.warn(`NOT RUN: ${name}. Missing: ${missing}`);
    it.skip(`${name}: missing: ${missing}`, () => undefined);
  }
}

/** What one machine is: the last number of its address, and its data disks. */
export interface MachinePlace {
  readonly last: number;
  readonly disks?: Readonly<Record<string, DataDisk>>;
}

/** What a stage does with any kind of machine. */
export interface AnyMachine extends ThrowawayMachine {
  remove(): Promise<void>;
}

export class MachinesStage<Kind extends AnyMachine = Machine> {
  readonly stack: Stack;
  readonly machines = new Map<string, Kind>();
  protected readonly docker = new Docker();
  private readonly folder = mkdtempSync(join(tmpdir(), "muster-e2e-key-"));
  network!: MachineNetwork;

  constructor(name: string) {
    this.stack = new Stack(name);
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", this.keyFile]);
  }

  /** The key that the stack logs in with. */
  get keyFile(): string {
    return join(this.folder, "key");
  }

  /** Bare servers, by the names of their hosts. */
  async make(
    this: MachinesStage,
    options: NetworkOptions,
    places: Readonly<Record<string, MachinePlace>>,
  ): Promise<void> {
    this.network = await MachineNetwork.create(this.docker, options);
    const authorizedKeys = [readFileSync(`${this.keyFile}.pub`, "utf8")];
    for (const [host, { last, disks = {} }] of Object.entries(places))
      this.machines.set(
        host,
        await Machine.start({
          name: `${options.name}-${host}`,
          network: this.network,
          address: this.network.address(last),
          birth: { kind: "plain", authorizedKeys },
          disks,
        }),
      );
  }

  /** Writes the stack's file and its secrets. */
  async open(
    settings: Record<string, unknown>,
    secrets: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    this.stack.write(settings);
    const all = { ...secrets, sshKey: readFileSync(this.keyFile, "utf8") };
    for (const [key, value] of Object.entries(all)) await this.stack.store(key, value);
    console.log(`Images:\n${(await this.stack.ensureImages()).join("\n")}`);
  }

  machineOf(host: string): Kind {
    const machine = this.machines.get(host);
    if (machine === undefined) throw new Error(`no machine ${host}`);
    return machine;
  }

  /** The machine that a service runs on. */
  placeOf(service: string): Kind {
    return this.machineOf(this.servicesOn().find(({ name }) => name === service)?.host ?? "");
  }

  /** What no registry answers for here: the images, handed to each machine's engine. */
  async loadImages(): Promise<void> {
    const images = Object.values(referencesOf(this.stack.topology()));
    await Promise.all([...this.machines.values()].map((machine) => machine.loadImages(images)));
  }

  /**
   * An `up` on machines without images, which no registry here has: it sets them up, and finishes once they are
   * there.
   */
  async upOnNewMachines(): Promise<{ setUp: Finished; up: Finished }> {
    const setUp = await this.stack.run(["up", this.stack.name]);
    await this.loadImages().catch((error: unknown) => {
      throw new Error(`${String(error)}\nThe first up said:\n${setUp.output}`);
    });
    return { setUp, up: await this.stack.must(["up", this.stack.name]) };
  }

  container(service: string): string {
    return `muster-${this.stack.name}-${service}`;
  }

  /** What a command prints in a container of the stack. */
  runIn(service: string, command: readonly string[]): Promise<string> {
    const words = command.map(quote).join(" ");
    return this.placeOf(service).run(`docker exec ${this.container(service)} ${words}`);
  }

  /** Names of the services that aren't running and healthy where they belong. */
  async unwell(): Promise<string[]> {
    const healthy = new Set<string>();
    for (const [host, machine] of this.machines) {
      const lines = await machine.run('docker ps --format "{{.Names}} {{.Status}}"').catch(() => "");
      for (const line of lines.split("\n").filter((one) => one.includes("(healthy)")))
        healthy.add(`${host} ${line.split(" ")[0] ?? ""}`);
    }
    return this.servicesOn()
      .filter(({ name, host }) => !healthy.has(`${host} ${this.container(name)}`))
      .map(({ name }) => name);
  }

  private servicesOn(): { name: string; host: string }[] {
    return this.stack.topology().services.map(({ name, host }) => ({ name, host }));
  }

  /** Waits until all services are healthy, without an up. */
  async healthy(seconds: number): Promise<void> {
    const end = Date.now() + seconds * 1000;
    for (let unwell = await this.unwell(); unwell.length > 0; unwell = await this.unwell()) {
      if (Date.now() > end) throw new Error(`not healthy after ${seconds} s: ${unwell.join(", ")}`);
      await pause(1000);
    }
  }

  /** Ids of the stack's containers on all machines, by name. */
  async ids(): Promise<string> {
    const list = 'docker ps --all --no-trunc --format "{{.Names}} {{.ID}}" | sort';
    const each = await Promise.all([...this.machines.values()].map((machine) => machine.run(list)));
    return each.join("");
  }

  /** TCP ports of a host: those open to another computer in the network, and those that the topology opens to all. */
  tcpPorts(host: string): { open: number[]; planned: number[] } {
    const planned = firewallRules(this.stack.topology(), host)
      .filter(({ protocol, fromHosts }) => protocol === "tcp" && fromHosts === undefined)
      .map(({ first }) => first)
      .sort((a, b) => a - b);
    const scan = join(__dirname, "..", "scan.cjs");
    const { output } = this.fromNeighbour([process.execPath, scan, this.machineOf(host).address, "1000"]);
    return { open: JSON.parse(output) as number[], planned };
  }

  /** Runs a program as another computer in the machines' network. */
  fromNeighbour(command: readonly string[]): { status: number | null; output: string } {
    const [program, ...args] = [...this.network.neighbour(20), ...command] as [string, ...string[]];
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
    return { status, output: stdout + stderr };
  }

  async end(): Promise<void> {
    for (const machine of this.machines.values()) await machine.remove();
    await this.network.remove();
    await this.stack.remove();
    rmSync(this.folder, { recursive: true });
  }
}
