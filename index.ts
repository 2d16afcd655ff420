import * as pulumi from "@pulumi/pulumi";
import { containerName } from "./components/platform/names";
import { Environment } from "./stacks/environment";
import { type Outputs, outputsOf } from "./stacks/outputs";
import { readEngineConfig } from "./stacks/settings/engine";
import { loadTopology } from "./stacks/topology/load";

/** Settings -> topology -> environment -> outputs. Bad settings fail here, before anything is created. */
export = (): Outputs => {
  const stack = pulumi.getStack();
  const topology = loadTopology(stack, readEngineConfig(), refuse);
  new Environment(stack, topology);
  return outputsOf(topology, (service) => containerName(stack, service));
};

/**
 * Without a stack trace: nobody is shown it, but the SDK formats it all the same, and Node 20 takes twenty seconds
 * and half a gigabyte for one of the SDK's own frames (util.inspect with colours, `node_modules/@pulumi/resource.ts`).
 */
function refuse(message: string): never {
  const error = new pulumi.RunError(message);
  error.stack = message;
  throw error;
}
