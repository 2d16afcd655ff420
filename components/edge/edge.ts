/** What stands before the sites, as the rest of the program sees it. */
import type * as pulumi from "@pulumi/pulumi";
import type { Topology } from "../../stacks/topology";
import type { Host } from "../host/host";

export interface EdgeArgs {
  topology: Topology;
  hosts: readonly Host[];
  /** Id of the zone, where Cloudflare is the edge. */
  zoneId: string | undefined;
}

/** What services get from the edge: secrets by the names under which they use them. */
export type EdgeSecrets = Readonly<Record<string, pulumi.Output<string>>>;

/** Makes the edge of a stack; without one there is nothing to make. Cloudflare's SDK is loaded for its stacks alone. */
export function createEdge(args: EdgeArgs, opts: pulumi.ComponentResourceOptions): EdgeSecrets {
  const { zone } = args.topology.edge;
  if (zone === undefined) return {};
  if (args.zoneId === undefined) throw new Error(`nobody has looked the zone ${zone.name} up`);
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- as in components/host/adapters.ts
  const { CloudflareEdge } = require("./cloudflare") as typeof import("./cloudflare");
  return new CloudflareEdge("edge", { ...args, zone, zoneId: args.zoneId }, opts).secrets;
}
