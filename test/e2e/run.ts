/**
 * `npm run test:e2e`: real engine, real Docker provider, real Docker Engine. Skips loudly where a part is
 * missing; with MUSTER_E2E=require a missing part is a failure, also one that only some steps need. `--parts` only
 * tells what is missing then.
 */
import { spawnSync } from "node:child_process";
import { missingForMachines, missingParts } from "./parts";

/** What may run side by side. Machines would go down with the engine that the others restart. */
const groups = ["/(muster|media|data)\\.e2e", "/(hosts|digitalocean|init)\\.e2e"];

async function main(): Promise<number> {
  const required = process.env["MUSTER_E2E"] === "require";
  const missing = await missingParts(required || process.argv.includes("--parts"));
  if (process.argv.includes("--parts")) {
    console.log(missing.length === 0 ? "nothing is missing" : missing.join("\n"));
    return missing.length === 0 ? 0 : 1;
  }
  if (missing.length > 0) {
    console.log(`End-to-end tests ${required ? "FAILED" : "SKIPPED"}. Missing:`);
    for (const part of missing) console.log(`  - ${part}`);
    console.log(required ? "0 passed, 1 failed" : "0 passed, 0 failed, 1 skipped");
    return required ? 1 : 0;
  }
  const machines = await missingForMachines();
  if (machines.length > 0) process.env["MUSTER_E2E_NO_MACHINES"] = machines.join("; ");
  const jest = require.resolve("jest/bin/jest");
  const own = process.argv.slice(2);
  const runs = own.length > 0 ? [own] : groups.map((group) => ["--testPathPatterns", group]);
  const codes = runs.map((chosen) => {
    const args = [jest, "--config", "jest.e2e.config.cjs", "--maxWorkers=2", ...chosen];
    return spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
  });
  return Math.max(...codes);
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
