/** How our own verbs reach the Docker Engine of a stack's host, wherever it is. */
import type Docker from "dockerode";
import { connect } from "../components/host/engine";
import { accessOf, type EngineAddress, type SshAccess } from "../components/host/ssh";
import { EngineMissing, runOnHost, SshError, writeKey } from "../components/host/tunnel";
import { mainHost } from "../stacks/topology/hosts";
import type { Topology } from "../stacks/topology";
import { secretOf } from "./backupKeys";
import { UserError } from "./errors";
import { prepareProject } from "./project";
import { outputOf, readState, type StackState } from "./state";

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

/** Who logs in at each cloud's machines. */
const cloudUser = { digitalocean: "root", aws: "admin" } as const;

/**
 * Where a host's engine answers: as the settings say it, or as the state knows the machine that was made.
 * `undefined` where no machine has been made yet.
 */
export function engineOf(
  { stack, settings: { host } }: Topology,
  state: StackState | undefined,
  name = mainHost,
): EngineAddress | undefined {
  if (host.provider === "local") return host.engine;
  if (host.provider === "existing") return accessOf(stack, host);
  const address =
    outputOf(state, `address-${name}`, "ipAddress") ?? outputOf(state, `address-${name}`, "publicIp");
  const hostKey = outputOf(state, `host-key-${name}`, "publicKeyOpenssh")?.trim();
  if (address === undefined || hostKey === undefined) return undefined;
  return { stack, host: name, address, port: 22, user: cloudUser[host.provider], hostKey };
}

/** As `engineOf`, for a machine; `undefined` for this machine's own engine. */
export function sshOf(topology: Topology, state: StackState | undefined): SshAccess | undefined {
  const engine = engineOf(topology, state);
  return typeof engine === "string" ? undefined : engine;
}

/**
 * The engine of a stack's host; `undefined` where the machine has none yet.
 * @param state where it is known already; a cloud's machine is looked up in it.
 * @throws UserError where the machine can't be reached.
 */
export async function tryReach(topology: Topology, state?: StackState): Promise<Docker | undefined> {
  const { provider } = topology.settings.host;
  if (isRemote(topology)) prepareProject(topology.stack);
  const isCloud = provider === "digitalocean" || provider === "aws";
  const engine = engineOf(topology, isCloud ? (state ?? (await readState(topology.stack))) : state);
  if (engine === undefined) return undefined;
  await prepareAccess(topology);
  try {
    return await connect(engine);
  } catch (error) {
    if (error instanceof EngineMissing) return undefined;
    throw error instanceof SshError ? new UserError(error.message) : error;
  }
}

/**
 * The engine of a stack that is there.
 * @throws UserError where it isn't, or can't be reached.
 */
export async function reach(topology: Topology, state?: StackState): Promise<Docker> {
  const docker = await tryReach(topology, state);
  if (docker !== undefined) return docker;
  const { stack } = topology;
  throw new UserError(
    `The host of stack ${stack} has no Docker Engine yet.\n  fix: bring the stack up first (npm run up -- ${stack})`,
  );
}

/** Asks the machine something over SSH. @throws UserError where it can't be reached. */
export async function ask(access: SshAccess, command: string, input?: string): Promise<string> {
  const { code, stdout, stderr } = await runOnHost(access, command, input);
  if (code === 255) throw new UserError(new SshError(access, stderr).message);
  if (code !== 0) throw new UserError(stderr.trim() === "" ? stdout.trim() : stderr.trim());
  return stdout;
}
