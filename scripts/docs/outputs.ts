/** The contract of the outputs: its fields, its JSON schema, and an example from a real topology. Pure. */
import { z } from "zod";
import { containerName } from "../../components/platform/names";
import { outputsOf, outputsSchema } from "../../stacks/outputs";
import type { Topology } from "../../stacks/topology";
import { code, fenced, table } from "./markdown";

/** The part of JSON Schema that zod writes for the outputs. */
interface Schema {
  type?: string | string[];
  description?: string;
  const?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | false;
  items?: Schema;
  anyOf?: Schema[];
}

/** The JSON schema of the outputs, for those who read them. */
export const outputsJsonSchema = (): Record<string, unknown> => ({
  ...z.toJSONSchema(outputsSchema),
  title: "Outputs of a Muster stack",
});

interface Field {
  path: string;
  type: string;
  meaning: string;
}

function typeOf(schema: Schema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(" | ");
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined) return schema.enum.map(String).join(" | ");
  if (typeof schema.additionalProperties === "object") return "map";
  return [schema.type ?? []].flat().join(" | ");
}

function fieldsOf(schema: Schema, path: string): Field[] {
  const own = path === "" ? [] : [{ path, type: typeOf(schema), meaning: schema.description ?? "" }];
  const inner = schema.anyOf?.find(({ properties }) => properties !== undefined) ?? schema;
  const prefix = path === "" ? "" : `${path}.`;
  return [
    ...own,
    ...Object.entries(inner.properties ?? {}).flatMap(([key, child]) => fieldsOf(child, `${prefix}${key}`)),
    ...(typeof inner.additionalProperties === "object"
      ? fieldsOf(inner.additionalProperties, `${prefix}*`).filter((field) => field.path !== `${path}.*`)
      : []),
    ...(inner.items === undefined
      ? []
      : fieldsOf(inner.items, `${path}[]`).filter((field) => field.path !== `${path}[]`)),
  ];
}

export const outputsTable = (): string =>
  table(
    ["Output", "Type", "Meaning"],
    fieldsOf(outputsJsonSchema(), "").map(({ path, type, meaning }) => [code(path), type, meaning]),
  );

/** The outputs that the stack really has: they follow from its topology alone. */
export const outputsExample = (topology: Topology): string =>
  fenced(
    "json",
    JSON.stringify(
      outputsOf(topology, (service) => containerName(topology.stack, service)),
      undefined,
      2,
    ),
  );
