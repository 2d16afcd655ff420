/** jq, and the metrics that its programs write. */
import { spawnSync } from "node:child_process";

/** What a program makes of a document. @throws with jq's own words. */
export function jq(program: string | undefined, document: unknown): string {
  if (program === undefined) throw new Error("no program for jq");
  const { status, stdout, stderr } = spawnSync("jq", ["-r", "-f", program], {
    input: JSON.stringify(document),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`jq -f ${program}: ${stderr}`);
  return stdout;
}

export interface MetricSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Samples of Prometheus' text format. */
export const samplesIn = (text: string): MetricSample[] =>
  [...text.matchAll(/^(\w+)\{([^\n]*)\} (\S+)$/gm)].map(([, name = "", labels = "", value]) => ({
    name,
    labels: Object.fromEntries(
      [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = "", escaped = ""]) => [
        key,
        escaped.replace(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter)),
      ]),
    ),
    value: Number(value),
  }));

/** Metrics that a text describes, with samples or without. */
export const declaredMetrics = (text: string): string[] =>
  [...text.matchAll(/^# TYPE (\w+) gauge$/gm)].map(([, name = ""]) => name);
