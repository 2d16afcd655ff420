import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { Topology } from "../../stacks/topology";
import { machineIdentity } from "../../stacks/topology/hosts";
import type { Host, HostsFactory, Machine } from "./host";
import { remoteDocker, setUpMachine } from "./remote";
import { peerAddressesOf, serverPlanOf } from "./servers";
import { accessOf, type Server, serversOf, type SshAccess } from "./ssh";
import { clientKey as publicKeyOf } from "./sshKeys";
import { type TunnelKeys, tunnelKeys } from "./vpn";

interface ExistingArgs {
  topology: Topology;
  server: Server;
  /** Addresses at which the hosts reach each other, by name. */
  peerAddresses: Readonly<Record<string, string>>;
  /** Public addresses of all hosts, by name. */
  publicAddresses: Readonly<Record<string, string>>;
  tunnel: TunnelKeys | undefined;
  /** Public half of the key with which Muster logs in. */
  clientKey: pulumi.Input<string>;
}

/** A server that is there already: any Debian or Ubuntu with SSH. */
export class ExistingHost extends pulumi.ComponentResource implements Host {
  readonly provider: docker.Provider;
  readonly engine: SshAccess;
  readonly publicAddress: string;
  readonly privateAddress: string;
  readonly peerAddress: string;
  readonly machine: Machine;

  constructor(
    readonly name: string,
    { topology, server, peerAddresses, publicAddresses, tunnel, clientKey }: ExistingArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("muster:host:ExistingHost", name, {}, opts);
    const { user } = server;
    this.engine = accessOf(topology, name, server);
    this.publicAddress = server.address;
    this.privateAddress = server.privateAddress ?? server.address;
    this.peerAddress = peerAddresses[name] ?? this.privateAddress;
    this.machine = { id: machineIdentity(topology.settings, name) ?? "" };
    const plan = serverPlanOf(topology, name, server);
    const ready = setUpMachine(name, {
      topology,
      plan,
      user,
      access: this.engine,
      clientKey,
      machineId: this.machine.id,
      parent: this,
      ...(tunnel === undefined
        ? {}
        : { vpn: { plan: tunnel.planFor(name, publicAddresses), key: tunnel.privateKey(name) } }),
    });
    this.provider = remoteDocker(name, this.engine, ready, this);
    this.registerOutputs();
  }
}

export const existingHosts: HostsFactory = (topology, opts) => {
  const servers = serversOf(topology);
  const shared = {
    topology,
    peerAddresses: peerAddressesOf(topology),
    publicAddresses: Object.fromEntries(
      Object.entries(servers).map(([name, { address }]) => [name, address]),
    ),
    tunnel: tunnelKeys(topology, opts),
    clientKey: publicKeyOf(new tls.Provider("tls", {}, opts)),
  };
  return Object.entries(servers).map(([name, server]) => new ExistingHost(name, { ...shared, server }, opts));
};
