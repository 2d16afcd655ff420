/** The machines behind the double's droplets: throwaway ones, in a network with DigitalOcean's metadata service. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import type { Droplet, Machines, ReservedAddress, Volume } from "../../helpers/digitalocean/types";
import type { SeedFile } from "../machine/birth";
import { DataDisk } from "../machine/disk";
import { Machine } from "../machine/machine";
import { MachineNetwork } from "../machine/network";

const metadataAddress = "169.254.169.254";
/** Name of a volume below /dev/disk/by-id. */
const identityOf = ({ name }: Volume): string => `scsi-0DO_Volume_${name}`;
const ip = (...args: string[]): string => execFileSync("ip", args, { encoding: "utf8" });

/** What the provider's image does at each boot: the way to the metadata, and addresses beside the machine's own. */
const networkScript = `#!/bin/sh
ip route replace ${metadataAddress} dev eth0
# Whatever sends by one address or another.
ip rule show | grep -q ${metadataAddress} || ip rule add to ${metadataAddress} lookup main priority 100
[ ! -f /usr/lib/machine/addresses.list ] || while read -r address; do
  ip address replace "$address/32" dev eth0
done </usr/lib/machine/addresses.list
`;
/** No registry answers from here, so the image brings what would be pulled: as soon as there is an engine to take it. */
const loadScript = `#!/bin/sh
[ -e /run/images-loaded ] || docker load --quiet --input /media/images.tar
: >/run/images-loaded
`;
const unit = (line: string): string => `[Service]\n${line}\n`;
const files: readonly SeedFile[] = [
  { path: "usr/lib/machine/network", text: networkScript, mode: 0o755 },
  { path: "usr/lib/machine/load", text: loadScript, mode: 0o755 },
  {
    path: "etc/systemd/system/machine-fstab.service.d/network.conf",
    text: unit("ExecStartPre=/usr/lib/machine/network"),
    mode: 0o644,
  },
  {
    path: "etc/systemd/system/docker.service.d/images.conf",
    text: unit("ExecStartPost=/usr/lib/machine/load"),
    mode: 0o644,
  },
];

export class DropletMachines implements Machines {
  /** What happened to machines and disks, in words and in order. */
  readonly story: string[] = [];
  /** In here is what the image brings: `images.tar`. */
  readonly folder = mkdtempSync(join(tmpdir(), "muster-e2e-droplets-"));
  private readonly machines = new Map<number, Machine>();
  private readonly disks = new Map<string, DataDisk>();
  private readonly attached = new Map<number, Record<string, DataDisk>>();
  private readonly reserved: Record<string, string> = {};
  private addresses = 0;
  private metadata: ChildProcess | undefined;

  private constructor(readonly network: MachineNetwork) {}

  static async create(docker: Docker, name: string, prefix: string): Promise<DropletMachines> {
    const machines = new DropletMachines(await MachineNetwork.create(docker, { name, prefix }));
    machines.serveMetadata();
    return machines;
  }

  /** The machine of a droplet. */
  of({ id, name }: Droplet): Machine {
    const machine = this.machines.get(id);
    if (machine === undefined) throw new Error(`no machine is behind the droplet ${name} (${id})`);
    return machine;
  }

  async create(droplet: Droplet): Promise<{ publicAddress: string; privateAddress: string }> {
    this.addresses += 1;
    const address = this.network.address(10 + this.addresses);
    const machine = await Machine.start({
      name: `droplet-${droplet.id}`,
      network: this.network,
      address,
      birth: { kind: "cloud", userData: droplet.userData ?? "" },
      disks: this.attached.get(droplet.id) ?? {},
      files,
      media: this.folder,
    });
    this.machines.set(droplet.id, machine);
    this.story.push("machine made");
    return { publicAddress: address, privateAddress: this.network.address(100 + this.addresses) };
  }

  async shutDown(droplet: Droplet): Promise<boolean> {
    // One that is off already stays so.
    await this.of(droplet).shutDown();
    this.story.push("machine shut down");
    return true;
  }

  /** What runs on it is cut off, unless it has been shut down from within. */
  async powerOff(droplet: Droplet): Promise<void> {
    const machine = this.of(droplet);
    const runs = (await machine.state().catch(() => "off")) !== "off";
    if (runs) await machine.powerCut();
    this.story.push(runs ? "machine cut off" : "machine off already");
  }

  async powerOn(droplet: Droplet): Promise<void> {
    await this.of(droplet).powerOn();
    this.story.push("machine started");
  }

  async destroy(droplet: Droplet): Promise<void> {
    await this.machines.get(droplet.id)?.remove();
    this.machines.delete(droplet.id);
    this.story.push("machine gone");
  }

  async attach(droplet: Droplet, volume: Volume): Promise<void> {
    const disk = this.disks.get(volume.id) ?? DataDisk.create(volume.name, volume.sizeGiB);
    this.disks.set(volume.id, disk);
    const identity = identityOf(volume);
    this.attached.set(droplet.id, { ...this.attached.get(droplet.id), [identity]: disk });
    await this.machines.get(droplet.id)?.attach(identity, disk);
    this.story.push("disk attached");
  }

  async detach(droplet: Droplet, volume: Volume): Promise<void> {
    await this.machines.get(droplet.id)?.detach(identityOf(volume));
    this.story.push("disk detached");
  }

  reserve(): string {
    this.addresses += 1;
    return this.network.address(200 + this.addresses);
  }

  async assign(droplet: Droplet, { ip: address }: ReservedAddress): Promise<void> {
    const machine = this.of(droplet);
    this.reserved[machine.address] = address;
    this.tellMetadata();
    await machine.run("cat >/usr/lib/machine/addresses.list && /usr/lib/machine/network", `${address}\n`);
    // It was another machine's, or nobody's.
    ip("neigh", "flush", "to", address, "dev", this.network.bridge);
    this.story.push("address assigned");
  }

  async end(): Promise<void> {
    this.metadata?.kill();
    for (const machine of this.machines.values()) await machine.remove();
    for (const disk of this.disks.values()) disk.remove();
    await this.network.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get metadataFile(): string {
    return join(this.folder, "metadata.json");
  }

  private tellMetadata(): void {
    writeFileSync(this.metadataFile, JSON.stringify(this.reserved));
  }

  private serveMetadata(): void {
    this.tellMetadata();
    const [program, ...args] = this.network.neighbour(254);
    execFileSync(program, [...args, "ip", "address", "add", `${metadataAddress}/32`, "dev", "eth0"]);
    const script = [join(__dirname, "metadata.cjs"), this.metadataFile, this.network.address(1)];
    this.metadata = spawn(program, [...args, process.execPath, ...script], { stdio: "inherit" });
  }
}
