import * as pulumi from "@pulumi/pulumi";
import { containerName } from "./components/platform/names";
import { Environment } from "./stacks/environment";
import { type Outputs, outputsOf } from "./stacks/outputs";
import { readEngineConfig } from "./stacks/settings/engine";
import { loadTopology } from "./stacks/topology/load";

/** Settings -> topology -> environment -> outputs. Bad settings fail here, before anything is created. */
export = (): Outputs => {
  const stack = pulumi.getStack();
  const topology = loadTopology(stack, readEngineConfig(), (message) => {
    throw new pulumi.RunError(message);
  });
  new Environment(stack, topology);
  return outputsOf(topology, (service) => containerName(stack, service));
};
