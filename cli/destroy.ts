import { connect, labels } from "../components/host/engine";
import { UserError } from "./errors";
import { clearDeadLock } from "./heal";
import { engineOf, runnable } from "./load";
import { prepareProject } from "./project";
import { capturePulumi, runPulumi } from "./pulumi";
import { instanceOf, readState } from "./state";

interface Options {
  yes: boolean;
  /** The stack's name once more: data goes too. */
  removeData?: string;
}

/** Removes containers and networks. Data and generated secrets stay unless the stack's name is said twice. */
export async function destroy(stack: string, options: Options, rest: readonly string[]): Promise<void> {
  if (options.removeData !== undefined && options.removeData !== stack)
    throw new UserError(
      `--remove-data names another stack.\n  given:   ${options.removeData}\n  allowed: ${stack}\n  fix:     say the name of the stack whose data shall go`,
    );
  const topology = runnable(stack);
  prepareProject();
  for (const line of clearDeadLock(stack)) console.log(line);
  const state = await readState(stack);
  if (state === undefined || state.resources.length === 0) {
    console.log(`Nothing of stack ${stack} is there: nothing to do.`);
    return;
  }
  const asks = !options.yes && options.removeData === undefined;
  if (asks && !(process.stdin.isTTY && process.stdout.isTTY))
    throw new UserError(
      `Nobody is there to be asked.\n  fix: npm run destroy -- ${stack} --yes; data and secrets stay; nothing was changed`,
    );
  const confirmed = options.yes || options.removeData !== undefined ? ["--yes", "--skip-preview"] : [];
  if (options.removeData === undefined) {
    const code = await runPulumi([
      "destroy",
      "-s",
      stack,
      "--exclude-protected",
      "--suppress-outputs",
      ...confirmed,
      ...rest,
    ]);
    if (code !== 0)
      throw new UserError(`The stack ${stack} isn't fully stopped; see above. Run the same command again.`);
    console.log(
      `\nStopped. Data and secrets are kept. To remove them for good: npm run destroy -- ${stack} --remove-data ${stack}`,
    );
    return;
  }
  const unprotected = await capturePulumi(["state", "unprotect", "--all", "-s", stack, "--yes"]);
  if (unprotected.code !== 0) throw new UserError(unprotected.stderr.trim());
  const code = await runPulumi(["destroy", "-s", stack, ...confirmed, ...rest]);
  if (code !== 0)
    throw new UserError(`The stack ${stack} isn't fully removed; see above. Run the same command again.`);
  await removeVolumes(engineOf(topology), stack, instanceOf(state));
  console.log(`\nRemoved, with all its data.`);
}

/** The engine keeps data volumes even then (retainOnDelete): this is the one place that removes them. */
async function removeVolumes(engine: string, stack: string, instance: string | undefined): Promise<void> {
  if (instance === undefined) return;
  const docker = await connect(engine);
  const filters = { label: [`${labels.stack}=${stack}`, `${labels.instance}=${instance}`] };
  for (const { Name } of (await docker.listVolumes({ filters })).Volumes)
    await docker.getVolume(Name).remove();
}
