/** What an `up` needs of a machine over SSH, before anything is changed on it. */
import type { Topology } from "../stacks/topology";
import { prepareAccess, ask, sshOf, tryReach } from "./access";
import { type Missing, missingImages, takenNames, tooOldEngine } from "./preflight";
import type { StackState } from "./state";

/**
 * What is missing on the stack's machine. A cloud's machine that isn't there yet lacks nothing.
 * @throws UserError where it can't be reached: nothing else can be said then.
 */
export async function missingOnMachine(
  topology: Topology,
  state: StackState | undefined,
): Promise<Missing[]> {
  const access = sshOf(topology, state);
  if (access === undefined) return [];
  await prepareAccess(topology);
  const { settings } = topology;
  if (settings.host.provider === "existing")
    await ask(access, access.user === "root" ? "true" : "sudo -n true");
  const docker = await tryReach(topology, state);
  if (docker === undefined) return [];
  return [
    ...(await tooOldEngine(docker)),
    ...(await missingImages(docker, topology)),
    ...(await takenNames(docker, topology, state)),
  ];
}
