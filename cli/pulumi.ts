/** Runs the Pulumi CLI of the npm package `pulumi`, which fetches it where it isn't installed. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { engineEnvironment, projectDir } from "./project";

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

const wrapper = (): string => require.resolve("pulumi/run.js");

/** What takes a policy pack; `refresh` and `destroy` take none, and make nothing. */
const judged: readonly (string | undefined)[] = ["up", "preview"];

/** The arguments, with the policy pack wherever the engine takes one. */
export const withPolicies = ([verb, ...rest]: readonly string[]): string[] => [
  ...(verb === undefined ? [] : [verb]),
  ...(judged.includes(verb) ? ["--policy-pack", join(projectDir, "policy")] : []),
  ...rest,
];

/**
 * Runs it with its output on our terminal; resolves with its exit code.
 * @param stack whose state backend it opens.
 */
export async function runPulumi(stack: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [wrapper(), ...withPolicies(args)], {
    cwd: projectDir,
    env: engineEnvironment(stack),
    stdio: "inherit",
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      resolve(code ?? (signal === null ? 1 : 130));
    });
  });
}

/**
 * Runs it and captures what it says.
 * @param stack whose state backend it opens; `undefined` where it opens none.
 */
export async function capturePulumi(
  stack: string | undefined,
  args: readonly string[],
  input?: string,
): Promise<Finished> {
  const child = spawn(process.execPath, [wrapper(), ...withPolicies(args)], {
    cwd: projectDir,
    env: engineEnvironment(stack),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const out = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (out.stdout += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (out.stderr += chunk.toString("utf8")));
  child.stdin.end(input ?? "");
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code: code ?? 1, ...out });
    });
  });
}
