/** The key of a state backend in a bucket, which stands encrypted in the stack's own settings. */
import { readEncrypted, stackFile } from "../stacks/settings/file";
import { decrypt, passphraseFix, WrongPassphrase } from "./decrypt";
import { UserError } from "./errors";

/** Decrypted already in this run: it takes the better part of a second. By the encrypted value. */
const decrypted = new Map<string, string>();
/** Keys that stand in no file yet: of stacks that are being made, or new ones. */
const fresh = new Map<string, string>();

/** Uses this key for a stack, whatever its file holds. */
export const useStateKey = (stack: string, secret: string): void => void fresh.set(stack, secret);

interface Passphrase {
  projectDir: string;
  passphrase: string | undefined;
  /** Where the passphrase comes from, in words. */
  source: string;
}

/**
 * The environment in which the Pulumi CLI opens the bucket; empty where the settings hold no key yet, so that the
 * environment's own counts.
 * @throws UserError where the key can't be decrypted.
 */
export function stateKeyEnvironment(
  { stack, accessKeyId }: { stack: string; accessKeyId: string },
  { projectDir, passphrase, source }: Passphrase,
): NodeJS.ProcessEnv {
  const own = fresh.get(stack);
  if (own !== undefined) return environmentOf(accessKeyId, own);
  const { salt, provider, value } = readEncrypted(projectDir, stack, "stateSecretKey");
  if (value === undefined) return {};
  if (provider !== undefined || salt === undefined) throw otherProvider(stack, provider);
  if (passphrase === undefined) throw wrongPassphrase(stack, source, "no passphrase");
  const known = decrypted.get(value);
  if (known !== undefined) return environmentOf(accessKeyId, known);
  try {
    const secret = decrypt(value, salt, passphrase);
    decrypted.set(value, secret);
    return environmentOf(accessKeyId, secret);
  } catch (error) {
    const reason = error instanceof WrongPassphrase ? error.message : `damaged: ${(error as Error).message}`;
    throw wrongPassphrase(stack, source, reason);
  }
}

const environmentOf = (accessKeyId: string, secret: string): NodeJS.ProcessEnv => ({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secret,
  // A session's token goes with that session's own key alone.
  AWS_SESSION_TOKEN: undefined,
});

/** Only a passphrase opens a secret before the state is open. */
const otherProvider = (stack: string, provider = "none"): UserError =>
  new UserError(
    [
      `The state of stack ${stack} can't be opened: its key is a secret that only the state's own secrets provider decrypts.`,
      `  given:   muster:stateSecretKey in ${stackFile(stack)}, encrypted by ${provider}`,
      `  allowed: with a passphrase alone; with another secrets provider, the key comes from the environment`,
      `  fix:     remove muster:stateSecretKey and muster:state.accessKeyId; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for each command`,
    ].join("\n"),
  );

const wrongPassphrase = (stack: string, source: string, reason: string): UserError =>
  new UserError(
    [
      `The key of the state of stack ${stack} can't be decrypted: ${reason}`,
      `  given:   the passphrase from ${source}`,
      `  allowed: the one that the stack was made with`,
      `  fix:     ${passphraseFix}; nothing was changed`,
    ].join("\n"),
  );
