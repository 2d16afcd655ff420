/** The network that throwaway machines are in: a bridge of this machine's Docker Engine, with a way out. */
import { execFileSync, spawnSync } from "node:child_process";
import type Docker from "dockerode";
import { removeMachines } from "./container";

export interface NetworkOptions {
  /** Up to 10 characters: the bridge has it in its name. */
  readonly name: string;
  /** The first three numbers of a private /24 that nothing else here uses. The bridge itself is .1. */
  readonly prefix: string;
}

const ip = (...args: string[]): void => void execFileSync("ip", args, { stdio: "pipe" });

export class MachineNetwork {
  private readonly neighbours: string[] = [];

  private constructor(
    private readonly docker: Docker,
    readonly id: string,
    /** On this machine. */
    readonly bridge: string,
    private readonly prefix: string,
  ) {}

  /** Makes it; one of that name that an earlier run left goes first, with its machines. */
  static async create(docker: Docker, { name, prefix }: NetworkOptions): Promise<MachineNetwork> {
    const full = `muster-machines-${name}`;
    for (const { Id } of await docker.listNetworks({ filters: { name: [`^${full}$`] } })) {
      await removeMachines(docker, { network: [Id] });
      await docker.getNetwork(Id).remove();
    }
    const bridge = `e2em-${name}`;
    const network = await docker.createNetwork({
      Name: full,
      Driver: "bridge",
      IPAM: { Config: [{ Subnet: `${prefix}.0/24`, Gateway: `${prefix}.1` }] },
      Options: { "com.docker.network.bridge.name": bridge },
    });
    return new MachineNetwork(docker, network.id, bridge, prefix);
  }

  /** An address in it. @param last 2 to 254. */
  address(last: number): string {
    return `${this.prefix}.${last}`;
  }

  /**
   * Another computer in the network: a namespace with that address.
   *
   * @returns the start of a command line that runs a program in it.
   */
  neighbour(last: number): [string, ...string[]] {
    const namespace = `${this.bridge}-${last}`;
    const line = `e2en${last}${this.bridge.slice("e2em-".length)}`.slice(0, 15);
    // An earlier one goes first; its link by itself, since a namespace gives up its links' names only some time later.
    spawnSync("ip", ["link", "del", line], { stdio: "ignore" });
    spawnSync("ip", ["netns", "del", namespace], { stdio: "ignore" });
    ip("netns", "add", namespace);
    this.neighbours.push(namespace);
    ip("link", "add", line, "type", "veth", "peer", "name", "eth0", "netns", namespace);
    ip("link", "set", line, "master", this.bridge, "up");
    ip("-n", namespace, "addr", "add", `${this.address(last)}/24`, "dev", "eth0");
    ip("-n", namespace, "link", "set", "eth0", "up");
    ip("-n", namespace, "link", "set", "lo", "up");
    return ["ip", "netns", "exec", namespace];
  }

  /** Its machines must be removed before. */
  async remove(): Promise<void> {
    for (const namespace of this.neighbours)
      spawnSync("ip", ["netns", "del", namespace], { stdio: "ignore" });
    await this.docker.getNetwork(this.id).remove();
  }
}
