/** One kind of what people do all the time: how often it went well, and when last. */
import { setTimeout as pause } from "node:timers/promises";
import type { ActivityCount } from "./results";

export class Activity {
  private done = 0;
  private refused = 0;
  private lastDone = 0;
  /** Why it didn't work the last time. */
  lastRefusal = "";

  constructor(readonly name: string) {}

  worked(): void {
    this.done += 1;
    this.lastDone = Date.now();
  }

  failed(error: unknown): void {
    this.refused += 1;
    this.lastRefusal = (error as Error).message;
  }

  workedSince(at: number): boolean {
    return this.lastDone > at;
  }

  count(): ActivityCount {
    return { name: this.name, done: this.done, refused: this.refused };
  }
}

/** When people stop. */
export interface Shift {
  over: boolean;
}

/** Does something again and again until the shift is over: what fails is counted, and tried again soon. */
export async function repeat(
  shift: Shift,
  activity: Activity,
  everySeconds: () => number,
  work: () => Promise<void>,
): Promise<void> {
  while (!shift.over) {
    await work().catch((error: unknown) => activity.failed(error));
    await pause(everySeconds() * 1000);
  }
}
