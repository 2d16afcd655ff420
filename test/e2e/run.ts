/**
 * `npm run test:e2e`: real engine, real Docker provider, real Docker Engine. Skips loudly where a part is
 * missing; with MUSTER_E2E=require a missing part is a failure, also one that only some steps need, but for virtual machines
 * and Grafana: not every processor lets us have those, and no package registry this one. `--parts` only tells what is missing then; `--short` leaves the long suites out.
 */
import { spawnSync } from "node:child_process";
import { makeAll } from "./images/all";
import long from "./long.json";
import { missingForVirtual } from "./machine/virtualImage";
import { missingForDroplets, missingForMachines, missingForProxy, missingParts } from "./parts";

/** How many suites run side by side: they wait more than they compute, but calls don't like to wait. */
const suitesAtOnce = 3;

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
  const droplets = await missingForDroplets();
  if (droplets.length > 0) process.env["MUSTER_E2E_NO_DROPLETS"] = droplets.join("; ");
  const proxy = await missingForProxy();
  if (proxy.length > 0) process.env["MUSTER_E2E_NO_PROXY"] = proxy.join("; ");
  const virtual = await missingForVirtual();
  if (virtual.length > 0) process.env["MUSTER_E2E_NO_VIRTUAL_MACHINES"] = virtual.join("; ");
  const short = process.argv.includes("--short");
  const wanted = process.argv.slice(2).filter((argument) => argument !== "--short");
  // Of one suite, its own are enough.
  if (wanted.length === 0) {
    console.log("Images and programs:");
    await makeAll(machines.length === 0 && !short, (line) => console.log(`  ${line}`));
  }
  const jest = require.resolve("jest/bin/jest");
  const args = [jest, "--config", "jest.e2e.config.cjs", `--maxWorkers=${suitesAtOnce}`];
  if (short) {
    console.log(
      `Left out, as asked (--short): ${long.join(", ")}; and eight of ten moments to kill an up at`,
    );
    process.env["MUSTER_E2E_SHORT"] = "1";
    args.push("--testPathIgnorePatterns", "/node_modules/", `/(page|${long.join("|")})\\.e2e\\.ts$`, "--");
  }
  return spawnSync(process.execPath, [...args, ...wanted], { stdio: "inherit" }).status ?? 1;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
