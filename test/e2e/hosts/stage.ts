/** What the tests of hosts run on: a bare machine with a data disk, and a stack whose settings name it. */
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { mainHost } from "../../../stacks/topology/hosts";
import { DataDisk } from "../machine/disk";
import type { Machine } from "../machine/machine";
import { S3Server } from "../s3";
import { Stack } from "../stack";
import { machineSuites } from "../suites";
import { MachinesStage } from "./machines";

const { name: stackName, prefix } = machineSuites.hosts;
const stateBucket = "muster-state";
/** Name of the data disk below /dev/disk/by-id. */
export const identity = "scsi-0MUSTER_data";
/** On the data disk: what fills it. */
const ballast = "/srv/muster/ballast";

export class HostStage extends MachinesStage {
  readonly disk = DataDisk.create("hosts", 6);
  private storage!: S3Server;

  constructor() {
    super(stackName);
  }

  get machine(): Machine {
    return this.machineOf(mainHost);
  }

  /** Its state is in a bucket, as that of a stack is which several people run. */
  async prepare(): Promise<void> {
    await this.make(
      { name: "hosts", prefix },
      { [mainHost]: { last: 10, disks: { [identity]: this.disk } } },
    );
    this.storage = await S3Server.start({ address: this.network.address(1) });
    await this.storage.makeBucket(stateBucket);
    const { root, endpoint, region } = this.storage;
    const backend = `s3://${stateBucket}?endpoint=${endpoint}&region=${region}&s3ForcePathStyle=true`;
    this.stack.stateEnvironment = {
      PULUMI_BACKEND_URL: backend,
      AWS_ACCESS_KEY_ID: root.accessKeyId,
      AWS_SECRET_ACCESS_KEY: root.secretAccessKey,
    };
    const settings = {
      domain: "localhost",
      state: { backend, accessKeyId: root.accessKeyId },
      host: {
        provider: "existing",
        address: this.machine.address,
        hostKey: await this.machine.hostKey(),
        memoryMiB: 6144,
        cpus: 2,
        dataDisk: `/dev/disk/by-id/${identity}`,
      },
      machine: { sshFrom: "everyone", rebootAt: "off" },
      // Chat and calls, with a relay: every kind of port.
      people: { accounts: 20, active: 20, inCalls: 4, inMeetings: 4 },
      calls: "embedded",
      meetings: "off",
    };
    await this.open(settings, { stateSecretKey: root.secretAccessKey });
  }

  /**
   * Does something while the data disk is so full, in percent of its room or of the files that it can hold. It is small
   * and the machine's own; what else the machine has is this machine's.
   */
  async whileFull<T>(of: "room" | "files", percent: number, look: () => Promise<T>): Promise<T> {
    await this.machine.run(`mkdir ${ballast}`);
    const unit = of === "room" ? "-k" : "-i";
    const row = await this.machine.run(`df -P ${unit} ${ballast} | awk 'NR == 2 { print $3, $4 }'`);
    const [used, free] = row.trim().split(" ").map(Number) as [number, number];
    const wanted = Math.ceil(((used + free) * percent) / 100) - used;
    const fill =
      of === "room"
        ? `fallocate -l ${wanted}K ${ballast}/room`
        : `cd ${ballast} && seq ${wanted} | xargs touch`;
    try {
      await this.machine.run(fill);
      return await look();
    } finally {
      await this.machine.run(`rm -r ${ballast}`);
    }
  }

  /** The project as somebody else has it: with the stack's file and the passphrase, and nothing that an up has left. */
  freshClone(): Stack {
    const clone = new Stack(stackName);
    copyFileSync(this.stack.file, clone.file);
    mkdirSync(join(clone.dir, ".muster"));
    copyFileSync(join(this.stack.dir, ".muster", "passphrase"), join(clone.dir, ".muster", "passphrase"));
    return clone;
  }

  override async end(): Promise<void> {
    for (const machine of this.machines.values()) await machine.remove();
    await this.storage.stop();
    this.disk.remove();
    await super.end();
  }
}

export { stackName };
