/**
 * Runs an unmodified Pulumi program the way the Pulumi CLI does, without the CLI, a cloud or Docker.
 *
 * The CLI starts the SDK's own runner in a child process and talks to it over gRPC; so does this, with an
 * engine that only records. Because the real entry point, Pulumi.yaml and tsconfig are used, whatever a test
 * sees here is what `pulumi preview` would be asked to do.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import * as path from "node:path";
import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import { parse } from "yaml";
import type { RecordedHook, RecordedInvoke, RecordedLog, RecordedResource } from "./graph";
import { FakeMonitor, type Handler, type Invoke, type Known } from "./monitor";

export interface RunOptions {
  /** Folder of Pulumi.yaml. */
  projectDir: string;
  /** Entry point relative to projectDir. @default `main` of Pulumi.yaml */
  main?: string;
  project: string;
  stack: string;
  /**
   * Values by key; a key without a colon belongs to the project. Structured values are JSON text, as in the
   * CLI.
   */
  config: Record<string, string>;
  /** Which of those keys the stack file marks as secret. */
  secretKeys?: string[];
  /** True for a preview, false for an update. @default false */
  dryRun?: boolean;
  /** Environment on top of this process's own, from which all PULUMI_* variables are removed. */
  env?: NodeJS.ProcessEnv;
  /** Computed outputs of deployed resources (update only). */
  known?: Known;
  /** Answers to provider functions. Without one, any call fails the program. */
  invoke?: Invoke;
  /** The program is killed after this. @default 60 */
  timeoutSeconds?: number;
}

export interface ProgramRun {
  /** The runner's exit code; 124 if it had to be killed. */
  exitCode: number;
  timedOut: boolean;
  stdout: string;
  stderr: string;
  logs: RecordedLog[];
  /**
   * What the CLI would fail the run for, whatever the exit code: logged errors and requests that were
   * refused.
   */
  errors: string[];
  resources: RecordedResource[];
  invokes: RecordedInvoke[];
  hooks: RecordedHook[];
  /** Stack outputs. */
  outputs: Record<string, unknown>;
  /** Peak memory of the program; null where /proc does not exist. */
  maxRssMiB: number | null;
  seconds: number;
}

/** Exit code of a killed program, the same as timeout(1) uses. */
const TIMED_OUT = 124;

export async function runProgram(options: RunOptions): Promise<ProgramRun> {
  const { project, stack, dryRun = false, known, invoke } = options;
  const monitor = new FakeMonitor({ project, stack, dryRun, known, invoke });
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  server.addService(ResourceMonitorService, implementation(monitor.monitorHandlers));
  server.addService(EngineService, implementation(monitor.engineHandlers));
  try {
    const address = await listen(server);
    const started = performance.now();
    const ended = await supervise(start(options, address), options.timeoutSeconds ?? 60);
    const logged = monitor.logs.filter((log) => log.severity === "error").map((log) => log.message);
    return {
      ...ended,
      logs: monitor.logs,
      errors: [
        ...logged,
        ...monitor.failures.filter((failure) => !logged.some((text) => text.includes(failure))),
      ],
      resources: monitor.resources,
      invokes: monitor.invokes,
      hooks: monitor.hooks,
      outputs: monitor.stackOutputs,
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    server.forceShutdown();
  }
}

/** Starts the SDK's runner with the arguments and environment the CLI's language host would give it. */
function start(options: RunOptions, address: string): ChildProcess {
  const manifest = readManifest(options.projectDir);
  const { pwd, program } = entryPoint(options.projectDir, options.main ?? manifest.main);
  const runner = require.resolve("@pulumi/pulumi/cmd/run/index.js", { paths: [options.projectDir] });
  const args = [
    ...manifest.nodeArguments,
    runner,
    `--monitor=${address}`,
    `--engine=${address}`,
    "--organization=organization",
    `--project=${options.project}`,
    `--root-directory=${options.projectDir}`,
    `--stack=${options.stack}`,
    `--pwd=${pwd}`,
    "--parallel=16",
    ...(options.dryRun ? ["--dry-run"] : []),
    program,
  ];
  const qualify = (key: string): string => (key.includes(":") ? key : `${options.project}:${key}`);
  const config = Object.entries(options.config).map(([key, value]) => [qualify(key), value]);
  const { tsconfig } = manifest;
  return spawn(process.execPath, args, {
    cwd: pwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...inheritedEnv(),
      PULUMI_CONFIG: JSON.stringify(Object.fromEntries(config)),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify((options.secretKeys ?? []).map(qualify)),
      ...(manifest.typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
      ...(tsconfig === undefined ? {} : { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
      ...options.env,
    },
  });
}

/** Waits for the program to end, or kills it by its own pid, so that a test never hangs. */
async function supervise(
  child: ChildProcess,
  timeoutSeconds: number,
): Promise<Pick<ProgramRun, "exitCode" | "timedOut" | "stdout" | "stderr" | "maxRssMiB">> {
  let stdout = "";
  let stderr = "";
  let maxRssMiB: number | null = null;
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  // The kernel keeps the high-water mark, so only growth in the last interval before the exit can be missed.
  const poll = setInterval(() => (maxRssMiB = peakMiB(child.pid) ?? maxRssMiB), 25);
  const kill = { done: false };
  const timer = setTimeout(() => {
    kill.done = true;
    child.kill("SIGKILL");
  }, timeoutSeconds * 1000);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
      // "close" also waits for processes the program left behind with our pipes open; do not wait for those
      // long.
      child.once("exit", (exit) => setTimeout(resolve, 1000, exit).unref());
    });
    const timedOut = kill.done;
    if (timedOut) stderr += `\nrunProgram: killed after ${String(timeoutSeconds)} s\n`;
    return { exitCode: timedOut ? TIMED_OUT : (code ?? 1), timedOut, stdout, stderr, maxRssMiB };
  } finally {
    clearInterval(poll);
    clearTimeout(timer);
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

function peakMiB(pid: number | undefined): number | undefined {
  try {
    const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, "utf8"));
    return match ? Math.round(Number(match[1]) / 102.4) / 10 : undefined;
  } catch {
    return undefined; // not Linux, or the program has just ended
  }
}

interface Manifest {
  main?: string;
  tsconfig?: string;
  typescript: boolean;
  nodeArguments: string[];
}

function readManifest(projectDir: string): Manifest {
  const yaml = parse(readFileSync(path.join(projectDir, "Pulumi.yaml"), "utf8")) as {
    main?: string;
    runtime?: string | { options?: { tsconfig?: string; typescript?: boolean; nodeargs?: string } };
  };
  const runtime = typeof yaml.runtime === "object" ? yaml.runtime.options : undefined;
  return {
    ...(yaml.main === undefined ? {} : { main: yaml.main }),
    ...(runtime?.tsconfig === undefined ? {} : { tsconfig: runtime.tsconfig }),
    typescript: runtime?.typescript ?? true,
    nodeArguments: runtime?.nodeargs?.split(" ") ?? [],
  };
}

/**
 * The CLI's rule: the program runs in the folder of `main`; without a file name the runner asks package.json.
 */
function entryPoint(projectDir: string, main: string | undefined): { pwd: string; program: string } {
  if (main === undefined) return { pwd: projectDir, program: "." };
  const full = path.resolve(projectDir, main);
  if (!existsSync(full)) throw new Error(`Pulumi program not found: ${full}`);
  if (statSync(full).isDirectory()) return { pwd: full, program: "." };
  return { pwd: path.dirname(full), program: path.basename(full) };
}

/** Without what a CLI session, ts-node or jest left behind, since a user's shell has none of it. */
function inheritedEnv(): NodeJS.ProcessEnv {
  const foreign = /^(PULUMI_|TS_NODE_|JEST_|NODE_ENV$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !foreign.test(key)));
}

function implementation(handlers: Record<string, Handler>): grpc.UntypedServiceImplementation {
  const call =
    (handler: Handler): grpc.handleUnaryCall<unknown, unknown> =>
    ({ request }, callback) => {
      try {
        callback(null, handler(request as never));
      } catch (error) {
        callback({
          code: grpc.status.UNKNOWN,
          details: error instanceof Error ? error.message : String(error),
        });
      }
    };
  return Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [name, call(handler)]));
}

function listen(server: grpc.Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(error);
      else resolve(`127.0.0.1:${String(port)}`);
    });
  });
}
