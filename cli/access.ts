/** How our own verbs reach the Docker Engine of a stack's host, wherever it is. */
import type Docker from "dockerode";
import { connect } from "../components/host/engine";
import { accessOf, type EngineAddress, serversOf, type SshAccess } from "../components/host/ssh";
import { EngineMissing, runOnHost, SshError, writeKey } from "../components/host/tunnel";
import { mainHost } from "../stacks/topology/hosts";
import { sshAddress } from "../stacks/topology/tunnel";
import type { Topology } from "../stacks/topology";
import { secretOf } from "./backupKeys";
import { UserError } from "./errors";
import { prepareProject } from "./project";
import { outputOf, readState, type StackState, type StateResource } from "./state";

/** Stacks whose key lies where `ssh` looks for it. */
const prepared = new Set<string>();

/** Puts the stack's SSH key where `ssh` finds it; once for each run of ours. The stack must be open. */
export async function prepareAccess(topology: Topology): Promise<void> {
  const { stack } = topology;
  if (!isRemote(topology) || prepared.has(stack)) return;
  writeKey(stack, await secretOf(topology, "sshKey"));
  prepared.add(stack);
}

/** Whether a stack's hosts are other machines than this one. */
export const isRemote = ({ settings }: Topology): boolean => settings.host.provider !== "local";

/** Whether they are machines that a cloud makes for us. */
export const isCloud = ({ settings: { host } }: Topology): boolean =>
  host.provider === "digitalocean" || host.provider === "aws";

/** Who logs in at each cloud's machines. */
const cloudUser = { digitalocean: "root", aws: "admin" } as const;

/**
 * Where a host's engine answers: as the settings say it, or as the state knows the machine that was made.
 * `undefined` where no machine has been made yet.
 */
export function engineOf(
  topology: Topology,
  state: StackState | undefined,
  name = mainHost,
): EngineAddress | undefined {
  const { stack, settings } = topology;
  const { host } = settings;
  if (host.provider === "local") return host.engine;
  if (host.provider === "existing") {
    const server = serversOf(topology)[name];
    return server === undefined ? undefined : accessOf(topology, name, server);
  }
  const address = addressOf(state, name);
  const hostKey = outputOf(state, `host-key-${name}`, "publicKeyOpenssh")?.trim();
  // Address and key outlive the machine; and the address is of use once it is the machine's.
  const there = machineOf(state, name) !== undefined && partOf(state, `assignment-${name}`) !== undefined;
  if (address === undefined || hostKey === undefined || !there) return undefined;
  const at = sshAddress(topology, name, address);
  return { stack, host: name, address: at, port: 22, user: cloudUser[host.provider], hostKey };
}

/** A cloud's machine, as the state knows it. */
export const machineOf = (state: StackState | undefined, host: string): StateResource | undefined =>
  partOf(state, `machine-${host}`);

const partOf = (state: StackState | undefined, name: string): StateResource | undefined =>
  state?.resources.find(
    ({ urn, delete: replaced, pendingReplacement: deleted }) =>
      urn.endsWith(`::${name}`) && replaced !== true && deleted !== true,
  );

/** The reserved address of a cloud's host. */
export const addressOf = (state: StackState | undefined, host: string): string | undefined =>
  outputOf(state, `address-${host}`, "ipAddress") ?? outputOf(state, `address-${host}`, "publicIp");

/** As `engineOf`, for a machine; `undefined` for this machine's own engine. */
export function sshOf(
  topology: Topology,
  state: StackState | undefined,
  name: string,
): SshAccess | undefined {
  const engine = engineOf(topology, state, name);
  return typeof engine === "string" ? undefined : engine;
}

/** The state, where a host's address stands in it alone. */
export const stateFor = async (topology: Topology): Promise<StackState | undefined> =>
  isCloud(topology) ? readState(topology.stack) : undefined;

/**
 * The engine of one of a stack's hosts; `undefined` where the machine has none yet.
 * @param state where it is known already.
 * @param withinSeconds how long a machine may take to answer. Default: one that is starting is waited for.
 * @throws UserError where the machine can't be reached.
 */
export async function tryReach(
  topology: Topology,
  state?: StackState,
  name = mainHost,
  withinSeconds?: number,
): Promise<Docker | undefined> {
  if (isRemote(topology)) prepareProject(topology.stack);
  const engine = engineOf(topology, state ?? (await stateFor(topology)), name);
  if (engine === undefined) return undefined;
  await prepareAccess(topology);
  try {
    return await connect(engine, withinSeconds);
  } catch (error) {
    if (error instanceof EngineMissing) return undefined;
    throw error instanceof SshError ? new UserError(error.message) : error;
  }
}

/**
 * The engine of one of a stack's hosts.
 * @throws UserError where it isn't there yet, or can't be reached.
 */
export async function reach(topology: Topology, state?: StackState, name = mainHost): Promise<Docker> {
  const docker = await tryReach(topology, state, name);
  if (docker !== undefined) return docker;
  const { stack } = topology;
  throw new UserError(
    `The host ${name} of stack ${stack} has no Docker Engine yet.\n  fix: bring the stack up first (npm run up -- ${stack})`,
  );
}

/** The engines of all hosts that have one, by the hosts' names. */
export async function reachAll(topology: Topology, state?: StackState): Promise<Map<string, Docker>> {
  const known = state ?? (await stateFor(topology));
  const engines = new Map<string, Docker>();
  for (const { name } of topology.hosts) {
    const docker = await tryReach(topology, known, name);
    if (docker !== undefined) engines.set(name, docker);
  }
  return engines;
}

/** Asks the machine something over SSH. @throws UserError where it can't be reached. */
export async function ask(access: SshAccess, command: string, input?: string): Promise<string> {
  const { code, stdout, stderr } = await runOnHost(access, command, input);
  if (code === 255) throw new UserError(new SshError(access, stderr).message);
  if (code !== 0) throw new UserError(stderr.trim() === "" ? stdout.trim() : stderr.trim());
  return stdout;
}
