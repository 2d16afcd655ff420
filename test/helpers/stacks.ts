/** The shipped stacks, as tests meet them: their files and their topologies. Without the SDK: most tests need none. */

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { parseSettings, type RawSettings } from "../../stacks/settings/parse";
import { type Topology, topologyOf } from "../../stacks/topology";
import { isObject } from "./graph";

export const projectDir = resolve(__dirname, "../..");
/** What each release promised, by its version. */
export const releasesDir = join(projectDir, "test/releases");
export const shippedStacks = ["dev", "local", "prod"] as const;
export type ShippedStack = (typeof shippedStacks)[number];

/** Secret settings of test stacks: long enough that a leak of one is found anywhere. */
export const secretValues: Readonly<Record<string, string>> = {
  licence: "licence-text-that-nobody-may-see",
  mailPassword: "mail-password-that-nobody-may-see",
  turnSecret: "turn-secret-that-nobody-may-see",
  sshKey: `-----BEGIN OPENSSH PRIVATE KEY-----\nc3NoLWtleS10aGF0LW5vYm9keS1tYXktc2Vl\n-----END OPENSSH PRIVATE KEY-----\n`,
  digitaloceanToken: `dop_v1_${"0123456789abcdef".repeat(4)}`,
  cloudflareToken: "cloudflare-token-that-nobody-may-ever-see",
  dnsToken: "dns-token-that-nobody-may-see",
  awsSecretAccessKey: "aws-secret-that-nobody-may-see",
};

/** What stands for the address that `npm start` stores. */
const lanAddress = "192.168.7.10";

/** Settings by top-level key; encrypted ones by name. */
export interface StackConfig {
  values: Record<string, unknown>;
  encrypted: string[];
}

/**
 * A stack's file as `npm start` leaves it, with the same LAN address on every machine and without a salt.
 * @param change adds or replaces top-level keys; `undefined` removes one.
 */
export function stackConfig(
  stack: string,
  change: Record<string, unknown> = {},
  encrypted: string[] = [],
): StackConfig {
  const text = readFileSync(join(projectDir, `Pulumi.${stack}.yaml`), "utf8");
  const { config } = parse(text) as { config: Record<string, unknown> };
  const own = Object.entries(config).map(([key, value]) => [key.replace(/^muster:/, ""), value] as const);
  const values: Record<string, unknown> = { ...Object.fromEntries(own), ...change };
  const { host } = values;
  const changed = isObject(change["host"]) && "address" in change["host"];
  if (isObject(host) && host["provider"] === "local" && !changed)
    values["host"] = { ...host, address: lanAddress };
  const isEncrypted = (value: unknown): boolean => isObject(value) && "secure" in value;
  const plain = Object.entries(values).filter(([, value]) => value !== undefined && !isEncrypted(value));
  return {
    values: Object.fromEntries(plain),
    encrypted: [...encrypted, ...own.filter(([, value]) => isEncrypted(value)).map(([key]) => key)],
  };
}

/** The configuration as the CLI hands it to the program: scalars as text, the rest as JSON. */
export function engineConfig(
  { values, encrypted }: StackConfig,
  secrets: Readonly<Record<string, string>> = secretValues,
): { config: Record<string, string>; secretKeys: string[] } {
  const plain = Object.entries(values).map(([key, value]) => [
    `muster:${key}`,
    typeof value === "object" ? JSON.stringify(value) : String(value),
  ]);
  const hidden = encrypted.map((key) => [`muster:${key}`, secrets[key] ?? `value-of-secret-${key}`]);
  return {
    config: Object.fromEntries([...plain, ...hidden]) as Record<string, string>,
    secretKeys: encrypted.map((key) => `muster:${key}`),
  };
}

export const rawSettings = (stack: string, { values, encrypted }: StackConfig): RawSettings => ({
  source: `Pulumi.${stack}.yaml`,
  values,
  encrypted,
});

/** The topology of a stack's file, with changes. */
export function stackTopology(
  stack: string,
  change: Record<string, unknown> = {},
  encrypted: string[] = [],
): Topology {
  return topologyOf(stack, parseSettings(rawSettings(stack, stackConfig(stack, change, encrypted))));
}

/** A small stack that chats alone. */
const small = { domain: "localhost", host: { provider: "local" }, calls: "off", meetings: "off" };

/** The topology of a small local stack, with changes: what most tests of single rules start from. */
export function localTopology(change: Record<string, unknown> = {}, encrypted: string[] = []): Topology {
  const values = { ...small, ...change };
  const plain = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  return topologyOf("test", parseSettings({ source: "Pulumi.test.yaml", values: plain, encrypted }));
}
