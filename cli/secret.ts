import { text } from "node:stream/consumers";
import { readStackFile } from "../stacks/settings/file";
import { type SecretSetting, secretSettings, secretValueProblem } from "../stacks/settings/secrets";
import { ask } from "./ask";
import { UserError } from "./errors";
import { requireAll, missingTools } from "./preflight";
import { prepareProject, projectDir } from "./project";
import { capturePulumi } from "./pulumi";
import { initStack, readState } from "./state";
import { useStateKey } from "./stateKey";

/** Writes a secret setting into the stack's file, encrypted. Asks for the value, or reads standard input. */
export async function secret(stack: string, key: string): Promise<void> {
  if (!Object.hasOwn(secretSettings, key))
    throw new UserError(
      `No such secret.\n  given:   ${key}\n  allowed: ${Object.keys(secretSettings).join(", ")}\n  fix:     name one of these`,
    );
  readStackFile(projectDir, stack);
  prepareProject(stack);
  await requireAll(await missingTools());
  const value = await readValue(stack, key);
  if (value.trim() === "")
    throw new UserError(
      `The secret ${key} is empty.\n  allowed: at least one character\n  fix:     type it when asked, or < a file that holds it; nothing was changed`,
    );
  const allowed = secretValueProblem(key as SecretSetting, value);
  if (allowed !== undefined)
    throw new UserError(
      `The secret ${key} has characters that its file can't hold, or the wrong length.\n  allowed: ${allowed}\n  fix:     choose another; nothing was changed`,
    );
  // It opens the state itself: the one in the file, if any, may be an old one.
  if (key === "stateSecretKey") useStateKey(stack, value);
  if ((await readState(stack)) === undefined) await initStack(stack);
  await storeSecret(stack, key as SecretSetting, value);
  console.log(`Stored muster:${key} in Pulumi.${stack}.yaml, encrypted. It counts from the next up.`);
}

/** Writes it into the file of a stack that is there. */
export async function storeSecret(stack: string, key: SecretSetting, value: string): Promise<void> {
  const { code, stderr } = await capturePulumi(
    stack,
    ["config", "set", "--secret", `muster:${key}`, "-s", stack],
    value,
  );
  if (code !== 0) throw new UserError(`The secret ${key} can't be stored.\n${stderr.trim()}`);
}

/** From a terminal without showing it, otherwise all of standard input without its last line break. */
async function readValue(stack: string, key: string): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).replace(/\r?\n$/, "");
  return ask(`${key} of stack ${stack} (it isn't shown): `, true);
}
