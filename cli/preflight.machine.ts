/** What an `up` needs of a machine over SSH, before anything is changed on it. */
import type { Topology } from "../stacks/topology";
import { prepareAccess, ask, sshOf, tryReach } from "./access";
import { type Missing, missingImages, takenNames, tooOldEngine } from "./preflight";
import type { StackState } from "./state";

/** What is missing on the stack's machines. */
export async function missingOnMachines(
  topology: Topology,
  state: StackState | undefined,
): Promise<Missing[]> {
  const missing: Missing[] = [];
  for (const { name } of topology.hosts) missing.push(...(await missingOnMachine(topology, state, name)));
  return missing;
}

/**
 * What is missing on one of them. A cloud's machine that isn't there yet lacks nothing.
 * @throws UserError where it can't be reached: nothing else can be said then.
 */
async function missingOnMachine(
  topology: Topology,
  state: StackState | undefined,
  name: string,
): Promise<Missing[]> {
  const access = sshOf(topology, state, name);
  if (access === undefined) return [];
  await prepareAccess(topology);
  const { settings } = topology;
  if (settings.host.provider === "existing")
    await ask(access, access.user === "root" ? "true" : "sudo -n true");
  const docker = await tryReach(topology, state, name);
  if (docker === undefined) return [];
  return [
    ...(await tooOldEngine(docker)),
    ...(await missingImages(docker, topology)),
    ...(await takenNames(docker, topology, state)),
  ];
}
