import * as pulumi from "@pulumi/pulumi";
import { zoneIdOf } from "./components/edge/zoneId";
import { loadAdapter } from "./components/host/adapters";
import { readBackupStatus, unknownStatus } from "./components/host/backupStatus";
import { containerName } from "./components/platform/names";
import { backup } from "./components/services/backup/backup";
import { Environment } from "./stacks/environment";
import { type Outputs, outputsOf } from "./stacks/outputs";
import { readEngineConfig } from "./stacks/settings/engine";
import { loadTopology } from "./stacks/topology/load";

/** Settings -> topology -> environment -> outputs. Bad settings fail here, before anything is created. */
export = async (): Promise<Outputs> => {
  const stack = pulumi.getStack();
  const topology = loadTopology(__dirname, stack, readEngineConfig(), refuse);
  const { host } = topology.settings;
  const createHosts = loadAdapter(host.provider);
  const container = (service: string): string => containerName(stack, service);
  // Before all else: a busy program would hear the answer too late.
  const status =
    host.provider === "local" ? await readBackupStatus(host.engine, container(backup.name)) : unknownStatus;
  const zoneId = await zoneIdOf(topology, refuse);
  new Environment(stack, { topology, createHosts, zoneId });
  return outputsOf(topology, container, status);
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
