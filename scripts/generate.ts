/** `npm run generate` writes the generated parts of the docs; `npm run generate:check` only looks. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generatedFiles, outOfDate, projectDir } from "./docs/files";

async function main(onlyCheck: boolean): Promise<void> {
  const stale = outOfDate(await generatedFiles());
  if (onlyCheck) {
    for (const { path } of stale) console.error(`${path} is out of date`);
    if (stale.length > 0) console.error("fix: npm run generate, and commit what it writes");
    process.exitCode = stale.length > 0 ? 1 : 0;
    return;
  }
  for (const { path, wanted } of stale) writeFileSync(join(projectDir, path), wanted);
  console.log(stale.length === 0 ? "all is up to date" : `wrote ${stale.map(({ path }) => path).join(", ")}`);
}

main(process.argv.includes("--check")).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
