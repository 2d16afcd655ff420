/**
 * Runs a piece of program inside the test's own process and records everything it registers, with all
 * options.
 *
 * `pulumi.runtime.setMocks` alone shows neither parents nor options, computes wrong URNs, and lets errors
 * thrown in `apply` escape to the test runner. So every run gets its own copy of the SDK's state (as inline
 * programs of the Automation API do), our fake engine in place of the mock monitor, and a trap for stray
 * rejections.
 */

import { setImmediate, setTimeout } from "node:timers";
import { types } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import * as runtimeState from "@pulumi/pulumi/runtime/state";
import { leakedSecrets } from "./golden";
import type { RecordedHook, RecordedInvoke, RecordedLog, RecordedResource } from "./graph";
import { watchLeftovers, type Leftovers } from "./leftovers";
import { FakeMonitor, type Handler, type Invoke, type Known } from "./monitor";

export interface RecordOptions {
  /** True for a preview: every computed output is unknown. @default false */
  preview?: boolean;
  /** @default "muster" */
  project?: string;
  /** @default "test" */
  stack?: string;
  /** Config by full key (`project:key`). Values set outside with setAllConfig are not seen. */
  config?: Record<string, string>;
  secretKeys?: string[];
  /** Computed outputs of deployed resources (not in a preview). Without one a resource echoes its inputs. */
  known?: Known;
  /** Answers to provider functions. Without one, any call fails the test. */
  invoke?: Invoke;
  /** @default 4, below Jest's own 5, so that the error says what was stuck */
  timeoutSeconds?: number;
}

export interface Recording<T> {
  result: T;
  resources: RecordedResource[];
  invokes: RecordedInvoke[];
  hooks: RecordedHook[];
  /** The functions behind the hooks, by name, so that a test can call them. */
  hookCallbacks: Map<string, (args: never) => unknown>;
  logs: RecordedLog[];
  /** Places where a secret is also used in the clear; see leakedSecrets. */
  leaks: string[];
}

/** The SDK's per-program state. It exists at run time, but the SDK leaves it out of its type declarations. */
interface Store {
  settings: { monitor: unknown; engine: unknown; rpcDone: Promise<unknown> };
  callbacks: unknown;
  pendingResourceRegistrations: Map<unknown, { type: string; name: string; phase: string }>;
  supportsTransforms: boolean;
  supportsInvokeTransforms: boolean;
}
const state = runtimeState as unknown as {
  withLocalStorage<R>(run: () => R): R;
  getStore(): Store;
};

let busy = false;

/**
 * Runs `program` as a whole Pulumi program. Rejects if anything in it fails, at once or later in an `apply`.
 */
export async function record<T>(
  options: RecordOptions,
  program: () => Promise<T> | T,
): Promise<Recording<T>> {
  // Some stray rejections carry no hint of the run they come from, so two runs must not overlap.
  if (busy) throw new Error("record() is already running: await one call before the next");
  busy = true;
  const leftovers = watchLeftovers();
  const restoreTraces = cheapStackTraces();
  try {
    const { project = "muster", stack = "test", preview = false, known, invoke } = options;
    const monitor = new FakeMonitor({ project, stack, dryRun: preview, known, invoke });
    const hookCallbacks = new Map<string, (args: never) => unknown>();
    const run: { store?: Store; result?: T; done?: boolean } = {};

    state.withLocalStorage(() => {
      const finished = leftovers.inside(async () => {
        await pulumi.runtime.setMocks(NO_MOCKS, project, stack, preview, "organization");
        run.store = state.getStore();
        plug(run.store, monitor, hookCallbacks);
        pulumi.runtime.setAllConfig(options.config ?? {}, options.secretKeys);
        await pulumi.runtime.runInPulumiStack(async () => {
          run.result = await program();
        });
      });
      finished.then(
        () => (run.done = true),
        (error: unknown) => {
          leftovers.rejections.unshift(error);
          run.done = true;
        },
      );
    });

    const deadline = performance.now() + (options.timeoutSeconds ?? 4) * 1000;
    const waitingFor = await settle(run, monitor, leftovers, deadline);
    if (waitingFor !== undefined && leftovers.rejections.length === 0)
      leftovers.rejections.push(new Error(waitingFor));
    const logged = monitor.logs.filter((log) => log.severity === "error").map((log) => log.message);
    throwIfAny([
      ...leftovers.rejections,
      ...[...monitor.failures, ...logged].map((message) => new Error(message)),
    ]);
    return {
      result: run.result as T,
      // Copies, because the engine goes on recording for stragglers.
      resources: [...monitor.resources],
      invokes: [...monitor.invokes],
      hooks: [...monitor.hooks],
      hookCallbacks,
      logs: [...monitor.logs],
      leaks: leakedSecrets(monitor.resources),
    };
  } finally {
    restoreTraces();
    leftovers.stop();
    busy = false;
  }
}

/**
 * The SDK notes a stack trace for every promise, and Jest maps a hundred frames of each back to its source: most
 * of a run's time. Errors of the program keep their class, message and the frames that matter.
 */
function cheapStackTraces(): () => void {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = 10;
  // The SDK's notes have no message, and nobody reads them.
  Error.prepareStackTrace = (error, frames) =>
    error.message === "" ? String(error) : [String(error), ...frames.map(String)].join("\n    at ");
  return () => {
    Error.stackTraceLimit = stackTraceLimit;
    if (prepareStackTrace === undefined) delete (Error as Partial<ErrorConstructor>).prepareStackTrace;
    else Error.prepareStackTrace = prepareStackTrace;
  };
}

const NO_MOCKS: pulumi.runtime.Mocks = {
  call: ({ token }) => {
    throw new Error(`the provider function ${token} is not mocked`);
  },
  newResource: ({ name }) => ({ id: name, state: {} }),
};

/** Puts the fake engine where the SDK looks for its engine connections. */
function plug(store: Store, monitor: FakeMonitor, callbacks: Map<string, (args: never) => unknown>): void {
  Object.assign(pulumi.runtime.getMonitor() as object, inProcess(monitor.monitorHandlers));
  store.settings.engine = inProcess(monitor.engineHandlers);
  // setMocks claims these; a transform would be recorded as if it had run, so let the SDK refuse it instead.
  store.supportsTransforms = false;
  store.supportsInvokeTransforms = false;
  // The real one opens a gRPC server for the engine to call hooks back; nothing ever would.
  const register =
    (kind: RecordedHook["kind"]) => (hook: { name: string; callback: never; opts?: HookOpts }) => {
      monitor.hook({ name: hook.name, kind, onDryRun: hook.opts?.onDryRun ?? false });
      callbacks.set(hook.name, hook.callback);
      return Promise.resolve();
    };
  store.callbacks = {
    registerResourceHook: register("resource"),
    registerErrorHook: register("error"),
    awaitStackRegistrations: () => Promise.resolve(),
    shutdown: () => undefined,
  };
}

interface HookOpts {
  onDryRun?: boolean;
}

type Callback = (error: Error | null, response?: unknown) => void;

/**
 * Handlers as gRPC client methods. They go on answering after the run is over: a straggler left waiting would
 * block every later run, because the SDK sends all log messages of a process through one queue.
 */
function inProcess(handlers: Record<string, Handler>): Record<string, unknown> {
  const method = (handler: Handler) => (request: unknown, callback: Callback) => {
    let response: unknown;
    try {
      response = handler(request as never);
    } catch (error) {
      const failure = asError(error);
      callback(Object.assign(failure, { details: failure.message }));
      return;
    }
    callback(null, response);
  };
  return Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [name, method(handler)]));
}

/** Waits until the program has returned and nothing it started is left; otherwise says what is. */
async function settle(
  run: { store?: Store; done?: boolean },
  monitor: FakeMonitor,
  leftovers: Leftovers,
  deadline: number,
): Promise<string | undefined> {
  for (let quiet = 0; quiet < 3;) {
    const [before, rpc] = [monitor.activity, run.store?.settings.rpcDone];
    if (performance.now() > deadline) {
      const stuck = [...(run.store?.pendingResourceRegistrations.values() ?? [])];
      const names = stuck.map((r) => `${r.type} ${r.name} (${r.phase})`).join(", ");
      return `the program did not finish in time; waiting for: ${names || "a promise or timer of its own"}`;
    }
    // Two trips round the event loop let chains of already settled promises run dry.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setTimeout(resolve, quiet === 0 ? 0 : 1));
    const idle = run.done && leftovers.pending() === 0 && (await isSettled(run.store?.settings.rpcDone));
    quiet = idle && before === monitor.activity && rpc === run.store?.settings.rpcDone ? quiet + 1 : 0;
  }
  return undefined;
}

async function isSettled(promise: Promise<unknown> | undefined): Promise<boolean> {
  const turn = new Promise((resolve) => setImmediate(resolve, false));
  return (await Promise.race([Promise.resolve(promise).then(() => true), turn])) === true;
}

/** Throws the original error if there is one cause; the SDK repeats it in several wrappings. */
function throwIfAny(errors: unknown[]): void {
  const all = [...new Set(errors)].map(asError);
  const repeats = (error: Error, at: number): boolean =>
    all.some((other, index) =>
      other.message === error.message ? index < at : other.message.includes(error.message),
    );
  const [first, ...others] = all.filter((error, at) => !repeats(error, at));
  if (first === undefined) return;
  if (others.length === 0) throw first;
  throw new Error([first, ...others].map((error) => error.message).join("\n"), { cause: first });
}

/** Not `instanceof`: Node's and Jest's own errors come from outside the sandbox Jest runs tests in. */
function asError(error: unknown): Error {
  return types.isNativeError(error) ? error : new Error(String(error));
}
