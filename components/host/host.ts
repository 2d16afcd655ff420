/** What every kind of host amounts to, once it is there. The rest of the program can't tell them apart. */
import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { Topology } from "../../stacks/topology";
import type { EngineAddress } from "./ssh";

export interface Host {
  name: string;
  /** The one provider through which anything lands on this host. */
  provider: docker.Provider;
  /** Where the Docker Engine answers our own questions: about logs, and before anything comes near data. */
  engine: pulumi.Input<EngineAddress>;
  /** Address at which clients reach the host. */
  publicAddress: pulumi.Input<string>;
  /** Its own address on that way: another one behind address translation. */
  privateAddress: pulumi.Input<string>;
  /** Address at which the other hosts of the stack reach it. */
  peerAddress: pulumi.Input<string>;
  /** The machine below it, where it can be another one tomorrow. */
  machine?: Machine;
}

/** A machine that can be thrown away. */
export interface Machine {
  /** Another value for another machine: whatever was on the former one is made anew. */
  id: pulumi.Input<string>;
  /** The machine, where we make it: what goes with it needs no removal of its own. */
  resource?: pulumi.Resource;
}

/** Makes all hosts of a topology. */
export type HostsFactory = (topology: Topology, opts: pulumi.ComponentResourceOptions) => Host[];
