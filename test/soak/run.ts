/**
 * `npm run soak`: the whole local stack under load, while faults are produced, on an engine, a disk and a network of its
 * own. Skips loudly where a part is missing; with MUSTER_E2E=require a missing part is a failure.
 */
import { join } from "node:path";
import Docker from "dockerode";
import { ensureImages } from "../e2e/images/build";
import { referencesOf } from "../e2e/images/chosen";
import { missingTools } from "../e2e/images/recipe";
import { engineSocket, missingParts } from "../e2e/parts";
import { oneAtATime } from "../e2e/turns";
import { apartTools, runApart } from "./apart";
import { engineTools } from "./engine";
import { readOptions } from "./options";
import { imagesOfSoak } from "./site";

/** What comes before and after the faults, and a first round that takes its full time. */
const besidesSeconds = 3600;

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  const { minutes } = readOptions(args);
  const missing = [
    ...(await missingParts()),
    ...(process.getuid?.() === 0 ? [] : ["root"]),
    ...(await missingTools([...apartTools, ...engineTools])),
  ];
  if (missing.length > 0) {
    const required = process.env["MUSTER_E2E"] === "require";
    console.log(`The soak ${required ? "FAILED" : "is SKIPPED"}. Missing:`);
    for (const part of missing) console.log(`  - ${part}`);
    return required ? 1 : 0;
  }
  console.log("Images, on the machine's own engine:");
  const docker = new Docker({ socketPath: engineSocket });
  const images = referencesOf(imagesOfSoak());
  await oneAtATime("images", () => ensureImages(images, (line) => console.log(`  ${line}`), docker));
  const inside = [process.execPath, require.resolve("tsx/cli"), join(__dirname, "inside.ts"), ...args];
  return runApart(inside, minutes * 60 + besidesSeconds);
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
