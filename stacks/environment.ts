import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../components/host/host";
import { LocalHost } from "../components/host/local";
import { Platform } from "../components/platform/platform";
import type { Topology } from "./topology";

/** One environment: its host, and all services on it. */
export class Environment extends pulumi.ComponentResource {
  constructor(name: string, topology: Topology, opts?: pulumi.ComponentResourceOptions) {
    super("muster:index:Environment", name, {}, opts);
    const host = this.createHost(topology);
    new Platform("platform", { topology, host }, { parent: this });
    this.registerOutputs();
  }

  private createHost({ settings: { host } }: Topology): Host {
    if (host.provider === "local") return new LocalHost("main", host, { parent: this });
    // Settings that name it are refused before this; see stacks/topology/unbuilt.ts.
    throw new pulumi.RunError(`host.provider ${host.provider} can't be built by this version`);
  }
}
