/** `npm run digests`: looks up what every pinned tag stands for now, and writes it into the lock file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { allPins } from "../components/services/images";
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

const lockFile = join(__dirname, "../components/services/images.lock.json");

if (require.main === module)
  lockDigests(allPins(), lockFile, { registry: process.env["MUSTER_REGISTRY"] })
    .then((digests) => {
      for (const [key, digest] of Object.entries(digests)) console.log(`${key}  ${digest}`);
    })
    .catch((error: unknown) => {
      console.error((error as Error).message);
      process.exitCode = 1;
    });
