/**
 * What a release promised to keep: its data volumes, addresses and secrets, as later versions must find them. One
 * file for each release and stack, `test/releases/VERSION/STACK.json`, written once (`npm run release:record`), beside
 * the contract of the outputs.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { join } from "node:path";
import { parseSettings } from "../../stacks/settings/parse";
import { type Topology, topologyOf } from "../../stacks/topology";
import { missingEdgeSecrets } from "../../stacks/topology/edge/findings";
import { runProgram } from "./engine";
import { isObject, mapLeaves, isSecret, type RecordedResource, shortUrn } from "./graph";
import { hosts, known, recordEnvironment } from "./hosts";
import { recordContract } from "./outputsContract";
import {
  engineConfig,
  projectDir,
  rawSettings,
  releasesDir,
  shippedStacks,
  type StackConfig,
  stackConfig,
} from "./stacks";

const stackType = "pulumi:pulumi:Stack";

/** A resource by its short URN, without anything that may change freely. */
interface Entry {
  /** Short URN; absent below the stack itself. */
  parent?: string;
  /** Short URN of its explicit provider. */
  provider?: string;
  protect?: true;
  retainOnDelete?: true;
  /** Only of what must stay: every input, since a change of almost any replaces a volume or a secret. */
  inputs?: Record<string, unknown>;
  /** Where its own service sees a volume. */
  mountedAt?: string[];
}

export interface Release {
  version: string;
  stack: string;
  /** The stack's settings at that time: an installation keeps them while the program is updated. */
  settings: StackConfig;
  /** Image of each service. */
  images: Record<string, string>;
  resources: Record<string, Entry>;
}

const topologyFrom = (stack: string, settings: StackConfig): Topology =>
  topologyOf(stack, parseSettings(rawSettings(stack, settings)));

/** The images that this program runs with a stack's settings, by service. */
export const imagesOf = (stack: string, settings: StackConfig): Record<string, string> =>
  Object.fromEntries(
    topologyFrom(stack, settings).services.map(({ name, image }) => [name, image.reference]),
  );

const graphs = new Map<string, Promise<RecordedResource[]>>();

/** The graph that this program makes of a stack's settings. The same settings make the same one: made once. */
export function graphOf(stack: string, settings: StackConfig): Promise<RecordedResource[]> {
  const key = JSON.stringify([stack, settings]);
  const graph = graphs.get(key) ?? makeGraph(stack, settings);
  graphs.set(key, graph);
  return graph;
}

async function makeGraph(stack: string, settings: StackConfig): Promise<RecordedResource[]> {
  const planned = topologyFrom(stack, settings);
  // Secrets that a later version asks for first are set by then.
  const asked = missingEdgeSecrets(planned).map(({ key }) => key.replace("muster:", ""));
  const topology = topologyFrom(stack, { ...settings, encrypted: [...settings.encrypted, ...asked] });
  // Without a process of its own.
  if (topology.settings.host.provider !== "local") return (await recordEnvironment(topology)).resources;
  const run = await runProgram({ projectDir, project: "muster", stack, ...engineConfig(settings), known });
  if (run.exitCode !== 0) throw new Error(`${stack}: ${[...run.errors, run.stderr].join("\n")}`);
  return run.resources;
}

/** What must stay of a graph: secrets, and whatever is protected or kept; with the parents and providers of that. */
export function releaseOf(
  version: string,
  stack: string,
  settings: StackConfig,
  graph: readonly RecordedResource[],
): Release {
  const kept = graph.filter(isKept);
  const needed = new Set<RecordedResource>();
  const need = (resource: RecordedResource | undefined): void => {
    if (resource === undefined || resource.type === stackType || needed.has(resource)) return;
    needed.add(resource);
    for (const urn of [resource.parent, resource.provider?.urn])
      need(graph.find((other) => other.urn === urn));
  };
  kept.forEach(need);
  const entries = [...needed].map((resource): [string, Entry] => [
    shortUrn(resource.urn),
    entryOf(resource, graph, kept.includes(resource)),
  ]);
  return {
    version,
    stack,
    settings,
    images: imagesOf(stack, settings),
    resources: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

const isProvider = (type: string): boolean => type.startsWith("pulumi:providers:");

/** The type in a short URN, without its parents'. */
export const typeOf = (urn: string): string => urn.split("::")[0]?.split("$").at(-1) ?? "";

const isKept = ({ type, options }: RecordedResource): boolean =>
  options.protect === true || options.retainOnDelete === true || type.startsWith("random:");

function entryOf(resource: RecordedResource, graph: readonly RecordedResource[], kept: boolean): Entry {
  const { type, parent, provider, options } = resource;
  return {
    ...(parent === undefined || parent.includes(`::${stackType}::`) ? {} : { parent: shortUrn(parent) }),
    ...(provider === undefined ? {} : { provider: shortUrn(provider.urn) }),
    ...(options.protect === true ? { protect: true } : {}),
    ...(options.retainOnDelete === true ? { retainOnDelete: true } : {}),
    ...(kept ? { inputs: plain(resource.inputs) } : {}),
    ...(isProvider(type) ? { inputs: { ...plain(resource.inputs), version: options.version } } : {}),
    ...(type === "docker:index/volume:Volume" ? { mountedAt: mountsOf(resource, graph) } : {}),
  };
}

const plain = (inputs: Record<string, unknown>): Record<string, unknown> =>
  mapLeaves(inputs, (leaf) => (isSecret(leaf) ? "[secret]" : leaf)) as Record<string, unknown>;

/** Paths at which the container of the volume's own service sees it. */
function mountsOf(volume: RecordedResource, graph: readonly RecordedResource[]): string[] {
  const service = volume.parent?.split("::").at(-1);
  return graph
    .filter(({ type, name }) => type === "docker:index/container:Container" && name === service)
    .flatMap(({ inputs }) => (Array.isArray(inputs["mounts"]) ? (inputs["mounts"] as unknown[]) : []))
    .filter((mount) => isObject(mount) && mount["source"] === volume.inputs["name"])
    .map((mount) => String((mount as Record<string, unknown>)["target"]));
}

/** What an update from the release to this graph would lose, replace or leave unprotected. */
export function broken(release: Release, graph: readonly RecordedResource[]): string[] {
  const byUrn = new Map(graph.map((resource) => [resource.urn, resource]));
  const now = new Map(
    graph.flatMap((resource) => [...formerUrns(resource, byUrn)].map((urn) => [urn, resource] as const)),
  );
  return Object.entries(release.resources).flatMap(([urn, then]) => {
    if (then.inputs === undefined || isProvider(typeOf(urn))) return [];
    const resource = now.get(urn);
    if (resource === undefined) return [`${urn} is gone`];
    const inputs = plain(resource.inputs);
    const keys = new Set([...Object.keys(then.inputs), ...Object.keys(inputs)]);
    const mounts = mountsOf(resource, graph);
    return [
      ...(then.protect && resource.options.protect !== true ? [`${urn} isn't protected any more`] : []),
      ...(then.retainOnDelete && resource.options.retainOnDelete !== true
        ? [`${urn} isn't kept any more when it leaves the program`]
        : []),
      ...[...keys]
        .filter((key) => !isDeepStrictEqual(then.inputs?.[key], inputs[key]))
        .map((key) => `${urn} is replaced: ${key} was ${text(then.inputs?.[key])}, is ${text(inputs[key])}`),
      ...(then.mountedAt ?? [])
        .filter((path) => !mounts.includes(path))
        .map((path) => `${urn} isn't at ${path} any more`),
    ];
  });
}

const text = (value: unknown): string => JSON.stringify(value) ?? "nothing";

/** Short URNs under which the engine finds a resource: its own, and those of its aliases and its parents'. */
function formerUrns(resource: RecordedResource, byUrn: ReadonlyMap<string, RecordedResource>): Set<string> {
  const chains = (urn: string | undefined): string[] => {
    if (urn === undefined || urn.includes(`::${stackType}::`)) return [""];
    const parent = byUrn.get(urn);
    const all = parent === undefined ? [shortUrn(urn)] : [...formerUrns(parent, byUrn)];
    return all.map((former) => `${former.replace(/::[^:]*$/, "")}$`);
  };
  const aliases = [{}, ...(resource.options.aliases ?? [])];
  return new Set(
    aliases.flatMap((alias) => {
      if (typeof alias === "string") return [shortUrn(alias)];
      const {
        name = resource.name,
        type = resource.type,
        parent = resource.parent,
        noParent,
      } = alias as {
        name?: string;
        type?: string;
        parent?: string;
        noParent?: true;
      };
      return chains(noParent ? undefined : parent).map((chain) => `${chain}${type}::${name}`);
    }),
  );
}

/** Every recorded release of every stack. */
export const recordedReleases = (): Release[] =>
  (existsSync(releasesDir) ? readdirSync(releasesDir).sort() : []).flatMap((version) =>
    readdirSync(join(releasesDir, version))
      // Beside the stacks lies a backup (test/e2e/data/kept.ts).
      .filter((file) => file.endsWith(".json") && file !== "backup.json")
      .sort()
      .map((file) => JSON.parse(readFileSync(join(releasesDir, version, file), "utf8")) as Release),
  );

/** Stacks as a release records them: as they are shipped, with the secrets that theirs tell to set. */
const shippedSecrets: Record<string, string[]> = {
  dev: [...hosts.digitalocean.secrets],
  prod: [...hosts.digitalocean.secrets, "cloudflareToken", "licence"],
};

/** Records all stacks under the version of package.json. Once: what is out can't change. */
export async function recordRelease(dir = releasesDir): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8")) as {
    version: string;
  };
  const folder = join(dir, version);
  if (existsSync(folder))
    throw new Error(
      `${folder} is there already: what a release promised can't be changed. If it isn't out yet, remove the folder first.`,
    );
  const releases: Release[] = [];
  for (const stack of shippedStacks) {
    const settings = stackConfig(stack, {}, shippedSecrets[stack] ?? []);
    releases.push(releaseOf(version, stack, settings, await graphOf(stack, settings)));
  }
  mkdirSync(folder, { recursive: true });
  for (const release of releases)
    writeFileSync(join(folder, `${release.stack}.json`), `${JSON.stringify(release, null, 2)}\n`);
  recordContract(folder);
  return folder;
}
