import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import Docker from "dockerode";
import { pack } from "tar-stream";
import type { ImageName } from "../../../components/services/images";
import { busyboxRecipe } from "./busybox";
import { caddyRecipe } from "./caddy";
import { jitsiJicofoRecipe, jitsiJvbRecipe, jitsiWebRecipe } from "./jitsi";
import { jitsiProsodyRecipe } from "./jitsiProsody";
import { coturnRecipe } from "./coturn";
import { grafanaRecipe } from "./grafana";
import { legoRecipe } from "./lego";
import { mattermostRecipe } from "./mattermost";
import {
  blackboxExporterRecipe,
  nodeExporterRecipe,
  postgresExporterRecipe,
  prometheusRecipe,
} from "./monitoring";
import { postgresRecipe } from "./postgres";
import { cached, hashOf, missingTools, parseReference, sources, type Recipe, type Reference } from "./recipe";
import { rcloneRecipe } from "./rclone";
import { followed, pull } from "./registry";
import { resticRecipe } from "./restic";
import { writeRootfs } from "./rootfs";
import { rtcdRecipe } from "./rtcd";

export type Origin = "present" | "pulled" | "built";

/** On an image that was made here: the hash of its recipe. An image without it came from a registry. */
const label = "muster.made-here";

const recipes: Record<ImageName, (reference: Reference) => Promise<Recipe>> = {
  busybox: busyboxRecipe,
  caddy: caddyRecipe,
  "postgres-17": postgresRecipe,
  "postgres-18": postgresRecipe,
  restic: resticRecipe,
  rclone: rcloneRecipe,
  "mattermost-team": mattermostRecipe,
  "mattermost-enterprise": mattermostRecipe,
  "jitsi-web": jitsiWebRecipe,
  "jitsi-prosody": jitsiProsodyRecipe,
  "jitsi-jicofo": jitsiJicofoRecipe,
  "jitsi-jvb": jitsiJvbRecipe,
  rtcd: rtcdRecipe,
  coturn: coturnRecipe,
  lego: legoRecipe,
  prometheus: prometheusRecipe,
  grafana: grafanaRecipe,
  "node-exporter": nodeExporterRecipe,
  "blackbox-exporter": blackboxExporterRecipe,
  "postgres-exporter": postgresExporterRecipe,
};

/** An image with the recipe for it, which is looked for only when needed: a version without one may be there or pulled. */
interface Wanted {
  readonly name: ImageName;
  readonly reference: Reference;
  readonly recipe: Recipe;
  readonly hash: string;
}

/**
 * Sees to it that every image is on the Docker host under its reference: present, else pulled, else made on the
 * spot. Says of each one that was made here, now or earlier, that it is no image of its publisher.
 */
export async function ensureImages(
  images: Partial<Record<ImageName, string>>,
  log: (line: string) => void,
  docker: Docker = new Docker(),
): Promise<Partial<Record<ImageName, Origin>>> {
  const origins: Partial<Record<ImageName, Origin>> = {};
  const toBuild: Wanted[] = [];
  for (const [name, text] of Object.entries(images) as [ImageName, string][]) {
    const reference = parseReference(text);
    const made = await madeHere(docker, reference);
    if (made === "real") {
      origins[name] = "present";
      log(`${reference.text}: present`);
      continue;
    }
    const known = made === undefined ? undefined : await withRecipe(name, reference);
    if (known !== undefined && made === known.hash) {
      origins[name] = "present";
      log(`${reference.text}: present, ${description(known.recipe)}`);
      continue;
    }
    const refusal = await pull(docker, reference);
    if (refusal === undefined) {
      origins[name] = "pulled";
      log(`${reference.text}: pulled from ${reference.registry}`);
      continue;
    }
    log(`${reference.text}: cannot be pulled from ${reference.registry} (${refusal})`);
    toBuild.push(known ?? (await withRecipe(name, reference)));
  }

  await checkTools(toBuild);
  for (const wanted of toBuild) {
    const start = Date.now();
    await build(docker, wanted);
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    origins[wanted.name] = "built";
    log(`${wanted.reference.text}: built in ${seconds} s, ${description(wanted.recipe)}`);
  }
  return origins;
}

/** What an image on the Docker host is: its publisher's, or one of ours. */
export async function imageKind(
  name: ImageName,
  text: string,
  docker: Docker = new Docker(),
): Promise<"published" | Recipe["kind"]> {
  const reference = parseReference(text);
  return (await madeHere(docker, reference)) === "real" ? "published" : (await recipes[name](reference)).kind;
}

function description(recipe: Recipe): string {
  return `${recipe.kind === "double" ? "A DOUBLE" : "HOME-MADE"}: ${recipe.what}`;
}

/** The recipe's hash on an image made here, "real" for any other image, undefined for none. */
async function madeHere(docker: Docker, reference: Reference): Promise<string | undefined> {
  try {
    const { Config } = await docker.getImage(reference.text).inspect();
    // Docker leaves Labels out, or null, where there are none.
    const labels = Config.Labels as Record<string, string> | null | undefined;
    return labels?.[label] ?? "real";
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}

async function withRecipe(name: ImageName, reference: Reference): Promise<Wanted> {
  const recipe = await recipes[name](reference);
  const shared = await sources(join(__dirname, "rootfs.ts"));
  return { name, reference, recipe, hash: hashOf(...recipe.config, ...recipe.inputs, ...shared) };
}

async function checkTools(wanted: readonly Wanted[]): Promise<void> {
  const missing = await missingTools([...new Set(wanted.flatMap(({ recipe }) => recipe.tools))]);
  if (missing.length === 0) return;
  const needed = wanted.filter(({ recipe }) => recipe.tools.some((tool) => missing.includes(tool)));
  throw new Error(
    `No registry answers and ${needed.map(({ reference }) => reference.text).join(", ")} cannot be made here: ` +
      `missing on this machine: ${missing.join(", ")}. Install that, or name images to use with MUSTER_E2E_IMAGE_<NAME>.`,
  );
}

/** Builds with the classic builder, which every Docker Engine has. The archive is unpacked by ADD, owners and all. */
async function build(docker: Docker, { name, reference, recipe, hash }: Wanted): Promise<void> {
  const rootfs = await cached(`${name}-rootfs`, hash.slice(0, 16), async (path) =>
    writeRootfs(await recipe.gather(), path),
  );
  const dockerfile = [
    "FROM scratch",
    "ADD rootfs.tar /",
    ...recipe.config,
    `LABEL ${label}=${hash}`,
    "",
  ].join("\n");
  const context = pack();
  const filled = (async (): Promise<void> => {
    context.entry({ name: "Dockerfile" }, dockerfile);
    const target = context.entry({ name: "rootfs.tar", size: (await stat(rootfs)).size });
    await pipeline(createReadStream(rootfs), target);
    context.finalize();
  })();
  const sent = docker.buildImage(context.pipe(new PassThrough()), {
    t: reference.text,
    version: "1",
    forcerm: true,
  });
  const replaced = await imageId(docker, reference);
  const [, stream] = await Promise.all([filled, sent]);
  await followed(docker, stream);
  // Nothing names the old image any more. It stays where a container still runs from it.
  if (replaced !== undefined && replaced !== (await imageId(docker, reference))) {
    await docker
      .getImage(replaced)
      .remove()
      .catch(() => undefined);
  }
}

async function imageId(docker: Docker, reference: Reference): Promise<string | undefined> {
  return docker
    .getImage(reference.text)
    .inspect()
    .then(
      ({ Id }) => Id,
      () => undefined,
    );
}
