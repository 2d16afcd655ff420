/** The soak itself, apart from the machine: run.ts starts it. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { lastLogLines } from "../../components/host/engine";
import { reportSchema } from "../../doctor/report";
import { referencesOf } from "../e2e/images/chosen";
import { resolveLocalNames } from "../e2e/media/names";
import { folderVariable } from "./apart";
import { Engine } from "./engine";
import { type Fault, faultsFor } from "./faults";
import { Ground } from "./ground";
import { keptOf, Ledger } from "./ledger";
import { Load } from "./load";
import { type Options, readOptions } from "./options";
import { orderOf, type Turn } from "./order";
import { reportOf } from "./report";
import { type Occurrence, problemsOf, type Results } from "./results";
import { Sampler } from "./sampler";
import { imagesOfSoak, soakStack } from "./site";

const gib = 1024;
/** Room for images and the file system itself, beside the plan's. */
const imagesGiB = 4;

const began = Date.now();
const say = (line: string): void =>
  console.log(`${((Date.now() - began) / 1000).toFixed(0).padStart(6)} s  ${line}`);

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const folder = process.env[folderVariable];
  if (folder === undefined) throw new Error("it isn't apart from the machine: run npm run soak");
  const planGiB = imagesOfSoak().hosts.reduce((sum, { demand }) => sum + demand.diskGiB, 0);
  const engine = new Engine(folder);
  engine.prepare(planGiB + imagesGiB);
  say(`an engine of its own, on a disk of ${planGiB} GiB by the plan`);
  await engine.start();
  await engine.takeImages(Object.values(referencesOf(imagesOfSoak())));
  const media = soakStack();
  const forget = resolveLocalNames();
  try {
    say("bringing the stack up");
    await media.open();
    await media.up();
    const people = await media.people(options.people);
    const ledger = new Ledger(join(folder, "ledger"));
    const ground = new Ground(media, engine, new Load(media, people, ledger, options.seed));
    const sampler = new Sampler(media.stack, engine, options.minutes);
    sampler.start();
    await ground.load.start();
    say(`${options.people} people at work`);
    const faults = faultsFor(media.stack.topology().services.map(({ name }) => name));
    const further: string[] = [];
    const occurrences = await produced(ground, faults, options, further);
    const results = await judged({ ground, sampler, ledger, faults, occurrences, options, further }, planGiB);
    console.log(`\n${reportOf(results)}`);
    if (problemsOf(results).length > 0) process.exitCode = 1;
  } finally {
    forget();
    // Open sessions and timers would keep this process: all else ends with it.
    setTimeout(() => process.exit(), 2000);
  }
}

/** Fault after fault, until the time is over and each has had its turn. */
async function produced(
  ground: Ground,
  faults: readonly Fault[],
  { minutes, seed }: Options,
  further: string[],
): Promise<Occurrence[]> {
  const start = await ground.back(Date.now(), 300);
  if (start.length > 0) {
    further.push(`the load never ran without a fault: ${start.join("; ")}`);
    return [];
  }
  const occurrences: Occurrence[] = [];
  const end = Date.now() + minutes * 60_000;
  for (const turn of orderOf(seed, faults)) {
    if (turn.round > 1 && Date.now() > end) break;
    await pause(turn.calmSeconds * 1000);
    const occurrence = await happened(ground, turn);
    occurrences.push(occurrence);
    const { fault, seconds, failure } = occurrence;
    say(`${fault}: ${seconds === undefined ? "" : `all back after ${seconds.toFixed(1)} s`}${failure ?? ""}`);
    // What comes after would only tell of this one.
    if (failure !== undefined) break;
  }
  return occurrences;
}

/** One fault, until all is back: nobody waits more than three times as long as is stated. */
async function happened(ground: Ground, { fault, draw }: Turn<Fault>): Promise<Occurrence> {
  try {
    const mend = await fault.produce(ground, draw);
    const over = Date.now();
    await mend();
    const away = await ground.back(over, 3 * fault.backWithinSeconds);
    if (away.length === 0) return { fault: fault.name, seconds: (Date.now() - over) / 1000 };
    await showLogs(ground);
    return { fault: fault.name, failure: `never back: ${away.join("; ")}` };
  } catch (error) {
    await showLogs(ground);
    return { fault: fault.name, failure: (error as Error).message };
  }
}

async function showLogs({ stack, media }: Ground): Promise<void> {
  for (const service of await stack.unwell().catch(() => [])) {
    const lines = await lastLogLines(stack.docker, media.container(service)).catch(() => []);
    console.log([`Last lines of ${service}:`, ...lines].join("\n  "));
  }
}

interface Run {
  ground: Ground;
  sampler: Sampler;
  ledger: Ledger;
  faults: readonly Fault[];
  occurrences: readonly Occurrence[];
  options: Options;
  further: string[];
}

/** Stops the load, and looks at what is there: as it is, by a drill, and after a restore. */
async function judged(
  { ground, sampler, ledger, faults, occurrences, options, further }: Run,
  planGiB: number,
): Promise<Results> {
  const { load, stack } = ground;
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => further.push((error as Error).message));
  };
  say("a last backup under load");
  await attempt(() => ground.backUp());
  say("the load stops");
  await load.stop();
  await sampler.stop();
  const entries = ledger.entries();
  const kept: Results["kept"] = [];
  const compare = async (where: string, until?: number): Promise<void> => {
    const found = await ground.found();
    for (const kind of ["message", "file"] as const)
      kept.push({ what: `${kind}s ${where}`, kept: keptOf(kind, entries, found, until) });
  };
  await attempt(() => compare("in the stack"));
  say("a drill, and a restore of that backup");
  await attempt(() => stack.must(["drill", stack.name]));
  const backup = ground.backups.at(-1);
  if (backup === undefined) further.push("no backup was taken under load");
  else
    await attempt(async () => {
      await stack.must(["restore", stack.name, "--snapshot", backup.snapshot, "--overwrite", stack.name]);
      await compare("in that backup, restored", backup.at);
    });
  await attempt(async () => further.push(...(await found(ground))));
  return {
    options,
    faults,
    occurrences,
    activities: load.activities.map((activity) => activity.count()),
    kept,
    memory: sampler.memoryUse(),
    disk: {
      ...sampler.diskUse(),
      planMiB: planGiB * gib,
      filesMiB: load.uploadedBytes / 1024 ** 2,
      messages: load.messages.count().done,
    },
    further,
  };
}

/** What the doctor has to say at the end. */
async function found({ stack }: Ground): Promise<string[]> {
  // It would say how often we have killed them; a start by hand counts anew.
  for (const { Id } of (await stack.containers()).values()) {
    const container = stack.docker.getContainer(Id);
    if ((await container.inspect()).RestartCount > 0) await container.restart({ t: 60 });
  }
  await stack.healthy(180);
  const { output } = await stack.run(["doctor", stack.name, "--json"]);
  const { checks } = reportSchema.parse(JSON.parse(output.slice(output.indexOf("{"))));
  return checks
    .filter(({ outcome }) => outcome !== "ok")
    .map(({ id, outcome, saw }) => `the doctor, ${id}: ${outcome}, ${saw}`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
