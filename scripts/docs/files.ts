/** All files with generated parts, as they should be. Reads, and never writes. */
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import * as babel from "prettier/plugins/babel";
import * as estree from "prettier/plugins/estree";
import * as markdown from "prettier/plugins/markdown";
import * as yaml from "prettier/plugins/yaml";
import { format } from "prettier/standalone";
import { parseSettings } from "../../stacks/settings/parse";
import { type Topology, topologyOf } from "../../stacks/topology";
import { blocksOf } from "./blocks";
import { blocksIn, fillBlocks } from "./markdown";
import { reportSchema } from "../../doctor/report";
import { planSchema } from "../../stacks/plan/schema";
import { jsonSchemaOf } from "./contract";
import { outputsJsonSchema } from "./outputs";
import { sampleSettings } from "./sample";

export const projectDir = join(__dirname, "../..");

/** A file with generated parts: what it says now, and what it should say. */
export interface GeneratedFile {
  path: string;
  now: string | undefined;
  wanted: string;
}

/** A stack `local` with every default, as shipped; without what a start or an operator has put into its file. */
export function defaultLocal(): Topology {
  const values = { domain: "localhost", host: { provider: "local" } };
  return topologyOf("local", parseSettings({ source: "defaults", values, encrypted: [] }));
}

/** A server of somebody's with everything that a stack may have. */
export function exampleServer(): Topology {
  const host = {
    ...{ provider: "existing", address: "203.0.113.10", memoryMiB: 8192, cpus: 4 },
    hostKey: `ssh-ed25519 ${"A".repeat(68)}`,
  };
  const values = { domain: "example.org", host, turn: "tls", machine: { sshFrom: "everyone" } };
  return topologyOf("prod", parseSettings({ source: "example", values, encrypted: ["sshKey", "dnsToken"] }));
}

const read = (path: string): string | undefined => {
  try {
    return readFileSync(join(projectDir, path), "utf8");
  } catch {
    return undefined;
  }
};

/** Pages that may have places for blocks. */
const pages = (): string[] => [
  "README.md",
  ...readdirSync(join(projectDir, "docs"))
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`),
];

// Prettier's parts by hand: its own loader needs what a test runner doesn't have.
const plugins = [babel, estree, markdown, yaml];
const options = JSON.parse(readFileSync(join(projectDir, ".prettierrc.json"), "utf8")) as object;
const parsers = { ".yaml": "yaml", ".json": "json", ".md": "markdown" } as const;

/** Every file with generated parts, formatted as `npm run format` would. */
export async function generatedFiles(): Promise<GeneratedFile[]> {
  const blocks = blocksOf(defaultLocal(), exampleServer());
  const whole = {
    "Pulumi.README.yaml": sampleSettings(),
    "docs/outputs.schema.json": JSON.stringify(outputsJsonSchema()),
    "docs/doctor.schema.json": JSON.stringify(
      jsonSchemaOf(reportSchema, "What the doctor of a Muster stack found"),
    ),
    "docs/plan.schema.json": JSON.stringify(jsonSchemaOf(planSchema, "Plan of a Muster stack")),
  };
  const filled = pages().flatMap((path) => {
    const now = read(path) ?? "";
    return blocksIn(now).length === 0 ? [] : [[path, fillBlocks(now, blocks)] as const];
  });
  return Promise.all(
    [...Object.entries(whole), ...filled].map(async ([path, text]) => {
      const parser = parsers[extname(path) as keyof typeof parsers];
      return { path, now: read(path), wanted: await format(text, { ...options, parser, plugins }) };
    }),
  );
}

/** Those that must be written again. */
export const outOfDate = (files: readonly GeneratedFile[]): GeneratedFile[] =>
  files.filter(({ now, wanted }) => now !== wanted);
