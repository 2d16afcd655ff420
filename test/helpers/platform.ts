/** The graph of any topology, recorded on a stand-in host. */

import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../../components/host/host";
import { Platform } from "../../components/platform/platform";
import type { Topology } from "../../stacks/topology";
import { known } from "./hosts";
import { record, type Recording } from "./recorder";
import { engineConfig, secretValues } from "./stacks";

/** A host of any provider, as the platform sees it. */
class StandInHost extends pulumi.ComponentResource implements Host {
  readonly name = "main";
  readonly engine = "unix:///nowhere/docker.sock";
  readonly publicAddress = "203.0.113.10";
  readonly privateAddress = "10.19.0.5";
  readonly peerAddress = "10.20.0.2";
  readonly provider: docker.Provider;

  constructor() {
    super("test:host:StandIn", "main");
    this.provider = new docker.Provider("main", { host: this.engine }, { parent: this });
    this.registerOutputs();
  }
}

/** Records the platform of a topology on a stand-in host: for hosts that this version can't build yet. */
export function recordPlatform(
  topology: Topology,
  preview = false,
  secrets = secretValues,
): Promise<Recording<void>> {
  const { config, secretKeys } = engineConfig({ values: {}, encrypted: [...topology.secrets] }, secrets);
  return record({ stack: topology.stack, preview, known, config, secretKeys, timeoutSeconds: 20 }, () => {
    new Platform("platform", { topology, hosts: [new StandInHost()] });
  });
}
