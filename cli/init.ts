/** `npm run init`: from a few answers to a stack that is ready for its first `up`. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { knownStacks, stackFile } from "../stacks/settings/file";
import { describeProblems } from "../stacks/settings/problems";
import type { SecretSetting } from "../stacks/settings/secrets";
import { errorsOf } from "../stacks/topology";
import { ask, someoneIsThere } from "./ask";
import { bucket } from "./bucket";
import { UserError } from "./errors";
import { fileOf, secretsFor, serverPlace, topologyFor } from "./init.file";
import {
  askToken,
  describeTokens,
  type KeyPair,
  makeSshKey,
  readSshKey,
  tokensAmong,
  tokensFromEnvironment,
} from "./init.keys";
import { type Ask, cautions, collect } from "./init.collect";
import type { Answers } from "./init.questions";
import { stateSettings } from "./init.target";
import { plan } from "./plan";
import { requireAll, missingTools } from "./preflight";
import { passphraseSource, prepareProject, projectDir } from "./project";
import { capturePulumi } from "./pulumi";
import type { AccessKey } from "./s3";
import { storeSecret } from "./secret";
import { initStack } from "./state";
import { useStateKey } from "./stateKey";

/** Flags by the answers' names, and those that are no answers. */
export type InitFlags = Readonly<Record<string, string | undefined>> & {
  /** File of an SSH key that is there already. */
  sshKey?: string;
  /** The host's storage key as the storage's policies name it. */
  principal?: string;
};

/** Asks what it takes, makes the stack and its file, and shows the plan. Changes nothing before all is known. */
export async function init(stack: string, flags: InitFlags): Promise<void> {
  refuseName(stack);
  const terminal = someoneIsThere();
  const { answers, problems } = await collect(flags, terminal ? askPerson : undefined);
  const needed = secretsFor(answers);
  const given = tokensFromEnvironment(tokensAmong(needed));
  if (problems.length > 0 || given.wrong.length > 0 || (!terminal && given.missing.length > 0))
    throw refusal(problems, given, terminal);
  // Every question that is asked has an answer now.
  const all = answers as Answers;
  const topology = topologyFor(stack, all);
  if (errorsOf(topology).length > 0)
    throw new UserError(`${describeProblems(stackFile(stack), errorsOf(topology))}\n\nNothing was changed.`);
  for (const line of cautions(all)) console.log(`Caution: ${line}`);
  const secrets = new Map(given.values);
  const keys = await sshKeys(stack, flags.sshKey, needed);
  for (const [secret, { privateKey }] of keys) secrets.set(secret, privateKey);
  const tokens = tokensAmong(needed).filter(({ secret }) => !secrets.has(secret));
  if (tokens.length > 0) console.log(["", "Needed:", ...describeTokens(tokens), ""].join("\n"));
  for (const token of tokens) secrets.set(token.secret, await askToken(token));
  const own = await ownStorageKey(all, terminal);
  await requireAll(await missingTools());
  await make(stack, all, secrets);
  console.log(`\nMade ${stackFile(stack)}, and the stack ${stack} in its state backend.\n`);
  await plan(stack);
  const hasBucket = own !== undefined && (await madeBucket(stack, own, flags.principal));
  console.log(nextSteps(stack, all, keys, hasBucket).join("\n"));
}

function refuseName(stack: string): void {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(stack))
    throw new UserError(
      `No name for a stack.\n  given:   ${JSON.stringify(stack)}\n  allowed: up to 31 lower-case letters, digits and hyphens, a letter first\n  fix:     choose another`,
    );
  if (existsSync(join(projectDir, stackFile(stack))))
    throw new UserError(
      `${stackFile(stack)} is there already.\n  given:   ${stack}\n  allowed: a name besides ${knownStacks(projectDir).join(", ")}\n  fix:     choose another, or move that file away; nothing was changed`,
    );
}

function refusal(
  problems: Parameters<typeof describeProblems>[1],
  { missing, wrong }: { missing: string[]; wrong: string[] },
  terminal: boolean,
): UserError {
  const tokens = [
    ...wrong.map((what) => `  ${what}`),
    ...(terminal ? [] : missing.map((what) => `  ${what}: missing in the environment`)),
  ];
  const parts = [
    ...(problems.length > 0 ? [describeProblems("npm run init", problems)] : []),
    ...(tokens.length > 0 ? [["Tokens:", ...tokens].join("\n")] : []),
  ];
  return new UserError([...parts, "Nothing was changed."].join("\n\n"));
}

const askPerson: Ask = (question, known, wrong) => {
  if (wrong !== undefined) {
    const { problem, allowed } = wrong;
    console.error(`  ${problem}${allowed === undefined ? "" : `; allowed: ${allowed}`}`);
  }
  const usual = question.fallback(known);
  return ask(`${question.text(known)}${usual === undefined ? "" : ` [${usual}]`}: `);
};

/** The SSH keys among the secrets: one that was given, else made. */
async function sshKeys(
  stack: string,
  file: string | undefined,
  needed: readonly SecretSetting[],
): Promise<Map<SecretSetting, KeyPair>> {
  const keys = new Map<SecretSetting, KeyPair>();
  if (needed.includes("sshKey"))
    keys.set("sshKey", file === undefined ? makeSshKey(`muster-${stack}`) : readSshKey(file));
  if (needed.includes("backupSshKey")) keys.set("backupSshKey", makeSshKey(`muster-${stack}-backup`));
  return Promise.resolve(keys);
}

/** A storage key of the operator's own, with which the bucket for backups is made right away; stored nowhere. */
async function ownStorageKey(answers: Answers, terminal: boolean): Promise<AccessKey | undefined> {
  if (!secretsFor(answers).includes("backupS3Secret")) return undefined;
  const { MUSTER_BUCKET_ACCESS_KEY_ID: id, MUSTER_BUCKET_SECRET_ACCESS_KEY: secret } = process.env;
  if (id !== undefined && secret !== undefined) return { id, secret };
  if (!terminal) return undefined;
  console.log(
    "To make the bucket for backups now: a storage key of your own that may make buckets. It isn't stored.",
  );
  const typed = (await ask("Its id (nothing: later, with npm run bucket): ")).trim();
  return typed === ""
    ? undefined
    : { id: typed, secret: (await ask("Its secret (it isn't shown): ", true)).trim() };
}

/** What ends a command from outside. */
const endings = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The stack, its file and its secrets: all of it, or nothing. */
async function make(
  stack: string,
  answers: Answers,
  secrets: ReadonlyMap<SecretSetting, string>,
): Promise<void> {
  const file = join(projectDir, stackFile(stack));
  const ended = new AbortController();
  // The Pulumi CLI hears it too and ends; what it was at is taken back below.
  const onEnding = (): void => {
    ended.abort();
  };
  for (const signal of endings) process.on(signal, onEnding);
  let isMade = false;
  writeFileSync(file, fileOf(stack, answers), { flag: "wx" });
  try {
    const stateKey = secrets.get("stateSecretKey");
    if (stateKey !== undefined) useStateKey(stack, stateKey);
    prepareProject(stack);
    await initStack(stack, answers.secrets);
    isMade = true;
    for (const [secret, value] of secrets) {
      if (ended.signal.aborted) throw new UserError("Interrupted; nothing is left of it.");
      await storeSecret(stack, secret, value);
    }
    if (ended.signal.aborted) throw new UserError("Interrupted; nothing is left of it.");
  } catch (error) {
    if (isMade)
      await capturePulumi(stack, ["stack", "rm", stack, "--yes", "--preserve-config", "--remove-backups"]);
    rmSync(file, { force: true });
    throw error;
  } finally {
    for (const signal of endings) process.off(signal, onEnding);
  }
}

/** Whether the bucket is there now. The stack stays where it can't be made. */
async function madeBucket(stack: string, own: AccessKey, principal: string | undefined): Promise<boolean> {
  console.log("");
  try {
    await bucket(stack, { ...(principal === undefined ? {} : { principal }), operator: own });
    return true;
  } catch (error) {
    console.error(`The bucket isn't made: ${(error as Error).message}`);
    process.exitCode = 1;
    return false;
  }
}

/** What is left to do, in order. */
function nextSteps(
  stack: string,
  answers: Answers,
  keys: ReadonlyMap<SecretSetting, KeyPair>,
  hasBucket: boolean,
): string[] {
  const { provider, place = "", backup, state, secrets } = answers;
  const { user = "root", address } = serverPlace(place);
  const atServer = `~/.ssh/authorized_keys of ${String(user)} at ${String(address)}`;
  const line = (secret: SecretSetting): string => keys.get(secret)?.publicLine ?? "";
  return [
    "",
    "Next:",
    ...(provider === "existing" ? [`  put this line into ${atServer}:`, `    ${line("sshKey")}`] : []),
    ...(keys.has("backupSshKey")
      ? [
          `  put this line into ~/.ssh/authorized_keys at ${backup.split("/")[2] ?? ""}:`,
          `    ${line("backupSshKey")}`,
        ]
      : []),
    ...(secretsFor(answers).includes("backupS3Secret") && !hasBucket ? [`  npm run bucket -- ${stack}`] : []),
    ...(stateSettings(state)?.backend.startsWith("https:") === true
      ? ["  keep PULUMI_ACCESS_TOKEN set: each command opens the state with it"]
      : []),
    `  ${provider === "local" && stack === "local" ? "npm start" : `npm run up -- ${stack}`}`,
    ...(provider === "local"
      ? []
      : ["  DNS: chat and meet under your domain, to the address that the up says"]),
    `  npm run credentials -- ${stack}`,
    `  npm run key -- ${stack}   (for the safe)`,
    secrets === "passphrase"
      ? `Keep ${stackFile(stack)} and the passphrase (${passphraseSource()}): with both, everything works from a fresh clone.`
      : `Keep ${stackFile(stack)}: with it and ${secrets.split(":")[0] ?? ""}, everything works from a fresh clone.`,
  ];
}
