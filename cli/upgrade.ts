/**
 * An upgrade that can be gone back from: an `up` whose failure is undone. The backup before it isn't taken here: the
 * program itself does that (components/platform/guard.ts), so that no `up` does without.
 */
import type Docker from "dockerode";
import type { Topology } from "../stacks/topology";
import { reach } from "./access";
import { inBackup, recordOf } from "./backup";
import { UserError } from "./errors";
import { runnable } from "./load";
import { capturePulumi } from "./pulumi";
import { restoreSnapshot } from "./restore";
import { readState, runningImages } from "./state";
import { handStateToBackup } from "./stateBackup";
import { requirePolicies } from "./policy";
import { bringUp, makeReady, settle } from "./up";
import { describeUpgrade, type PreviewStep, type Running } from "./upgrade.plan";

export async function upgrade(stack: string, { plan }: { plan: boolean }): Promise<void> {
  const ready = await makeReady(stack);
  const { topology } = ready;
  const docker = await reach(topology, ready.state);
  const ran = await told(docker, topology, "ran");
  const running = await runningOf(docker, topology, runningImages(ready.state), ran);
  if (plan) {
    console.log(describeUpgrade(topology, await previewOf(stack), running));
    return;
  }
  try {
    await bringUp(ready);
  } catch (error) {
    if (ran === "") throw error;
    console.error(`\n${(error as Error).message}\n\nThe upgrade has failed: going back to what ran before.`);
    await goBack(docker, topology, running, ran);
    throw new UserError(
      `The upgrade of stack ${stack} has failed and was taken back: it runs what it ran before.\n  fix: see the reason above; Pulumi.${stack}.yaml now names the former versions (muster:images.overrides, muster:postgres.major): take them out to try again`,
    );
  }
  await settle(ready);
}

async function runningOf(
  docker: Docker,
  topology: Topology,
  images: Readonly<Record<string, string>>,
  ran: string,
): Promise<Running> {
  const [backup, drill] = await Promise.all([
    secondsOf(docker, topology, "backup.good"),
    secondsOf(docker, topology, "drill.good"),
  ]);
  return {
    images,
    major: ran === "" ? undefined : Number(ran.split(" ")[0]),
    backupSeconds: backup,
    drillSeconds: drill,
  };
}

async function secondsOf(docker: Docker, topology: Topology, record: string): Promise<number | undefined> {
  const seconds = await recordOf(docker, topology, record).then(
    (values) => values["seconds"],
    () => undefined,
  );
  return seconds === undefined ? undefined : Number(seconds);
}

/** What guard.sh has written down: `ran`, what the data were last written by; `before-upgrade`, the snapshot of before. */
const told = (docker: Docker, topology: Topology, file: "ran" | "before-upgrade"): Promise<string> =>
  inBackup(docker, topology, ["sh", "-c", `cat /status/${file} 2>/dev/null || :`]).then(
    ({ output }) => output.trim(),
    // It doesn't run: nothing has come near the data.
    () => "",
  );

async function previewOf(stack: string): Promise<PreviewStep[]> {
  const { code, stdout, stderr } = await capturePulumi(stack, ["preview", "-s", stack, "--json"]);
  if (code !== 0) {
    // As JSON it doesn't say which policy is violated.
    await requirePolicies(stack);
    throw new UserError(`The preview of stack ${stack} has failed.\n${stderr.trim()}`);
  }
  return (JSON.parse(stdout) as { steps?: PreviewStep[] }).steps ?? [];
}

/**
 * The former versions into the stack's file, the former data where new programs have had them, and up again.
 * @param before what the data were written by until then.
 */
async function goBack(docker: Docker, topology: Topology, running: Running, before: string): Promise<void> {
  const { stack } = topology;
  const now = await told(docker, topology, "ran");
  const touched = now !== "" && now !== before;
  const snapshot = touched ? await snapshotBefore(docker, topology) : undefined;
  for (const [key, value] of formerSettings(topology, running)) await setSetting(stack, key, value);
  try {
    if (snapshot !== undefined) {
      await restoreSnapshot(docker, topology, snapshot);
      if (hasMoved(topology, running)) await forgetMove(docker, topology, before);
    }
    const former = { topology: runnable(stack), state: await readState(stack) };
    await bringUp(former);
    await handStateToBackup(docker, former.topology);
  } catch (error) {
    throw new UserError(
      `${(error as Error).message}\nGoing back has failed as well: Pulumi.${stack}.yaml names the former versions, what runs is said above. The data are safe (npm run snapshots -- ${stack}).\n  fix: mend what is said above, then npm run restore -- ${stack}${snapshot === undefined ? "" : ` --snapshot ${snapshot.slice(0, 8)} --overwrite ${stack}`}`,
    );
  }
}

/** What was there before new programs came. */
async function snapshotBefore(docker: Docker, topology: Topology): Promise<string> {
  const snapshot = await told(docker, topology, "before-upgrade");
  if (snapshot === "")
    throw new UserError(
      `Nobody had used stack ${topology.stack} yet, so there is no backup to go back to: nothing was taken back.\n  fix: mend what is said above and run the same command again`,
    );
  return snapshot;
}

/**
 * The data of the former major of PostgreSQL are the ones that count again: nobody has written to their volume since
 * the backup. What was moved is a copy of that, and gives way to the next move.
 */
async function forgetMove(docker: Docker, topology: Topology, ran: string): Promise<void> {
  const { major } = topology.settings.postgres;
  const script = `set -e; . /muster/lib.sh; echo ${major} | put /status/moving; echo "$0" | put /status/ran`;
  const { code, output } = await inBackup(docker, topology, ["sh", "-c", script, ran]);
  if (code !== 0) throw new UserError(`What ran before can't be written down.\n${output.trim()}`);
}

const hasMoved = ({ settings }: Pick<Topology, "settings">, { major }: Pick<Running, "major">): boolean =>
  major !== undefined && major !== settings.postgres.major;

/** Pure: the settings that name what ran before. */
export function formerSettings(
  topology: Pick<Topology, "services" | "settings">,
  { images, major }: Pick<Running, "images" | "major">,
): [string, string][] {
  const moved = hasMoved(topology, { major });
  const changed = topology.services.flatMap(({ name, image }) => {
    const former = images[name];
    // Another major is another image: the setting names it.
    const follows = former === undefined || former === image.reference || (moved && isPostgres(image.name));
    return follows ? [] : [[`muster:images.overrides["${image.name}"]`, former] as [string, string]];
  });
  return [...(moved ? [["muster:postgres.major", String(major)] as [string, string]] : []), ...changed];
}

const isPostgres = (name: string): boolean => name.startsWith("postgres-");

async function setSetting(stack: string, path: string, value: string): Promise<void> {
  const { code, stderr } = await capturePulumi(stack, ["config", "set", "--path", path, value, "-s", stack]);
  if (code !== 0) throw new UserError(`${path} can't be set back to ${value}.\n${stderr.trim()}`);
  console.log(`${path} is ${value} again`);
}
