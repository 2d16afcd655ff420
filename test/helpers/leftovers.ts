/**
 * Finds what a program leaves behind after it returned: work still to come, and rejections nobody handled.
 */

import { AsyncLocalStorage, createHook } from "node:async_hooks";
import * as vm from "node:vm";

/** What keeps a Node process alive, apart from promises. */
const WORK = new Set([
  "Timeout",
  "Immediate",
  "FSREQCALLBACK",
  "FSREQPROMISE",
  "GETADDRINFOREQWRAP",
  "PROCESSWRAP",
]);

export interface Leftovers {
  /** Runs the program so that what it starts, at once or later, is known to be its own. */
  inside<R>(program: () => R): R;
  /**
   * Timers and file operations that have not finished. The real runner goes on until the event loop is empty,
   * so a resource created after a pause belongs to the program as well.
   */
  pending(): number;
  rejections: unknown[];
  stop(): void;
}

const owner = new AsyncLocalStorage<object>();

export function watchLeftovers(): Leftovers {
  const self = {};
  const open = new Map<number, { hasRef?: () => boolean }>();
  const hook = createHook({
    init: (id, type, _trigger, resource: object) => {
      if (WORK.has(type) && owner.getStore() === self) open.set(id, resource);
    },
    destroy: (id) => open.delete(id),
  }).enable();

  // Jest gives tests a copy of `process` whose events never fire, hence the detour to the real one. Jest's
  // own listeners would blame whichever test runs at that moment, so they step aside until the run is over.
  const real = vm.runInThisContext("process") as NodeJS.Process;
  const rejections: unknown[] = [];
  const previous = real.rawListeners("unhandledRejection") as NodeJS.UnhandledRejectionListener[];
  const listener = (error: unknown): void => {
    // A rejection in an earlier run's straggler is not this run's fault.
    const from = owner.getStore();
    if (from === undefined || from === self) rejections.push(error);
  };
  real.removeAllListeners("unhandledRejection");
  real.on("unhandledRejection", listener);

  return {
    inside: (program) => owner.run(self, program),
    // An unreferenced timer does not keep a process alive.
    pending: () => [...open.values()].filter((resource) => resource.hasRef?.() !== false).length,
    rejections,
    stop: () => {
      hook.disable();
      real.removeListener("unhandledRejection", listener);
      for (const old of previous) real.on("unhandledRejection", old);
    },
  };
}
