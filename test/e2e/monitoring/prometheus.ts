/** Asks a Prometheus over its HTTP API. */
import { setTimeout as pause } from "node:timers/promises";

/** A sample of an answer. */
export interface Sample {
  metric: Record<string, string>;
  value: number;
}
export interface Target {
  scrapePool: string;
  scrapeUrl: string;
  labels: Record<string, string>;
  health: string;
  lastError: string;
}

export class PrometheusClient {
  constructor(private readonly port: number) {}

  private async ask<T>(path: string, parameters: Record<string, string> = {}): Promise<T> {
    const query = new URLSearchParams(parameters).toString();
    const answer = await fetch(`http://127.0.0.1:${this.port}/api/v1/${path}?${query}`);
    const { status, data, error } = (await answer.json()) as { status: string; data: T; error?: string };
    if (status !== "success") throw new Error(`${path} ${query}: ${error ?? status}`);
    return data;
  }

  async targets(): Promise<Target[]> {
    return (await this.ask<{ activeTargets: Target[] }>("targets", { state: "active" })).activeTargets;
  }

  /** Values of a label in the series of a metric. */
  labelValues(label: string, metric: string): Promise<string[]> {
    return this.ask(`label/${label}/values`, { "match[]": metric });
  }

  async query(expr: string): Promise<Sample[]> {
    const { resultType, result } = await this.ask<{
      resultType: string;
      result: { metric: Record<string, string>; value: [number, string] }[];
    }>("query", { query: expr });
    if (resultType !== "vector") throw new Error(`${expr}: a ${resultType}`);
    return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
  }
}

/** Asks again until it holds. @throws with what it was last. */
export async function until<T>(
  seconds: number,
  ask: () => Promise<T>,
  holds: (found: T) => boolean,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await ask();
    if (holds(found)) return found;
    if (Date.now() > end) throw new Error(`not so after ${seconds} s: ${JSON.stringify(found)}`);
    await pause(1000);
  }
}
