import { readStackFile } from "../stacks/settings/file";
import { secretSettings } from "../stacks/settings/schema";
import { UserError } from "./errors";
import { requireAll, missingTools } from "./preflight";
import { prepareProject, projectDir } from "./project";
import { runPulumi } from "./pulumi";
import { readState } from "./state";
import { initStack } from "./up";

/** Writes a secret setting into the stack's file, encrypted. Pulumi asks for the value, or reads standard input. */
export async function secret(stack: string, key: string): Promise<void> {
  if (!Object.hasOwn(secretSettings, key))
    throw new UserError(
      `No such secret.\n  given:   ${key}\n  allowed: ${Object.keys(secretSettings).join(", ")}\n  fix:     name one of these`,
    );
  readStackFile(projectDir, stack);
  prepareProject();
  await requireAll(await missingTools());
  if ((await readState(stack)) === undefined) await initStack(stack);
  process.exitCode = await runPulumi(["config", "set", "--secret", `muster:${key}`, "-s", stack]);
}
