import * as pulumi from "@pulumi/pulumi";
import { localHosts } from "../../components/host/local";
import { containerName } from "../../components/platform/names";
import { Environment } from "../../stacks/environment";
import { type Outputs, outputsOf } from "../../stacks/outputs";
import { syntheticTopology } from "../catalogue";

/** Our own program, but for the catalogue. */
export = (): Outputs => {
  const stack = pulumi.getStack();
  const config = new pulumi.Config();
  const topology = syntheticTopology(stack, config.requireNumber("services"), config.getObject("overrides"));
  new Environment(stack, { topology, createHosts: localHosts });
  return outputsOf(topology, (service) => containerName(stack, service));
};
