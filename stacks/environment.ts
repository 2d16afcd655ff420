import * as pulumi from "@pulumi/pulumi";
import { createEdge } from "../components/edge/edge";
import type { HostsFactory } from "../components/host/host";
import { Platform } from "../components/platform/platform";
import type { Topology } from "./topology";

interface EnvironmentArgs {
  topology: Topology;
  createHosts: HostsFactory;
  /** Id of its zone, where Cloudflare is its edge. */
  zoneId?: string | undefined;
}

/** One environment: its hosts, what stands before them, and all services on them. */
export class Environment extends pulumi.ComponentResource {
  constructor(
    name: string,
    { topology, createHosts, zoneId }: EnvironmentArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("muster:index:Environment", name, {}, opts);
    const hosts = createHosts(topology, { parent: this });
    const edgeSecrets = createEdge({ topology, hosts, zoneId }, { parent: this });
    new Platform("platform", { topology, hosts, edgeSecrets }, { parent: this });
    this.registerOutputs();
  }
}
