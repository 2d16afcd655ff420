/**
 * The floor: a flat Pulumi program that makes the same resources by hand, generated from what our own program
 * registers. No components, no settings, no topology; the same inputs, providers and order.
 */
import { isObject, isSecret, mapLeaves, type RecordedResource, unwrap } from "../test/helpers/graph";

/** Made-up values of generated secrets and ids, each with the output that stands for it in code. */
type Markers = ReadonlyMap<string, string>;

const variable = (index: number): string => `r${index}`;

/** Which output of which types other resources are built from. */
const generated: Readonly<Record<string, string>> = {
  "random:index/randomPassword:RandomPassword": "result",
  "random:index/randomId:RandomId": "hex",
};

/** Source of the flat program. The engine saw dependencies before dependents, so their order is right. */
export function flatProgram(recorded: readonly RecordedResource[]): string {
  const resources = recorded.filter(({ custom }) => custom);
  const names = new Map(resources.map(({ urn }, index) => [urn, variable(index)]));
  const markers = markersOf(resources, (_, index, output) => `${variable(index)}.${output}`);
  return [
    '"use strict";',
    'const pulumi = require("@pulumi/pulumi");',
    'const docker = require("@pulumi/docker");',
    'const random = require("@pulumi/random");',
    "",
    ...resources.map((resource, index) => {
      const inputs = code(resource.inputs, markers);
      const words = [JSON.stringify(resource.name), inputs, optionsCode(resource, names)];
      return `const ${variable(index)} = new ${className(resource.type)}(${words.join(", ")});`;
    }),
    "",
  ].join("\n");
}

/** `docker:index/volume:Volume` is `docker.Volume` in code, and `pulumi:providers:docker` its provider. */
function className(type: string): string {
  const [start = "", , last = ""] = type.split(":");
  return start === "pulumi" ? `${last}.Provider` : `${start}.${last}`;
}

/** Nothing is protected: the bench destroys what it made. */
function optionsCode(
  { provider, dependencies, options }: RecordedResource,
  names: ReadonlyMap<string, string>,
): string {
  const own = provider === undefined ? undefined : names.get(provider.urn);
  const after = dependencies.flatMap((urn) => names.get(urn) ?? []);
  const { deleteBeforeReplace, replaceOnChanges } = options;
  const parts = [
    ...(own === undefined ? [] : [`provider: ${own}`]),
    ...(after.length === 0 ? [] : [`dependsOn: [${after.join(", ")}]`]),
    ...(deleteBeforeReplace === undefined ? [] : [`deleteBeforeReplace: ${deleteBeforeReplace}`]),
    ...(replaceOnChanges === undefined ? [] : [`replaceOnChanges: ${JSON.stringify(replaceOnChanges)}`]),
  ];
  return `{ ${parts.join(", ")} }`;
}

function markersOf(
  resources: readonly RecordedResource[],
  stand: (resource: RecordedResource, index: number, output: string) => string,
): Markers {
  const found = resources.flatMap((resource, index) => {
    const output = generated[resource.type];
    const value = output === undefined ? undefined : unwrap(resource.outputs?.[output]);
    return output === undefined || typeof value !== "string"
      ? []
      : [[value, stand(resource, index, output)] as const];
  });
  return new Map(found);
}

/** A recorded value as code; text that carries a made-up value is put together from the real one. */
function code(value: unknown, markers: Markers): string {
  if (isSecret(value)) {
    const inner = code(value.secret, markers);
    return [...markers.values()].some((output) => inner.includes(output)) ? inner : `pulumi.secret(${inner})`;
  }
  if (typeof value === "string") return textCode(value, markers);
  if (Array.isArray(value)) return `[${value.map((item) => code(item, markers)).join(", ")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const fields = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${code(item, markers)}`);
  return `{ ${fields.join(", ")} }`;
}

function textCode(text: string, markers: Markers): string {
  const parts = [...markers.keys()].reduce<string[]>(
    (pieces, marker) =>
      pieces.flatMap((piece) => (markers.has(piece) ? [piece] : splitAround(piece, marker))),
    [text],
  );
  const words = parts.filter((part) => part !== "").map((part) => markers.get(part) ?? JSON.stringify(part));
  return words.length > 1 ? `pulumi.concat(${words.join(", ")})` : (words[0] ?? '""');
}

/** The pieces of a text, with the marker itself between them. */
const splitAround = (text: string, marker: string): string[] =>
  text.split(marker).flatMap((piece, index) => (index === 0 ? [piece] : [marker, piece]));

/**
 * What two programs disagree about: resources, inputs, providers, dependencies. Components don't count, and
 * generated values are known by the resource that they come from.
 */
export function differences(ours: readonly RecordedResource[], flat: readonly RecordedResource[]): string[] {
  const [left, right] = [described(ours), described(flat)];
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((key) => {
    const [one, other] = [left.get(key), right.get(key)];
    if (one === other) return [];
    return [`${key}:\n  ours: ${one ?? "not there"}\n  flat: ${other ?? "not there"}`];
  });
}

function described(recorded: readonly RecordedResource[]): Map<string, string> {
  const resources = recorded.filter(({ custom }) => custom);
  const names = new Map(resources.map(({ urn, type, name }) => [urn, `${type} ${name}`]));
  const markers = markersOf(resources, ({ name }) => `<${name}>`);
  const readable = (value: unknown): unknown =>
    mapLeaves(unwrap(value), (leaf) =>
      typeof leaf === "string"
        ? [...markers].reduce((text, [marker, name]) => text.replaceAll(marker, name), leaf)
        : leaf,
    );
  return new Map(
    resources.map(({ urn, inputs, provider, dependencies, options }) => [
      names.get(urn) ?? urn,
      JSON.stringify({
        inputs: readable(inputs),
        provider: provider?.name,
        dependencies: dependencies.flatMap((other) => names.get(other) ?? []).sort(),
        deleteBeforeReplace: options.deleteBeforeReplace,
        replaceOnChanges: options.replaceOnChanges,
      }),
    ]),
  );
}
