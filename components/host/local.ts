import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { HostSettings } from "../../stacks/settings/schema";
import { mainHost } from "../../stacks/topology/hosts";
import type { Host, HostsFactory } from "./host";

/** This machine's own Docker Engine. */
export class LocalHost extends pulumi.ComponentResource implements Host {
  readonly provider: docker.Provider;
  readonly engine: string;
  readonly publicAddress: string;
  readonly privateAddress: string;
  readonly peerAddress: string;

  constructor(
    readonly name: string,
    settings: Extract<HostSettings, { provider: "local" }>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("muster:host:LocalHost", name, {}, opts);
    this.engine = settings.engine;
    this.publicAddress = settings.address;
    this.privateAddress = settings.privateAddress ?? settings.address;
    this.peerAddress = this.privateAddress;
    // Both are always given: a stray DOCKER_HOST or DOCKER_CONTEXT must not decide where containers land.
    this.provider = new docker.Provider(name, { host: settings.engine, context: "" }, { parent: this });
    this.registerOutputs();
  }
}

export const localHosts: HostsFactory = ({ settings: { host } }, opts) => {
  if (host.provider !== "local") throw new Error(`not a local host: ${host.provider}`);
  return [new LocalHost(mainHost, host, opts)];
};
