/** What the state says: which containers and networks a stack knows, and whether an update broke off. */
import { existsSync, readFileSync } from "node:fs";
import { mainHost } from "../stacks/topology/hosts";
import type { DataPlace } from "../stacks/topology/moves";
import { passphraseFix } from "./decrypt";
import { UserError } from "./errors";
import { checkpointFile, passphraseSource, stateDir } from "./project";
import { capturePulumi } from "./pulumi";

export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  parent?: string;
  /** Replaced already, and only waiting for its removal. */
  delete?: boolean;
  /** Deleted already, and only waiting to be made anew. */
  pendingReplacement?: boolean;
  /** What it was made for: another value asks for another one. */
  replacementTrigger?: string | number | undefined;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  protect?: boolean;
}
export interface StackState {
  resources: readonly StateResource[];
  pendingOperations: number;
}

export const resourceTypes = {
  stack: "pulumi:pulumi:Stack",
  service: "muster:platform:Service",
  container: "docker:index/container:Container",
  network: "docker:index/network:Network",
  volume: "docker:index/volume:Volume",
} as const;

/**
 * A stack's state, decrypted; `undefined` where the stack doesn't exist yet.
 * @throws UserError when it is damaged, or the passphrase is another one: before anything is changed.
 */
export async function readState(stack: string): Promise<StackState | undefined> {
  readCheckpoint(stack);
  const list = await capturePulumi(stack, ["stack", "ls", "--json"]);
  if (list.code !== 0) throw new UserError(`The state backend can't be read.\n${list.stderr.trim()}`);
  const stacks = JSON.parse(list.stdout) as { name: string }[];
  if (!stacks.some(({ name }) => name.split("/").at(-1) === stack)) return undefined;
  const { code, stdout, stderr } = await capturePulumi(stack, [
    "stack",
    "export",
    "-s",
    stack,
    "--show-secrets",
  ]);
  if (code !== 0) throw unreadable(stack, stderr.trim());
  const { deployment } = JSON.parse(stdout) as {
    deployment: { resources?: StateResource[]; pending_operations?: unknown[] } | null;
  };
  return {
    resources: deployment?.resources ?? [],
    pendingOperations: deployment?.pending_operations?.length ?? 0,
  };
}

/**
 * Makes the stack in its state backend.
 * @param secretsProvider as Pulumi names it. Default: the one that the stack's file names, or the backend's own.
 */
export async function initStack(stack: string, secretsProvider?: string): Promise<void> {
  const provider = secretsProvider === undefined ? [] : ["--secrets-provider", secretsProvider];
  const { code, stderr } = await capturePulumi(stack, ["stack", "init", stack, "--no-select", ...provider]);
  if (code !== 0) throw new UserError(`The stack ${stack} can't be made.\n${stderr.trim()}`);
}

function unreadable(stack: string, reason: string): UserError {
  const wrong = reason.includes("incorrect passphrase");
  return new UserError(
    [
      `The state of stack ${stack} can't be read: ${wrong ? "incorrect passphrase" : reason}`,
      ...(wrong
        ? [
            `  given:   the passphrase from ${passphraseSource()}`,
            `  allowed: the one that the stack was made with`,
            `  fix:     ${passphraseFix}; nothing was changed`,
          ]
        : [`  fix:     see the reason above; nothing was changed`]),
    ].join("\n"),
  );
}

/**
 * A stack's state as it lies in a file backend: secrets still encrypted, so nobody is asked for a passphrase.
 * `undefined` where the stack, or such a backend, isn't there.
 * @throws UserError when it is no JSON: one clear error, before anything is asked of the engine.
 */
export function readCheckpoint(stack: string): unknown {
  const dir = stateDir(stack);
  if (dir === undefined) return undefined;
  const file = checkpointFile(dir, stack);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UserError(
      [
        `The state of stack ${stack} is damaged: ${file}`,
        `  found:   ${(error as Error).message}`,
        `  allowed: the JSON that Pulumi writes`,
        `  fix:     put the copy before the last change back: cp "${file}.bak" "${file}"; nothing was changed`,
      ].join("\n"),
    );
  }
}

const ids = (type: string) => (state: StackState | undefined) =>
  new Set(
    (state?.resources ?? []).flatMap((resource) => (resource.type === type ? (resource.id ?? []) : [])),
  );
export const containerIds = ids(resourceTypes.container);
export const networkIds = ids(resourceTypes.network);
export const volumeNames = ids(resourceTypes.volume);

/** All resources of a state: one that `readState` gives, an export, or a file backend's checkpoint. */
function resourcesIn(state: unknown): readonly StateResource[] {
  const { resources, deployment, checkpoint } = (state ?? {}) as {
    resources?: StateResource[];
    deployment?: { resources?: StateResource[] } | null;
    checkpoint?: { latest?: { resources?: StateResource[] } | null };
  };
  return resources ?? deployment?.resources ?? checkpoint?.latest?.resources ?? [];
}

/** Kinds of hosts by the end of their components' types. */
const hostKinds: Readonly<Record<string, DataPlace["provider"]>> = {
  LocalHost: "local",
  ExistingHost: "existing",
  DigitaloceanHost: "digitalocean",
  AwsHost: "aws",
};

/** Where a stack's data are; `undefined` where it has none yet. */
export function dataPlaceOf(state: unknown): DataPlace | undefined {
  const all = resourcesIn(state);
  const named = (name: string): StateResource | undefined => all.find(({ urn }) => urn.endsWith(`::${name}`));
  const host = all.find(({ type, urn }) => type.startsWith("muster:host:") && urn.endsWith(`::${mainHost}`));
  const provider =
    hostKinds[host?.type.split(":").at(-1) ?? ""] ?? diskProvider(named(`disk-${mainHost}`)?.type);
  const holdsData = all.some(({ type, protect }) => protect === true && type !== resourceTypes.stack);
  if (provider === undefined || !holdsData) return undefined;
  const { region, size, availabilityZone } = (named(`disk-${mainHost}`)?.inputs ?? {}) as {
    region?: string;
    size?: number;
    availabilityZone?: string;
  };
  const zone = availabilityZone?.slice(-1);
  return {
    provider,
    ...(region !== undefined
      ? { region }
      : availabilityZone !== undefined
        ? { region: availabilityZone.slice(0, -1) }
        : {}),
    ...(zone === undefined ? {} : { zone }),
    ...(size === undefined ? {} : { diskGiB: size }),
  };
}

/** What made each host's machine the one that it is, by the hosts' names: as `machineIdentity` says it. */
export function knownMachines(state: unknown): Record<string, string> {
  const there = resourcesIn(state).filter(({ delete: replaced }) => replaced !== true);
  const known = (kind: string, identity: (resource: StateResource) => unknown): Record<string, string> =>
    Object.fromEntries(
      there.flatMap((resource) => {
        const [, host] = new RegExp(`::${kind}-([a-z]+)$`).exec(resource.urn) ?? [];
        const value = identity(resource);
        return host !== undefined && (typeof value === "string" || typeof value === "number")
          ? [[host, String(value)]]
          : [];
      }),
    );
  return {
    // All that a server has which is there already; at a cloud, this is the machine's id.
    ...known("bootstrap", ({ inputs }) => (inputs?.["triggers"] as unknown[] | undefined)?.[0]),
    ...known("machine", ({ replacementTrigger }) => replacementTrigger),
  };
}

/** After a destroy, a cloud's disk may be all that is left. */
const diskProvider = (type: string | undefined): DataPlace["provider"] | undefined =>
  type?.startsWith("digitalocean:") === true
    ? "digitalocean"
    : type?.startsWith("aws:") === true
      ? "aws"
      : undefined;

/**
 * The image reference of each service, from a state: one that `readState` gives, an export, or a file backend's
 * checkpoint. Of services that are stopped, the last one: the stack's outputs outlive the containers, as the data does.
 */
export function runningImages(state: unknown): Record<string, string> {
  const all = resourcesIn(state);
  const last = all.find(({ type }) => type === resourceTypes.stack)?.outputs?.["services"] ?? {};
  return Object.fromEntries(
    [
      ...Object.entries(last).map(([name, service]) => [name, (service as { image?: unknown }).image]),
      ...all
        .filter((resource) => resource.type === resourceTypes.container && resource.delete !== true)
        // A job of the service has another name than the service.
        .filter(({ urn, parent }) =>
          parent?.endsWith(`${resourceTypes.service}::${urn.split("::").at(-1) ?? ""}`),
        )
        .map(({ urn, inputs }) => [urn.split("::").at(-1), inputs?.["image"]]),
    ].filter(([, image]) => typeof image === "string"),
  ) as Record<string, string>;
}

/** An output of the resource with this name. */
export function outputOf(state: StackState | undefined, name: string, output: string): string | undefined {
  const value = state?.resources.find(({ urn }) => urn.endsWith(`::${name}`))?.outputs?.[output];
  if (typeof value === "string") return value;
  // An exported secret is an object that holds its value as JSON.
  const { plaintext } = (value ?? {}) as { plaintext?: string };
  return plaintext === undefined ? undefined : (JSON.parse(plaintext) as string);
}

/** The installation's own id, which its containers carry as a label. */
export const instanceOf = (state: StackState | undefined): string | undefined =>
  outputOf(state, "instance", "hex");
