/** A versioned document's fields, from its schema. Pure. */
import { z } from "zod";
import { code, table } from "./markdown";

/** The part of JSON Schema that zod writes for our documents. */
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

/** The JSON schema of a document, for those who read it. */
export const jsonSchemaOf = (schema: z.ZodType, title: string): Record<string, unknown> => ({
  ...z.toJSONSchema(schema),
  title,
});

/** Its fields as a table. */
export const fieldsTable = (head: string, schema: z.ZodType): string =>
  table(
    [head, "Type", "Meaning"],
    fieldsOf(jsonSchemaOf(schema, head), "").map(({ path, type, meaning }) => [code(path), type, meaning]),
  );
