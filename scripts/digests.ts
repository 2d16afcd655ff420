/**
 * `npm run digests`: looks up what every pinned tag stands for now, and the checksum of the pinned plugin's archive,
 * and writes both into their lock files.
 */
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { allPins } from "../components/services/images";
import { jitsiPlugin } from "../components/services/mattermost.meetings";
import { digestOf, type RegistryOptions, type Wanted } from "./registry";

/** An image to look up, and its key in the lock file. */
export type Pin = Wanted & { key: string };

/**
 * Digests of all pins, in order of their keys.
 * @throws Error that lists every image that could not be looked up.
 */
export async function digestsOf(
  pins: readonly Pin[],
  options: RegistryOptions,
): Promise<Record<string, string>> {
  const sorted = [...pins].sort((a, b) => (a.key < b.key ? -1 : 1));
  const answers = await Promise.allSettled(sorted.map((pin) => digestOf(pin, options)));
  const failures = answers.flatMap((answer, index) =>
    answer.status === "rejected"
      ? [`  - ${sorted[index]?.key ?? ""}: ${(answer.reason as Error).message}`]
      : [],
  );
  if (failures.length > 0) throw new Error(["Nothing was written. Failed:", ...failures].join("\n"));
  return Object.fromEntries(
    answers.flatMap((answer, index) =>
      answer.status === "fulfilled" ? [[sorted[index]?.key ?? "", answer.value] as const] : [],
    ),
  );
}

/** Writes the lock file, and only when every digest is known. */
export async function lockDigests(
  pins: readonly Pin[],
  file: string,
  options: RegistryOptions,
): Promise<Record<string, string>> {
  const digests = await digestsOf(pins, options);
  writeFileSync(file, `${JSON.stringify(digests, undefined, 2)}\n`);
  return digests;
}

/**
 * Writes the checksum of a plugin's archive, as its publisher gives it now.
 * @throws Error where it can't be fetched whole; then nothing is written.
 */
export async function lockPlugin(
  { id, version, url }: { id: string; version: string; url: string },
  file: string,
): Promise<string> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(120_000) });
  if (!answer.ok) throw new Error(`Nothing was written. ${url}: ${answer.status} ${answer.statusText}`);
  const sha256 = createHash("sha256")
    .update(Buffer.from(await answer.arrayBuffer()))
    .digest("hex");
  writeFileSync(file, `${JSON.stringify({ [`${id}:${version}`]: sha256 }, undefined, 2)}\n`);
  return sha256;
}

const services = join(__dirname, "../components/services");

async function main(): Promise<void> {
  const registry = process.env["MUSTER_REGISTRY"];
  const digests = await lockDigests(allPins(), join(services, "images.lock.json"), { registry });
  for (const [key, digest] of Object.entries(digests)) console.log(`${key}  ${digest}`);
  console.log(
    `${jitsiPlugin.id}:${jitsiPlugin.version}  ${await lockPlugin(jitsiPlugin, join(services, "plugins.lock.json"))}`,
  );
}

if (require.main === module)
  main().catch((error: unknown) => {
    console.error((error as Error).message);
    process.exitCode = 1;
  });
