/** Real programs, where this machine has them. */
import { spawnSync } from "node:child_process";

/** The first of these names that is a program here. */
const present = (names: readonly string[]): string | undefined =>
  names.find((name) => {
    const { error, status } = spawnSync(name, ["--version"], { encoding: "utf8" });
    return error === undefined && status === 0;
  });

/** What each is called, by its makers and by Debian, and where it comes from. */
const known = {
  jq: [["jq"], "apt-get install jq"],
  prometheus: [["prometheus"], "apt-get install prometheus"],
  nodeExporter: [["node_exporter", "prometheus-node-exporter"], "apt-get install prometheus-node-exporter"],
  blackboxExporter: [
    ["blackbox_exporter", "prometheus-blackbox-exporter"],
    "apt-get install prometheus-blackbox-exporter",
  ],
  grafana: [["grafana"], "grafana.com/grafana/download"],
} as const;
export type Program = keyof typeof known;

/** Those that aren't here, in words. */
export const missingPrograms = (programs: readonly Program[]): string[] =>
  programs
    .filter((program) => present(known[program][0]) === undefined)
    .map((program) => `${known[program][0][0]} (${known[program][1]})`);

/** `describe` where all of them are here. Said loudly where not: a test that is skipped proves nothing. */
export function withPrograms(programs: readonly Program[], what: string): jest.Describe {
  const missing = missingPrograms(programs);
  if (missing.length === 0) return describe;
  process.stderr.write(`SKIPPED: no ${missing.join(", no ")} here, so ${what}\n`);
  return describe.skip;
}

/** What it is called here. */
export const programName = (program: Program): string => present(known[program][0]) ?? known[program][0][0];
