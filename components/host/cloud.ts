/** What hosts at all clouds have in common, once their machines are there. */
import * as pulumi from "@pulumi/pulumi";
import type { Topology } from "../../stacks/topology";
import type { Host, HostsFactory, Machine } from "./host";
import { machinePlanOf } from "./machinePlan";
import { ownAddressOf, remoteDocker, setUpMachine } from "./remote";
import type { SshAccess } from "./ssh";
import { tunnelKeys } from "./vpn";

/** A machine of a cloud that answers at its address, with nothing on it yet. */
export interface CloudMachine extends pulumi.Resource {
  readonly name: string;
  readonly engine: pulumi.Output<SshAccess>;
  readonly publicAddress: pulumi.Output<string>;
  /** Address at which what is sent to it arrives; left out where only the machine itself can tell. */
  readonly ownAddress?: pulumi.Output<string>;
  readonly peerAddress: pulumi.Output<string>;
  readonly machine: Required<Machine>;
  /** Its data disk, by the path at which the machine finds it. */
  readonly disk?: { device: pulumi.Input<string>; sizeGiB: pulumi.Input<number> } | undefined;
  /** What must be there before the machine is asked anything. */
  readonly way: readonly pulumi.Resource[];
}

interface CloudArgs {
  user: string;
  /** Whether the provider hands the public address over at another one. */
  anchor: boolean;
  clientKey: pulumi.Input<string>;
}

/** Sets the machines of a stack up: all are there by now, and can be told of each other. */
export function hostsOn(
  machines: readonly CloudMachine[],
  { user, anchor, clientKey }: CloudArgs,
  topology: Topology,
  opts: Parameters<HostsFactory>[1],
): Host[] {
  const tunnel = tunnelKeys(topology, opts);
  const publicAddresses = Object.fromEntries(
    machines.map(({ name, publicAddress }) => [name, publicAddress]),
  );
  // Alone, it need not know its own before it is planned.
  const others = machines.length > 1 ? machines : [];
  const peers = pulumi.all(Object.fromEntries(others.map(({ name, peerAddress }) => [name, peerAddress])));
  return machines.map((parent) => {
    const { name, engine, publicAddress, peerAddress, machine, disk, way } = parent;
    const plan = pulumi.all([peers, disk?.device]).apply(([peerAddresses, device]) =>
      machinePlanOf(topology, name, {
        user,
        sshPort: 22,
        anchor,
        peerAddresses,
        ...(device === undefined ? {} : { device }),
      }),
    );
    const ready = setUpMachine(name, {
      topology,
      plan,
      user,
      access: engine,
      clientKey,
      machineId: machine.id,
      machine: machine.resource,
      parent,
      dependsOn: way,
      ...(disk === undefined ? {} : { diskGiB: disk.sizeGiB }),
      ...(tunnel === undefined
        ? {}
        : { vpn: { plan: tunnel.planFor(name, publicAddresses), key: tunnel.privateKey(name) } }),
    });
    const privateAddress = parent.ownAddress ?? ownAddressOf(ready, publicAddress);
    const provider = remoteDocker(name, engine, ready, parent);
    return { name, provider, engine, publicAddress, privateAddress, peerAddress, machine };
  });
}
