/** A virtual machine with an empty data disk, and a small stack that encrypts it. */
import { mainHost } from "../../../stacks/topology/hosts";
import { MachinesStage } from "../hosts/machines";
import { MachineNetwork } from "../machine/network";
import { VirtualMachine } from "../machine/virtual";
import { machineSuites } from "../suites";

const { name: stackName, prefix } = machineSuites.encrypted;
const serial = "MUSTER-DATA";
/** A tunnel of its own: other suites have the default network. */
const tunnelNetwork = "10.214.0.0/24";
export const peer = "anna";
export const diskGiB = 3;

export class EncryptedStage extends MachinesStage<VirtualMachine> {
  constructor() {
    super(stackName);
  }

  get machine(): VirtualMachine {
    return this.machineOf(mainHost);
  }

  async prepare(): Promise<void> {
    const name = "encrypted";
    this.network = await MachineNetwork.create(this.docker, { name, prefix });
    const memoryMiB = 2048;
    const machine = await VirtualMachine.start({
      ...{ name, network: this.network, address: this.network.address(10), keyFile: this.keyFile, memoryMiB },
      dataDisk: { serial, sizeGiB: diskGiB },
    });
    this.machines.set(mainHost, machine);
    await this.open({
      domain: "localhost",
      host: {
        provider: "existing",
        address: machine.address,
        hostKey: await machine.hostKey(),
        ...{ memoryMiB, cpus: 2, dataDisk: `/dev/disk/by-id/virtio-${serial}` },
      },
      machine: {
        sshFrom: "everyone",
        rebootAt: "off",
        swapMiB: 256,
        diskEncryption: { unlock: "manual" },
        vpn: { network: tunnelNetwork, peers: { [peer]: {} } },
      },
      people: { accounts: 5, active: 5 },
      ...{ calls: "off", meetings: "off", turn: "off" },
    });
  }

  /** An `up` that goes over the machine, whatever else it finds to do. */
  async goOver(keepOpen: readonly number[]): Promise<string> {
    this.stack.set(["machine", "keepOpen"], keepOpen);
    return (await this.stack.up()).output;
  }
}

export { stackName };
