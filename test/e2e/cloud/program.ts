/** A stack at DigitalOcean with one network of containers on its machine. Its settings come from the environment. */
import "./played";
import * as pulumi from "@pulumi/pulumi";
import { digitaloceanHosts } from "../../../components/host/digitalocean";
import { Environment } from "../../../stacks/environment";
import { parseSettings } from "../../../stacks/settings/parse";
import { topologyOf } from "../../../stacks/topology";

const values = JSON.parse(process.env["MUSTER_TEST_SETTINGS"] ?? "{}") as Record<string, unknown>;
const encrypted = ["sshKey", "digitaloceanToken"];
const stack = pulumi.getStack();
const topology = topologyOf(stack, parseSettings({ source: "the test", values, encrypted }));
const networks = topology.networks.filter(({ internal }) => internal).slice(0, 1);
new Environment(stack, {
  topology: { ...topology, services: [], networks },
  createHosts: digitaloceanHosts,
});
