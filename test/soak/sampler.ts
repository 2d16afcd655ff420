/** Looks at memory and disk again and again while a soak runs. */
import type Docker from "dockerode";
import { labels } from "../../components/host/engine";
import { hostReserveMiB } from "../../stacks/topology/hosts";
import type { Stack } from "../e2e/stack";
import type { Engine } from "./engine";
import type { MemoryUse } from "./results";
import { courseOf, type Sample } from "./samples";

const bytesPerMiB = 1024 ** 2;
/** However long the run is. */
const samplesAtMost = 1000;
const leastSeconds = 5;

/** What a container can't give back: without what the kernel keeps of files. Nothing while it starts or ends. */
async function usedMiB(container: Docker.Container): Promise<number | undefined> {
  const { memory_stats: memory } = await container.stats({ stream: false, "one-shot": true });
  if (memory.usage === undefined) return undefined;
  const parts = memory.stats as unknown as Record<string, number | undefined> | undefined;
  // With control groups of version 1 and of version 2.
  const files = ["inactive_file", "active_file"].map((key) => parts?.[`total_${key}`] ?? parts?.[key] ?? 0);
  return (memory.usage - files.reduce((sum, one) => sum + one, 0)) / bytesPerMiB;
}

export class Sampler {
  private readonly memory = new Map<string, Sample[]>();
  private readonly outOfMemory = new Map<string, number>();
  private readonly disk: Sample[] = [];
  private readonly everySeconds: number;
  private began = 0;
  private looked = 0;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly stack: Stack,
    private readonly engine: Engine,
    minutes: number,
  ) {
    this.everySeconds = Math.max(leastSeconds, (minutes * 60) / samplesAtMost);
  }

  start(): void {
    this.began = this.looked = Date.now();
    let busy = false;
    this.timer = setInterval(() => {
      if (busy) return;
      busy = true;
      // A container or the engine may be away just now.
      this.looking = this.look()
        .catch(() => undefined)
        .finally(() => (busy = false));
    }, this.everySeconds * 1000);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  private add(to: Sample[], value: number): void {
    to.push({ atSeconds: (Date.now() - this.began) / 1000, value });
  }

  private of(service: string): Sample[] {
    const samples = this.memory.get(service) ?? [];
    this.memory.set(service, samples);
    return samples;
  }

  private async look(): Promise<void> {
    if (!this.engine.filled) this.add(this.disk, this.engine.usedMiB());
    this.add(this.of(engineName), this.engine.ownMiB());
    const containers = await this.stack.containers();
    for (const { name } of this.stack.topology().services) {
      const found = containers.get(name);
      if (found?.State !== "running") continue;
      const used = await usedMiB(this.stack.docker.getContainer(found.Id));
      if (used !== undefined) this.add(this.of(name), used);
    }
    await this.countOutOfMemory();
  }

  /** By the engine's events since the last look. */
  private async countOutOfMemory(): Promise<void> {
    const [since, until] = [this.looked, Date.now()].map((at) => (at / 1000).toFixed(3));
    const stream = await this.stack.docker.getEvents({
      since,
      until,
      filters: { event: ["oom"], label: [`${labels.stack}=${this.stack.name}`] },
    } as Docker.GetEventsOptions);
    this.looked = Number(until) * 1000;
    let text = "";
    for await (const chunk of stream) text += String(chunk);
    for (const line of text.split("\n").filter(Boolean)) {
      const { Actor } = JSON.parse(line) as { Actor: { Attributes: Record<string, string> } };
      const service = Actor.Attributes[labels.service] ?? "";
      this.outOfMemory.set(service, (this.outOfMemory.get(service) ?? 0) + 1);
    }
  }

  memoryUse(): MemoryUse[] {
    const limits = this.stack
      .topology()
      .services.map(({ name, needs }) => ({ service: name, limitMiB: needs.memoryMiB }));
    return [...limits, { service: engineName, limitMiB: hostReserveMiB }].map(({ service, limitMiB }) => ({
      service,
      limitMiB,
      course: courseOf(this.of(service)),
      outOfMemory: this.outOfMemory.get(service) ?? 0,
    }));
  }

  diskUse(): { firstMiB: number; lastMiB: number; peakMiB: number } {
    const values = this.disk.map(({ value }) => value);
    return { firstMiB: values[0] ?? NaN, lastMiB: values.at(-1) ?? NaN, peakMiB: Math.max(...values) };
  }
}

/** Its plan is what the plan leaves to the machine. */
const engineName = "the Docker Engine";
