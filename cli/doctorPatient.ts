/** What the doctor is told of a running stack: from its file, its state, and its engines. */
import type Docker from "dockerode";
import { execute } from "../components/host/engine";
import { containerName } from "../components/platform/names";
import { isLocalDomain, tlsMode } from "../components/services/tls";
import type { Patient } from "../doctor/patient";
import { type Trust, trustBesides } from "../probe/net/trust";
import { clientAddress } from "../stacks/plan";
import type { Settings } from "../stacks/settings/schema";
import { type SecretSetting, secretSettings } from "../stacks/settings/secrets";
import type { Topology } from "../stacks/topology";
import { mainHost } from "../stacks/topology/hosts";
import { addressOf, prepareAccess, tryReach } from "./access";
import { secretOf } from "./backupKeys";
import { sessions } from "./doctorSession";
import { UserError } from "./errors";
import { runnable } from "./load";
import { missingTools, requireAll } from "./preflight";
import { prepareProject } from "./project";
import { outputOf, readState, type StackState } from "./state";

/** @throws UserError where the stack was never brought up. */
export async function patientOf(stack: string): Promise<Patient> {
  const topology = runnable(stack);
  prepareProject(stack);
  await requireAll(await missingTools());
  const state = await readState(stack);
  if (state === undefined || state.resources.length === 0)
    throw new UserError(
      `Stack ${stack} isn't up: there is nothing to check.\n  fix: ${stack === "local" ? "npm start" : `npm run up -- ${stack}`}; npm run doctor -- ${stack} --before checks what that needs`,
    );
  const prepared = prepareAccess(topology);
  const { engines, unreachable } = await enginesOf(topology.hosts, async (host) => {
    await prepared;
    return tryReach(topology, state, host, reachSeconds);
  });
  const clientsFind = (host: string): string | undefined =>
    clientAddress(topology.settings, host) ?? addressOf(state, host);
  const trust = await trustOf(topology, engines, clientsFind(mainHost));
  const secret = (name: string): Promise<string> => secretIn(topology, state, name);
  const { session, leave } = sessions({
    ...{ topology, engines, unreachable, trust, secret },
    addressOf: clientsFind,
  });
  return {
    topology,
    engines,
    unreachable,
    trust,
    secret,
    addressOf: clientsFind,
    session,
    leave,
  };
}

/** A machine that is there answers sooner. */
const reachSeconds = 8;

/**
 * All engines at once: a host that can't be reached is a finding, and no reason not to look at the others, nor to let
 * them wait.
 */
export async function enginesOf(
  hosts: readonly { name: string }[],
  reach: (host: string) => Promise<Docker | undefined>,
): Promise<Pick<Patient, "engines" | "unreachable">> {
  const engines = new Map<string, Docker>();
  const unreachable = new Map<string, string>();
  const look = async (name: string): Promise<void> => {
    try {
      const docker = await reach(name);
      if (docker === undefined) unreachable.set(name, "it has no Docker Engine");
      else engines.set(name, docker);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      unreachable.set(name, error.message.split("\n")[0] ?? "");
    }
  };
  await Promise.all(hosts.map(({ name }) => look(name)));
  return { engines, unreachable };
}

/** A name that the state or, where the operator gave the secret, the settings know. */
async function secretIn(topology: Topology, state: StackState, name: string): Promise<string> {
  const setting = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  if (Object.hasOwn(secretSettings, setting) && topology.secrets.has(setting as SecretSetting))
    return secretOf(topology, setting as SecretSetting);
  const value = outputOf(state, name, "result");
  if (value === undefined) throw new Error(`the state has no secret ${name}`);
  return value;
}

/** Caddy's own authority is trusted alone, another one besides the public ones. @param address of the main host. */
export async function trustOf(
  { stack, settings }: Topology,
  engines: Patient["engines"],
  address: string | undefined,
): Promise<Trust> {
  const there = isLocalDomain(settings.domain) ? { address: siteAddress(settings, address) } : {};
  const mode = tlsMode(settings);
  if (mode === "acme") return { ...there, ...trustBesides(settings.edge.authority?.root) };
  const docker = engines.get(mainHost);
  if (mode !== "internal" || docker === undefined) return there;
  const path = "/data/caddy/pki/authorities/local/root.crt";
  const read = await execute(docker, containerName(stack, "caddy"), ["cat", path]).catch(() => undefined);
  return read?.code === 0 ? { ...there, ca: read.output } : there;
}

/** No resolver knows the names below `localhost`: they stand for the machine itself. */
const siteAddress = ({ host }: Settings, address: string | undefined): string | undefined =>
  host.provider === "local" ? host.bind.replace("0.0.0.0", "127.0.0.1") : address;
