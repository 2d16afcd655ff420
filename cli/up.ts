import { lastLogLines } from "../components/host/engine";
import { containerName } from "../components/platform/names";
import { undoneMark } from "../components/services/job";
import { readStackFile } from "../stacks/settings/file";
import type { Topology } from "../stacks/topology";
import { siteUrl } from "../stacks/topology/exposure";
import { machineIdentity } from "../stacks/topology/hosts";
import { engineOf, isRemote, machineOf, prepareAccess, reach, reachAll, stateFor } from "./access";
import { dnsRecords } from "./dns";
import { UserError } from "./errors";
import { releaseFormer } from "./former";
import { clearDeadLock, removeStrays, retryUndone, settlePending } from "./heal";
import { addressIsSet, rememberLanAddress, withLanAddress } from "./lan";
import { checkUpgrade, runnable } from "./load";
import { missingOnHost, missingTools, requireAll } from "./preflight";
import { adviceFor, withoutLost } from "./lost";
import { missingOnMachines } from "./preflight.machine";
import { kernelNotices } from "./preflight.network";
import { requirePolicies } from "./policy";
import { prepareProject, projectDir } from "./project";
import { capturePulumi, runPulumi } from "./pulumi";
import { initStack, readState, type StackState } from "./state";
import { handStateToBackup } from "./stateBackup";

const say = (lines: readonly string[]): void => {
  for (const line of lines) console.log(line);
};

/** The state of a stack that isn't there yet. */
const nothing: StackState = { resources: [], pendingOperations: 0 };

/** A stack that nothing speaks against bringing up. */
export interface Ready {
  topology: Topology;
  state: StackState | undefined;
}

/** Brings a stack up: checks, heals what a killed `up` left, runs the engine, says what there is now. */
export async function up(stack: string, rest: readonly string[]): Promise<void> {
  const ready = await makeReady(stack);
  await bringUp(ready, rest);
  await settle(ready);
}

/** Everything that may speak against an `up`, before anything but the stack's file is changed. */
export async function makeReady(stack: string): Promise<Ready> {
  const raw = readStackFile(projectDir, stack);
  const topology = runnable(stack, withLanAddress(raw));
  prepareProject(stack);
  await requireAll(await missingTools());
  say(clearDeadLock(stack));
  const state = await readState(stack);
  say(checkUpgrade(topology, state ?? nothing));
  if (isRemote(topology)) {
    // The stack holds the key with which its machines are reached.
    if (state === undefined) await initStack(stack);
    // Also for a machine that the engine is about to make.
    await prepareAccess(topology);
    const known = await withoutLost(topology, state);
    if (known !== state) say(checkUpgrade(topology, known ?? nothing));
    await requireAll(await missingOnMachines(topology, known));
    return { topology, state: known };
  }
  await requireAll(await missingOnHost(await reach(topology), topology, state));
  if (state === undefined) await initStack(stack);
  say(await rememberLanAddress(topology, addressIsSet(raw)));
  say(kernelNotices(topology));
  return { topology, state };
}

/** What follows once all is up: the new state goes into the next backup, and people hear what there is. */
export async function settle({ topology }: Ready): Promise<void> {
  const state = await stateFor(topology);
  await handStateToBackup(await reach(topology, state), topology);
  say(await summary(topology));
  say(dnsRecords(topology, state));
  say(await undoneParts(topology, state));
}

/** The engine's part of it: heals, judges, and runs it. */
export async function bringUp({ topology, state }: Ready, rest: readonly string[] = []): Promise<void> {
  const { stack } = topology;
  if (state !== undefined) {
    const engines = [...(await reachAll(topology, state)).values()];
    for (const docker of engines) say(await removeStrays(docker, stack, state));
    say(await settlePending(stack, state));
    for (const docker of engines) say(await retryUndone(docker, stack, state));
    say(await releaseFormer(topology, state));
  }
  // A preview of what hasn't healed would fail for other reasons.
  await requirePolicies(stack);
  // With a refresh: a container that somebody removed or stopped comes back.
  const code = await runPulumi(stack, [
    "up",
    "-s",
    stack,
    "--yes",
    "--skip-preview",
    ...refreshArguments(topology, state),
    "--suppress-outputs",
    ...rest,
  ]);
  if (code !== 0)
    throw new UserError(
      [
        `The stack ${stack} isn't fully up; see above. Mend it and run the same command again.`,
        ...(await adviceFor(topology)),
      ].join("\n"),
    );
}

/** Nothing can be asked of a machine that isn't there; one that is may have another address or key than the state knows. */
export function refreshArguments(topology: Topology, state: StackState | undefined): string[] {
  if (!isRemote(topology)) return ["--refresh"];
  const all = topology.hosts.every(({ name }) => engineOf(topology, state, name) !== undefined);
  return all && mayRunProgram(topology, state) ? ["--refresh", "--run-program"] : [];
}

/** Whether a refresh may: it writes a raised generation down as if the machine were of it already. */
const mayRunProgram = (topology: Topology, state: StackState | undefined): boolean =>
  isRemote(topology) && topology.hosts.every(({ name }) => isOfGeneration(topology, state, name));

/** Whether a host's machine is the one that its settings ask for. */
function isOfGeneration({ settings }: Topology, state: StackState | undefined, name: string): boolean {
  const made = machineOf(state, name)?.replacementTrigger;
  return made === undefined || String(made) === machineIdentity(settings, name);
}

/** Runs another verb of the engine on a stack, after clearing a dead lock. */
export async function passOn(
  verb: "preview" | "refresh",
  stack: string,
  rest: readonly string[],
): Promise<void> {
  const topology = runnable(stack);
  prepareProject(stack);
  await requireAll(await missingTools());
  say(clearDeadLock(stack));
  const state = await readState(stack);
  // A refresh doesn't run the program: it changes no image.
  if (verb === "preview") say(checkUpgrade(topology, state ?? nothing));
  if (state === undefined) await initStack(stack);
  await prepareAccess(topology);
  process.exitCode = await runPulumi(stack, [
    verb,
    "-s",
    stack,
    ...(verb === "refresh" && mayRunProgram(topology, state) ? ["--run-program"] : []),
    ...rest,
  ]);
}

/** What jobs have left undone, in their own words. */
async function undoneParts(topology: Topology, state: StackState | undefined): Promise<string[]> {
  const { stack, services } = topology;
  const engines = await reachAll(topology, state);
  const logs = await Promise.all(
    services.flatMap(({ name, host, jobs }) => {
      const docker = engines.get(host);
      return docker === undefined
        ? []
        : jobs.map(({ job }) => lastLogLines(docker, containerName(stack, `${name}-${job.name}`), 100));
    }),
  );
  const lines = logs.flat().filter((line) => line.startsWith(undoneMark));
  return lines.length === 0
    ? []
    : ["", "Not done yet:", ...lines.map((line) => `  ${line.slice(undoneMark.length)}`)];
}

async function summary(topology: Topology): Promise<string[]> {
  const { stack, routes, settings, hosts } = topology;
  const start = stack === "local" ? "npm start" : `npm run up -- ${stack}`;
  return [
    "",
    (await changedNothing(stack))
      ? "Nothing has changed: all is as it should be."
      : "All services are healthy.",
    "",
    ...routes.map(({ site }) => `  ${site.padEnd(6)} ${siteUrl(site, settings)}`),
    "",
    `Memory:           at most ${hosts.map(({ demand }) => demand.memoryMiB).join(" + ")} MiB, by the plan`,
    `First password:   npm run credentials -- ${stack}   (user ${settings.chat.administrator.username})`,
    `Logs:             npm run logs -- ${stack}`,
    `Administration:   npm run mmctl -- ${stack} user list`,
    `Stop, keep data:  ${stack === "local" ? "npm stop" : `npm run destroy -- ${stack}`};  ${start} finds it again`,
    ...(settings.domain === "localhost"
      ? [
          "",
          "The certificate is Caddy's own: let the browser proceed, or trust the authority (README, Trust).",
        ]
      : []),
  ];
}

/** What the engine itself wrote down about the update that has just ended. */
async function changedNothing(stack: string): Promise<boolean> {
  const { stdout } = await capturePulumi(stack, [
    "stack",
    "history",
    "-s",
    stack,
    "--json",
    "--page-size",
    "1",
  ]);
  const [last] = JSON.parse(stdout) as { resourceChanges?: Record<string, number> }[];
  return Object.entries(last?.resourceChanges ?? {}).every(([kind, count]) => kind === "same" || count === 0);
}
