/** Keys of a stack's backup repository, as its settings and its state hold them. */
import { repositoryKeySecret } from "../components/services/backup/repository";
import type { SecretSetting } from "../stacks/settings/secrets";
import type { Topology } from "../stacks/topology";
import { UserError } from "./errors";
import { missingTools, requireAll } from "./preflight";
import { prepareProject } from "./project";
import { capturePulumi } from "./pulumi";
import { initStack, outputOf, readState, type StackState } from "./state";
import type { AccessKey } from "./s3";

/** Makes the stack's secrets readable: the project's passphrase, the Pulumi CLI, the stack in the backend. */
export async function openStack(stack: string): Promise<StackState | undefined> {
  prepareProject(stack);
  await requireAll(await missingTools());
  const state = await readState(stack);
  if (state === undefined) await initStack(stack);
  return state;
}

/** @throws UserError where a secret setting isn't there. */
export function requireSecret({ stack, secrets }: Topology, key: SecretSetting): void {
  if (!secrets.has(key))
    throw new UserError(
      `The secret ${key} of stack ${stack} is missing.\n  fix: npm run secret -- ${stack} ${key}; nothing was changed`,
    );
}

/**
 * A secret setting's value; the stack must be open.
 * @throws UserError where it isn't there or can't be decrypted.
 */
export async function secretOf(topology: Topology, key: SecretSetting): Promise<string> {
  requireSecret(topology, key);
  const { stack } = topology;
  const { code, stdout, stderr } = await capturePulumi(stack, [
    "config",
    "get",
    `muster:${key}`,
    "-s",
    stack,
  ]);
  if (code !== 0) throw new UserError(`The secret ${key} of stack ${stack} can't be read.\n${stderr.trim()}`);
  // Pulumi ends it with one line break of its own.
  return stdout.replace(/\n$/, "");
}

/** The repository's key: the one from the settings, else the one that the first up has made. */
export async function repositoryKey(topology: Topology, state: StackState | undefined): Promise<string> {
  if (topology.secrets.has("backupKey")) return secretOf(topology, "backupKey");
  const key = outputOf(state, repositoryKeySecret, "result");
  if (key !== undefined) return key;
  const { stack } = topology;
  const up = stack === "local" ? "npm start" : `npm run up -- ${stack}`;
  throw new UserError(
    `Stack ${stack} has no repository key yet.\n  fix: bring it up first (${up}), or set one: npm run secret -- ${stack} backupKey`,
  );
}

/** What opens the place where the repository lies: the access key's secret, or the SSH key; the stack must be open. */
export async function accessOf(topology: Topology): Promise<string | undefined> {
  const { kind } = topology.settings.backup.target;
  if (kind === "folder") return undefined;
  return secretOf(topology, kind === "s3" ? "backupS3Secret" : "backupSshKey");
}

/**
 * A key from the environment, which is stored nowhere.
 * @throws UserError where it is missing, or is the host's own.
 */
export function keyFromEnvironment(
  prefix: "MUSTER_BUCKET" | "MUSTER_PRUNE",
  purpose: string,
  hostKeyId: string,
  environment: NodeJS.ProcessEnv = process.env,
): AccessKey {
  const names = { id: `${prefix}_ACCESS_KEY_ID`, secret: `${prefix}_SECRET_ACCESS_KEY` };
  const id = environment[names.id] ?? "";
  const secret = environment[names.secret] ?? "";
  const missing = [...(id === "" ? [names.id] : []), ...(secret === "" ? [names.secret] : [])];
  if (missing.length > 0)
    throw new UserError(
      `There is no key ${purpose}.\n  missing: ${missing.join(", ")}\n  allowed: a key of yours, never the host's; it is stored nowhere\n  fix:     set them in the environment of this command; nothing was changed`,
    );
  if (id === hostKeyId)
    throw new UserError(
      `The key ${purpose} is the host's own.\n  given:   ${names.id}=${id}\n  allowed: another key than muster:backup.target.accessKeyId, which must not be able to destroy\n  fix:     use a key that the host never sees; nothing was changed`,
    );
  return { id, secret };
}
