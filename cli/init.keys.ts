/** SSH keys and tokens that a new stack needs. They stand in no file but the stack's own, encrypted. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SecretSetting, secretValueProblem } from "../stacks/settings/secrets";
import { environmentName, type Token, tokens } from "../stacks/topology/providers";
import { ask } from "./ask";
import { UserError } from "./errors";

export interface KeyPair {
  privateKey: string;
  /** One line for `authorized_keys`. */
  publicLine: string;
}

/** Makes an SSH key, in a folder that nobody else can read and that is gone afterwards. */
export function makeSshKey(comment: string): KeyPair {
  const folder = mkdtempSync(join(tmpdir(), "muster-key-"));
  try {
    const file = join(folder, "key");
    sshKeygen(["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file]);
    return {
      privateKey: readFileSync(file, "utf8").trimEnd(),
      publicLine: readFileSync(`${file}.pub`, "utf8").trim(),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * An SSH key that is there already.
 * @throws UserError where it isn't one, or has a passphrase: nobody is there to type it.
 */
export function readSshKey(file: string): KeyPair {
  const publicLine = sshKeygen(["-y", "-P", "", "-f", file]).trim();
  const privateKey = readFileSync(file, "utf8").trimEnd();
  const allowed = secretValueProblem("sshKey", privateKey);
  if (allowed !== undefined)
    throw new UserError(
      `That is no SSH key that Muster takes.\n  given:   ${file}\n  allowed: ${allowed}\n  fix:     ssh-keygen -t ed25519 -N '' -f FILE makes one; nothing was changed`,
    );
  return { privateKey, publicLine };
}

function sshKeygen(args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync("ssh-keygen", args, { encoding: "utf8" });
  if (error !== undefined)
    throw new UserError(`ssh-keygen isn't there.\n  fix: install OpenSSH's client; nothing was changed`);
  if (status !== 0)
    throw new UserError(
      `ssh-keygen refuses: ${stderr.trim().split("\n").at(-1) ?? ""}\n  allowed: a private key without a passphrase, readable by you alone\n  fix:     --ssh-key with another file, or leave it out to have one made; nothing was changed`,
    );
  return stdout;
}

/** The tokens among the secrets that a stack needs: those that people make at a console. */
export const tokensAmong = (secrets: readonly SecretSetting[]): Token[] =>
  tokens.filter(({ secret }) => secrets.includes(secret));

/** What is needed, with scopes, and where to click. */
export const describeTokens = (needed: readonly Token[]): string[] =>
  needed.flatMap(({ secret, title, where, scopes }) => [
    `  ${title}`,
    `    where:  ${where}`,
    ...scopes.map((scope, index) => `    ${index === 0 ? "scopes:" : "       "} ${scope}`),
    `    or give it in ${environmentName(secret)}`,
  ]);

/** Tokens that the environment gives; those that are missing or wrong as problems, in words. */
export function tokensFromEnvironment(
  needed: readonly Token[],
  environment: NodeJS.ProcessEnv = process.env,
): { values: Map<SecretSetting, string>; missing: string[]; wrong: string[] } {
  const values = new Map<SecretSetting, string>();
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const { secret, title } of needed) {
    const name = environmentName(secret);
    const value = environment[name]?.trim() ?? "";
    const allowed = value === "" ? undefined : secretValueProblem(secret, value);
    if (value === "") missing.push(`${name} (${title})`);
    else if (allowed === undefined) values.set(secret, value);
    else wrong.push(`${name}: allowed are ${allowed}`);
  }
  return { values, missing, wrong };
}

/** Asks for a token until it can be one; what is typed isn't shown. */
export async function askToken({ secret, title }: Token): Promise<string> {
  for (;;) {
    const value = (await ask(`${title} (it isn't shown): `, true)).trim();
    const allowed = value === "" ? "at least one character" : secretValueProblem(secret, value);
    if (allowed === undefined) return value;
    console.error(`  That can't be it; allowed: ${allowed}`);
  }
}
