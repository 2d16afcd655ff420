import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { HostSettings } from "../../stacks/settings/schema";
import type { Topology } from "../../stacks/topology";
import type { Host, HostFactory, Machine } from "./host";
import { machinePlanOf } from "./machinePlan";
import { remoteDocker, setUpMachine } from "./remote";
import { accessOf, type SshAccess } from "./ssh";
import { clientKey } from "./sshKeys";

type Settings = Extract<HostSettings, { provider: "existing" }>;

/** A server that is there already: any Debian or Ubuntu with SSH. */
export class ExistingHost extends pulumi.ComponentResource implements Host {
  readonly provider: docker.Provider;
  readonly engine: SshAccess;
  readonly publicAddress: string;
  readonly privateAddress: string;
  readonly machine: Machine;

  constructor(
    readonly name: string,
    topology: Topology,
    settings: Settings,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("muster:host:ExistingHost", name, {}, opts);
    this.engine = accessOf(topology.stack, settings);
    this.publicAddress = settings.address;
    this.privateAddress = settings.privateAddress ?? settings.address;
    this.machine = { id: machineIdOf(settings) };
    const plan = machinePlanOf(topology, name, {
      user: settings.user,
      sshPort: settings.port,
      anchor: false,
      ...(settings.dataDisk === undefined ? {} : { device: settings.dataDisk }),
    });
    const args = {
      plan,
      access: this.engine,
      clientKey: clientKey(new tls.Provider(name, {}, { parent: this })),
      machineId: this.machine.id,
    };
    this.provider = remoteDocker(name, this.engine, setUpMachine(name, args, this), this);
    this.registerOutputs();
  }
}

/** A server that was installed anew shows another host key; where it doesn't, people say so. */
export const machineIdOf = ({ hostKey, generation }: Settings): string => `${hostKey} ${generation}`;

export const existingHost: HostFactory = (name, topology, opts) => {
  const { host } = topology.settings;
  if (host.provider !== "existing") throw new Error(`not an existing host: ${host.provider}`);
  return new ExistingHost(name, topology, host, opts);
};
