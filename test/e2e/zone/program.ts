/** What stands before a stack, at Cloudflare, with its hosts played. Its settings come from the environment. */
import * as pulumi from "@pulumi/pulumi";
import { createEdge } from "../../../components/edge/edge";
import { zoneIdOf } from "../../../components/edge/zoneId";
import type { Host } from "../../../components/host/host";
import { parseSettings } from "../../../stacks/settings/parse";
import { topologyOf } from "../../../stacks/topology";

const values = JSON.parse(process.env["MUSTER_TEST_SETTINGS"] ?? "{}") as Record<string, unknown>;
const stack = pulumi.getStack();
const encrypted = ["sshKey", "digitaloceanToken", "cloudflareToken"];

export = async (): Promise<void> => {
  const settings = parseSettings({ source: "the test", values, encrypted });
  const topology = topologyOf(stack, settings);
  // As it is in index.ts.
  const zoneId = await zoneIdOf(topology, refuse);
  const parent = new pulumi.ComponentResource("muster:index:Environment", stack, {});
  const hosts = topology.hosts.map(({ name }) => {
    const address = pulumi.output(process.env["MUSTER_TEST_ADDRESS"] ?? "203.0.113.10");
    return { name, publicAddress: address, privateAddress: address, peerAddress: address } as unknown as Host;
  });
  createEdge({ topology, hosts, zoneId }, { parent });
};

/** As index.ts does it. */
function refuse(message: string): never {
  const error = new pulumi.RunError(message);
  error.stack = message;
  throw error;
}
