/**
 * Nothing new comes near data without a backup: hooks that the engine calls before it acts, so that a plain
 * `pulumi up` is guarded as well. What is asked of the backup's container: components/services/backup/guard.sh.
 */
import * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import { describeProblems } from "../../stacks/settings/problems";
import type { ImagePlan, ServicePlan, Topology } from "../../stacks/topology";
import { upgradeProblems } from "../../stacks/topology/upgrades";
import { connect, execute, labels } from "../host/engine";
import type { EngineAddress } from "../host/ssh";
import { backup } from "../services/backup/backup";
import { dataImages, parseDataImages } from "../services/backup/settingsFile";
import { settled } from "./late";
import { containerName } from "./names";
import type { UnitArgs } from "./unit";

interface GuardArgs {
  engine: pulumi.Input<EngineAddress>;
  /** Name of the container that takes backups. */
  backup: string;
  /** Names of the containers that write to a database. */
  writers: readonly string[];
  /** What data will be written by, as `dataImages` says it. */
  images: string;
}

/** Exit code of guard.sh: writers have to be stopped, then it is to be asked again with `final`. */
const stopWriters = 10;

/** Hooks for what stands before data; none in a stack without backups. */
export class Guard {
  private readonly beforeImage: pulumi.ResourceHook;
  private readonly beforeStart: pulumi.ResourceHook;
  private readonly hasBackup: boolean;
  private readonly guardedImages: ReadonlySet<string>;
  private readonly major: string;

  constructor({ stack, services, settings }: Topology, engine: pulumi.Input<EngineAddress>) {
    this.hasBackup = services.some(({ name }) => name === backup.name);
    const holders = this.hasBackup ? services.filter(holdsData) : [];
    this.guardedImages = new Set(holders.map(({ image }) => image.name));
    this.major = String(settings.postgres.major);
    const args: GuardArgs = {
      engine,
      backup: containerName(stack, backup.name),
      writers: services.filter(startsGuarded).map(({ name }) => containerName(stack, name)),
      images: dataImages(
        services.map(({ service, image, volumes }) => ({ service, volumes, image: image.reference })),
        settings.postgres.major,
      ),
    };
    // Several images change in one `up`: asked once.
    let asked: Promise<void> | undefined;
    this.beforeImage = new pulumi.ResourceHook("back-up-before-image", () => {
      asked ??= beforeImage(args);
      return asked;
    });
    this.beforeStart = new pulumi.ResourceHook("back-up-before-start", async () => {
      await ask(await dockerOf(args), args, "start");
    });
  }

  /** Whether a service must be left as it is until all images are there: it is asked for the backup, or in it. */
  waits = (plan: ServicePlan): boolean =>
    this.guardedImages.size > 0 && (plan.name === backup.name || holdsData(plan));

  /** Whether an image runs on data. */
  guards = ({ name }: ImagePlan): boolean => this.guardedImages.has(name);

  /** For an image, before it is pulled. */
  imageHooks(image: ImagePlan): pulumi.ResourceHookBinding {
    return this.guards(image) ? { beforeCreate: [this.beforeImage] } : {};
  }

  /** For a service's container, before it is created; by its label it is created anew for another database. */
  start(plan: ServicePlan): Pick<UnitArgs, "hooks" | "labels"> {
    if (!this.hasBackup || !startsGuarded(plan)) return {};
    // One that stands still is started by an update in place.
    const hooks = { beforeCreate: [this.beforeStart], beforeUpdate: [this.beforeStart] };
    return { hooks, labels: { [labels.database]: this.major } };
  }
}

const holdsData = ({ volumes }: ServicePlan): boolean => volumes.some((volume) => volume.backup !== "none");

const startsGuarded = ({ service }: ServicePlan): boolean => service.startsAfter.includes(backup.name);

const dockerOf = async ({ engine }: GuardArgs): Promise<Docker> => connect(await settled(engine));

async function beforeImage(args: GuardArgs): Promise<void> {
  const docker = await dockerOf(args);
  // Without it there is nothing yet, or the stack is stopped: then the question comes before the start.
  if (!(await isRunning(docker, args.backup))) {
    await refuseUnseenMove(docker, args);
    return;
  }
  if ((await ask(docker, args, "before")) !== stopWriters) return;
  const stopped: string[] = [];
  try {
    for (const writer of args.writers) {
      if (!(await isRunning(docker, writer))) continue;
      stopped.push(writer);
      await docker.getContainer(writer).stop();
    }
    await ask(docker, args, "final");
  } catch (error) {
    for (const writer of stopped) await docker.getContainer(writer).start();
    throw error;
  }
}

/** Nobody has backed up what a running writer has written: its database must not be replaced by an empty one. */
async function refuseUnseenMove(docker: Docker, { backup, writers, images }: GuardArgs): Promise<void> {
  for (const writer of writers) {
    if (!(await isRunning(docker, writer))) continue;
    const { Config } = await docker.getContainer(writer).inspect();
    const major = Config.Labels[labels.database];
    if (major !== undefined && major !== images.split(" ")[0])
      throw new Error(
        `${backup} doesn't run, and ${writer} does: the data can't move from PostgreSQL ${major} without a backup\n  fix: docker start ${backup}; nothing was changed`,
      );
  }
}

/** Asks guard.sh, and throws with its words where it says no. */
async function ask(docker: Docker, { backup, images }: GuardArgs, phase: string): Promise<number> {
  if (phase !== "final") await refuseDowngrade(docker, backup, images);
  const { code, output } = await execute(docker, backup, ["sh", "/muster/guard.sh", phase, images]);
  const said = output.trim();
  if (code !== 0 && !(phase === "before" && code === stopWriters))
    throw new Error(said === "" ? `guard.sh ${phase} failed` : said);
  if (said !== "") await pulumi.log.info(said);
  return code;
}

/** What speaks against going from what has written the data to what is about to: nothing is done then. */
async function refuseDowngrade(docker: Docker, backup: string, images: string): Promise<void> {
  const { output } = await execute(docker, backup, ["sh", "-c", "cat /status/ran 2>/dev/null || :"]);
  const errors = upgradeProblems(parseDataImages(output), parseDataImages(images)).filter(
    ({ severity }) => severity === "error",
  );
  if (errors.length > 0) throw new Error(describeProblems("the images", errors));
}

const isRunning = (docker: Docker, container: string): Promise<boolean> =>
  docker
    .getContainer(container)
    .inspect()
    .then(
      ({ State }) => State.Running,
      (error: unknown) => {
        if ((error as { statusCode?: number }).statusCode === 404) return false;
        throw error;
      },
    );
