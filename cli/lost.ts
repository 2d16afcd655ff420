/** Machines of a cloud that are gone, or whose replacement broke off: so that the next verb gets past them. */
import { runOnHost, SshError } from "../components/host/tunnel";
import type { Topology } from "../stacks/topology";
import { addressOf, isCloud, machineOf, prepareAccess, sshOf } from "./access";
import { exported, imported, isStuck, mended, withoutMachine } from "./deployment";
import { UserError } from "./errors";
import { runPulumi } from "./pulumi";
import { readState, type StackState, type StateResource } from "./state";

/**
 * The state without machines that aren't there any more, or are switched off; the same where all answer.
 * @param silent what becomes of a machine that runs, but doesn't answer. Default: it is refused.
 * @throws UserError where one is refused, or its provider can't be asked: nothing is thrown away then.
 */
export async function withoutLost(
  topology: Topology,
  state: StackState | undefined,
  silent: "refused" | "kept" = "refused",
): Promise<StackState | undefined> {
  if (!isCloud(topology) || state === undefined) return state;
  const { stack } = topology;
  let known: StackState | undefined = state;
  const now = await exported(stack);
  if (isStuck(now)) {
    console.log("A machine's replacement broke off: it goes on from there.");
    await imported(stack, mended(now));
    known = await readState(stack);
  }
  for (const { name } of topology.hosts) known = await withoutLostMachine(topology, known, name, silent);
  return known;
}

async function withoutLostMachine(
  topology: Topology,
  state: StackState | undefined,
  host: string,
  silent: "refused" | "kept",
): Promise<StackState | undefined> {
  const { stack } = topology;
  const access = sshOf(topology, state, host);
  const machine = machineOf(state, host);
  // What has no address yet is asked about as well.
  if (machine === undefined) return state;
  await prepareAccess(topology);
  const said = access === undefined ? undefined : await runOnHost(access, "true");
  if (said?.code === 0) return state;
  const address = addressOf(state, host) ?? "its address";
  console.log(`The host ${host} doesn't answer at ${address}: its provider is asked.`);
  const before = await exported(stack);
  await askProvider(stack, state, [`machine-${host}`, `assignment-${host}`]);
  const now = await readState(stack);
  const found = machineOf(now, host);
  if (now === undefined || found === undefined) {
    await imported(stack, withoutMachine(before, machine.urn));
    console.log(`The host ${host} is gone: its machine isn't there any more.`);
    return readState(stack);
  }
  if (isOff(found)) {
    console.log(`The host ${host} is switched off.`);
    return { ...now, resources: now.resources.filter((resource) => resource !== found) };
  }
  const known = sshOf(topology, now, host);
  if (access === undefined || known === undefined || silent === "kept") return now;
  throw new UserError(new SshError(known, said?.stderr ?? "").message);
}

/** Has the engine look whether parts of a stack are there; what isn't, leaves the state. */
async function askProvider(
  stack: string,
  state: StackState | undefined,
  names: readonly string[],
): Promise<void> {
  const targets = (state?.resources ?? [])
    .filter(({ urn }) => names.includes(urn.split("::").at(-1) ?? ""))
    .flatMap(({ urn }) => ["--target", urn]);
  const code = await runPulumi(stack, [
    "refresh",
    "-s",
    stack,
    "--yes",
    "--skip-preview",
    "--suppress-outputs",
    ...targets,
  ]);
  if (code !== 0)
    throw new UserError(
      "The provider can't be asked whether the machine is still there; see above. Nothing was changed.",
    );
}

/** As DigitalOcean and AWS say it. */
const isOff = ({ outputs = {} }: StateResource): boolean =>
  outputs["status"] === "off" || outputs["instanceState"] === "stopped";

/** What may help where an update has failed and a machine isn't there. */
export async function adviceFor(topology: Topology): Promise<string[]> {
  if (topology.settings.host.provider !== "digitalocean") return [];
  const state = await readState(topology.stack);
  return topology.hosts
    .filter(({ name }) => machineOf(state, name) === undefined)
    .map(
      ({ name }) =>
        `The host ${name} has no machine. Where it was refused because its disk is attached already, an answer was lost earlier: delete the droplet that has the disk in DigitalOcean's console (the disk stays), and run the same command again.`,
    );
}
