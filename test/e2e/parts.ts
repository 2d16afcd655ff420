/** What the end-to-end tests need and this machine may lack. */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { missingPrograms } from "../helpers/programs";
import { missingTools } from "./images/recipe";
import { machineTools } from "./machine/image";
import { missingForPage } from "./page/browser";
import { makeNeighbour, removeNeighbour } from "./network";
import { hasSshd } from "./sshd";
import { probe } from "./suites";

/** The engine that the tests use: the address is the same as the stack's. */
export const engineSocket = "/var/run/docker.sock";

/**
 * What is missing, in words; empty where all is there.
 * @param every also what only some steps need, which are skipped without it.
 */
export async function missingParts(every = false): Promise<string[]> {
  const tools = await missingTools(["flock"]);
  return [
    ...missingEngine(),
    ...(await missingDocker()),
    ...tools.map((tool) => `${tool} (of util-linux)`),
    ...(every ? await missingForSome() : []),
  ];
}

async function missingForSome(): Promise<string[]> {
  const neighbour = makeNeighbour(probe);
  removeNeighbour(probe);
  return [
    ...(neighbour ? [] : ["a network namespace that plays another machine (needs root, and ip of iproute2)"]),
    ...(hasSshd() ? [] : ["sshd (of openssh-server)"]),
    ...missingForPage(),
    ...new Set([
      ...(await missingForDroplets()),
      ...missingForZones(),
      ...missingForPolicies(),
      ...missingForTargets(),
      ...(await missingForProxy()),
    ]),
  ];
}

/** What somebody with a Prometheus of their own has. */
export const missingForTargets = (): string[] => missingPrograms(["jq", "prometheus"]);

/** What machines over SSH need besides: this machine plays them. */
export async function missingForMachines(): Promise<string[]> {
  const tools = await missingTools([
    ...machineTools,
    "losetup",
    "ssh",
    "ssh-keygen",
    "ip",
    "wg",
    "wireguard-go",
    "script",
  ]);
  return [...missingEngine(["command", "tls"]), ...(process.getuid?.() === 0 ? [] : ["root"]), ...tools];
}

/** What droplets need besides: this machine plays those too. */
export async function missingForDroplets(): Promise<string[]> {
  return [...new Set([...(await missingForMachines()), ...missingEngine(["digitalocean"])])];
}

/** What a proxy's visitors need, who come from addresses of their own; and an authority that certifies it. */
export async function missingForProxy(): Promise<string[]> {
  return [
    ...(process.getuid?.() === 0 ? [] : ["root"]),
    ...(await missingTools(["ip", "curl", "openssl", "go"])),
  ];
}

/** What zones at Cloudflare need; a double plays its API. */
export const missingForZones = (): string[] => missingEngine(["cloudflare", "tls"]);

/** What the policies need that judge the shipped stacks: nothing of its own, for the CLI's Node runs a policy pack. */
export const missingForPolicies = (): string[] =>
  missingEngine(["docker", "random", "command", "tls", "digitalocean", "cloudflare"]);

/** The CLI and the plugins must be there already: a test run downloads no engine. */
export function missingEngine(plugins = ["docker", "random"]): string[] {
  const home = process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi");
  const version = (name: string): string => (require(`${name}/package.json`) as { version: string }).version;
  const parts = [
    ["the Pulumi CLI", join(home, "versions", version("pulumi"), "bin", "pulumi")],
    ...plugins.map((name) => [
      `the Pulumi plugin ${name}`,
      join(home, "plugins", `resource-${name}-v${version(`@pulumi/${name}`)}`),
    ]),
  ] as [string, string][];
  return parts.filter(([, path]) => !existsSync(path)).map(([name, path]) => `${name} (looked for ${path})`);
}

async function missingDocker(): Promise<string[]> {
  try {
    await new Docker({ socketPath: engineSocket }).ping();
    return [];
  } catch (error) {
    return [`the Docker Engine (${(error as Error).message})`];
  }
}
