/** What the checks before a first `up` are told: the plan, the state and the secrets, without making anything. */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import {
  folderSeen,
  type KeyFrom,
  type StateBucket,
  stateBucketOf,
  stateBucketSeen,
} from "../doctor/before/state";
import type { Seen } from "../doctor/check";
import { readEncrypted, readStackFile } from "../stacks/settings/file";
import type { SecretSetting } from "../stacks/settings/secrets";
import type { Topology } from "../stacks/topology";
import { plannedTopology } from "../stacks/topology/load";
import { secretOf } from "./backupKeys";
import { opener, passphraseFix, WrongPassphrase } from "./decrypt";
import { UserError } from "./errors";
import { type KeyFolder, keyFolder } from "./keyFolder";
import { withLanAddress } from "./lan";
import {
  backendUrl,
  checkpointFile,
  engineEnvironment,
  passphrase,
  passphraseSource,
  projectDir,
  stateDir,
} from "./project";
import { openBucket } from "./s3";
import { readState, type StackState } from "./state";

export interface Outlook {
  readonly topology: Topology;
  /** What is to be said of the state's backend. */
  readonly backend: () => Promise<Seen>;
  /** The stack's state; `undefined` where it has none. @throws Unreadable where nobody can tell. */
  readonly state: () => Promise<StackState | undefined>;
  /** @throws UserError where it can't be read; Unreadable where it can't be read yet. */
  readonly secret: (key: SecretSetting) => Promise<string>;
  /** A secret that is an SSH key, as a file. @throws as `secret`. */
  readonly key: (key: "sshKey" | "backupSshKey") => Promise<KeyFolder>;
}

/** Something that nobody can read before the first `up`. */
export class Unreadable extends Error {}

/** @throws SettingsError where the settings can't be read at all. */
export function outlookOf(stack: string): Outlook {
  const raw = withLanAddress(readStackFile(projectDir, stack));
  const topology = plannedTopology(projectDir, stack, raw);
  const look = once(() => lookAtState(stack));
  const backend = async (): Promise<Seen> => (await look()).seen;
  const state = async (): Promise<StackState | undefined> => {
    const found = await look().catch(() => undefined);
    if (found === undefined || found.state === "unknown") throw new Unreadable("because of: state backend");
    return found.state;
  };
  const open = once(() => Promise.resolve(ownOpener(stack)));
  const secret = onceFor(async (key: SecretSetting) => {
    const { value } = readEncrypted(projectDir, stack, key);
    const decrypt = await open();
    if (decrypt !== undefined && value !== undefined) return decrypt(value);
    if ((await state()) === undefined)
      throw new Unreadable("only the state's own secrets provider decrypts it, once the stack is there");
    return secretOf(topology, key);
  });
  const key = onceFor(async (name: "sshKey" | "backupSshKey") => keyFolder(await secret(name)));
  return { topology, backend, state, secret, key };
}

/** A question that is asked once at most. */
export function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => (asked ??= ask());
}

function onceFor<K, T>(ask: (key: K) => Promise<T>): (key: K) => Promise<T> {
  const asked = new Map<K, Promise<T>>();
  return (key) => {
    const answer = asked.get(key) ?? ask(key);
    asked.set(key, answer);
    return answer;
  };
}

/**
 * Decrypts what stands in the stack's file; `undefined` where another secrets provider than a passphrase does. The
 * Pulumi CLI reads no secret of a stack that isn't in its backend yet, as in a fresh clone.
 */
function ownOpener(stack: string): ((value: string) => string) | undefined {
  const { salt, provider } = readEncrypted(projectDir, stack, "");
  if (salt === undefined || provider !== undefined) return undefined;
  const known = passphrase();
  if (known === undefined) throw wrongPassphrase(stack, "no passphrase");
  try {
    return opener(salt, known);
  } catch (error) {
    if (error instanceof WrongPassphrase) throw wrongPassphrase(stack, error.message);
    throw error;
  }
}

const wrongPassphrase = (stack: string, reason: string): UserError =>
  new UserError(
    [
      `The secrets of stack ${stack} can't be decrypted: ${reason}`,
      `  given:   ${passphraseSource()}`,
      `  fix:     ${passphraseFix}`,
    ].join("\n"),
  );

interface StateLook {
  seen: Seen;
  state: StackState | undefined | "unknown";
}

/** The Pulumi CLI would write into a backend that is empty: it is asked only where somebody has been before. */
async function lookAtState(stack: string): Promise<StateLook> {
  const url = backendUrl(stack);
  const dir = stateDir(stack);
  if (dir !== undefined) return lookAtFolder(stack, dir);
  const environment = engineEnvironment(stack);
  const place = stateBucketOf(url, environment["AWS_REGION"]);
  if (place !== undefined) return lookAtBucket(stack, place, environment);
  if (!url.startsWith("https://"))
    return {
      seen: { ok: "unchecked", saw: `${url}: only the Pulumi CLI knows this kind` },
      state: "unknown",
    };
  const state = await readState(stack);
  return { seen: { ok: true, saw: url }, state };
}

async function lookAtFolder(stack: string, dir: string): Promise<StateLook> {
  const there = existsSync(dir);
  const hasStack = existsSync(checkpointFile(dir, stack));
  const seen = folderSeen({ path: dir, there, writable: isWritable(nearest(dir)), hasStack });
  return { seen, state: hasStack ? await readState(stack) : undefined };
}

const nearest = (path: string): string => (existsSync(path) ? path : nearest(dirname(path)));

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

async function lookAtBucket(
  stack: string,
  place: StateBucket,
  environment: NodeJS.ProcessEnv,
): Promise<StateLook> {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = environment;
  const own = secret !== process.env["AWS_SECRET_ACCESS_KEY"];
  const key = own && id !== undefined && secret !== undefined ? { id, secret } : undefined;
  const bucket = await openBucket(place, key);
  const from: KeyFrom = own ? "settings" : "environment";
  const looked = await bucket.look();
  const seen = stateBucketSeen(place.bucket, looked, from);
  if (!looked.done) return { seen, state: looked.reason === "absent" ? undefined : "unknown" };
  const used = await bucket.get([place.folder, ".pulumi/meta.yaml"].filter((part) => part !== "").join("/"));
  return { seen, state: used.done ? await readState(stack) : undefined };
}
