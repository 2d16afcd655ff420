/** Machines of a cloud that are gone, or whose replacement broke off: so that the next update makes them anew. */
import { runOnHost, SshError } from "../components/host/tunnel";
import type { Topology } from "../stacks/topology";
import { addressOf, isCloud, prepareAccess, sshOf } from "./access";
import { exported, imported, isStuck, mended } from "./deployment";
import { UserError } from "./errors";
import { runPulumi } from "./pulumi";
import { readState, type StackState } from "./state";

/**
 * The state without machines that aren't there any more; the same where all are.
 * @throws UserError where a machine is there, but doesn't answer: nothing is thrown away then.
 */
export async function withoutLost(
  topology: Topology,
  state: StackState | undefined,
): Promise<StackState | undefined> {
  if (!isCloud(topology) || state === undefined) return state;
  const { stack } = topology;
  const now = await exported(stack);
  if (isStuck(now)) {
    console.log("A machine's replacement broke off after the old one was deleted: it is made anew.");
    await imported(stack, mended(now));
    return readState(stack);
  }
  let known: StackState | undefined = state;
  for (const { name } of topology.hosts) known = await withoutLostMachine(topology, known, name);
  return known;
}

async function withoutLostMachine(
  topology: Topology,
  state: StackState | undefined,
  host: string,
): Promise<StackState | undefined> {
  const { stack } = topology;
  const access = sshOf(topology, state, host);
  if (access === undefined) return state;
  await prepareAccess(topology);
  const { code, stderr } = await runOnHost(access, "true");
  if (code === 0) return state;
  // Both: an assignment to a machine that isn't there can't be removed either.
  const targets = (state?.resources ?? [])
    .filter(({ urn }) => [`machine-${host}`, `assignment-${host}`].includes(urn.split("::").at(-1) ?? ""))
    .flatMap(({ urn }) => ["--target", urn]);
  console.log(
    `The host ${host} at ${addressOf(state, host) ?? "its address"} doesn't answer: asking its provider.`,
  );
  await runPulumi(stack, [
    "refresh",
    "-s",
    stack,
    "--yes",
    "--skip-preview",
    "--suppress-outputs",
    ...targets,
  ]);
  const now = await readState(stack);
  if (sshOf(topology, now, host) !== undefined) throw new UserError(new SshError(access, stderr).message);
  console.log(`The host ${host} is gone: a new machine gets its disk and its address.`);
  return now;
}
