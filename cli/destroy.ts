import type Docker from "dockerode";
import { labels } from "../components/host/engine";
import { describeRepository, repositoryKeySecret } from "../components/services/backup/repository";
import { stackFile } from "../stacks/settings/file";
import type { Topology } from "../stacks/topology";
import { isCloud, prepareAccess, reachAll } from "./access";
import { exported, imported, lostWithData, released } from "./deployment";
import { UserError } from "./errors";
import { clearDeadLock } from "./heal";
import { runnable } from "./load";
import { withoutLost } from "./lost";
import { prepareProject } from "./project";
import { runPulumi } from "./pulumi";
import { storeSecret } from "./secret";
import { instanceOf, outputOf, readState, type StackState } from "./state";

interface Options {
  yes: boolean;
  /** The stack's name once more: data goes too. */
  removeData?: string;
}

/**
 * Removes containers and networks. Data and generated secrets stay unless the stack's name is said twice; backups
 * elsewhere stay even then.
 */
export async function destroy(stack: string, options: Options, rest: readonly string[]): Promise<void> {
  if (options.removeData !== undefined && options.removeData !== stack)
    throw new UserError(
      `--remove-data names another stack.\n  given:   ${options.removeData}\n  allowed: ${stack}\n  fix:     say the name of the stack whose data shall go`,
    );
  const topology = runnable(stack);
  prepareProject(stack);
  for (const line of clearDeadLock(stack)) console.log(line);
  const state = await readState(stack);
  if (state === undefined || state.resources.length === 0) {
    console.log(`Nothing of stack ${stack} is there: nothing to do.`);
    return;
  }
  // The engine's own destroy doesn't run the program, which would place the key.
  await prepareAccess(topology);
  const asks = !options.yes && options.removeData === undefined;
  if (asks && !(process.stdin.isTTY && process.stdout.isTTY))
    throw new UserError(
      `Nobody is there to be asked.\n  fix: npm run destroy -- ${stack} --yes; data and secrets stay; nothing was changed`,
    );
  // One that doesn't answer is removed as well; one that isn't there can't be.
  const known = (await withoutLost(topology, state, "kept")) ?? state;
  const confirmed = options.yes || options.removeData !== undefined ? ["--yes", "--skip-preview"] : [];
  if (options.removeData === undefined) {
    const code = await runPulumi(stack, [
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
  const lost = lostWithData(known);
  if (lost.length > 0) console.log(["This goes for good:", ...lost.map((what) => `  ${what}`)].join("\n"));
  await keepRepositoryKey(topology, state);
  // At a cloud they are on the disk, which goes itself.
  const engines = isCloud(topology) ? new Map<string, Docker>() : await reachAll(topology, state);
  await imported(stack, released(await exported(stack)));
  const code = await runPulumi(stack, ["destroy", "-s", stack, ...confirmed, ...rest]);
  if (code !== 0)
    throw new UserError(`The stack ${stack} isn't fully removed; see above. Run the same command again.`);
  for (const docker of engines.values()) await removeVolumes(docker, stack, instanceOf(state));
  console.log(`\nRemoved, with all its data.`);
}

/** Where the backups outlive the stack, the key that was made for them has to as well: nobody could read them again. */
async function keepRepositoryKey({ stack, settings, secrets }: Topology, state: StackState): Promise<void> {
  const { target } = settings.backup;
  const goesToo = target.kind === "folder" && target.path === undefined;
  const key = outputOf(state, repositoryKeySecret, "result");
  if (goesToo || secrets.has("backupKey") || key === undefined) return;
  await storeSecret(stack, "backupKey", key);
  console.log(
    [
      `The backups of stack ${stack} stay: ${describeRepository(target, stack)}`,
      `So does their key, as muster:backupKey in ${stackFile(stack)}, encrypted with the passphrase.`,
      `Print it for the safe: npm run key -- ${stack}`,
    ].join("\n"),
  );
}

/** The engine keeps data volumes even then (retainOnDelete): this is the one place that removes them. */
async function removeVolumes(docker: Docker, stack: string, instance: string | undefined): Promise<void> {
  if (instance === undefined) return;
  const filters = { label: [`${labels.stack}=${stack}`, `${labels.instance}=${instance}`] };
  for (const { Name } of (await docker.listVolumes({ filters })).Volumes)
    await docker.getVolume(Name).remove();
}
