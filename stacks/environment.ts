import * as pulumi from "@pulumi/pulumi";
import type { HostsFactory } from "../components/host/host";
import { Platform } from "../components/platform/platform";
import type { Topology } from "./topology";

/** One environment: its hosts, and all services on them. */
export class Environment extends pulumi.ComponentResource {
  constructor(
    name: string,
    topology: Topology,
    createHosts: HostsFactory,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("muster:index:Environment", name, {}, opts);
    const hosts = createHosts(topology, { parent: this });
    new Platform("platform", { topology, hosts }, { parent: this });
    this.registerOutputs();
  }
}
