/** What every kind of host amounts to, once it is there. The rest of the program can't tell them apart. */
import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";

export interface Host {
  name: string;
  /** The one provider through which anything lands on this host. */
  provider: docker.Provider;
  /** Address of the Docker Engine, for reading logs when something fails. */
  engine: pulumi.Input<string>;
  /** Address at which clients reach the host. */
  publicAddress: pulumi.Input<string>;
  /** Its own address on that way: another one behind address translation. */
  privateAddress: pulumi.Input<string>;
}
