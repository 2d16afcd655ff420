/** Documents of other versions of a schema, brought to this one's form as far as that needs no guess. Pure. */
import type { z } from "zod";

type Shape = Record<string, z.ZodType>;
interface Inner {
  innerType: z.ZodType;
}
interface RecordOf {
  valueType: z.ZodType;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * The value without keys that the schema doesn't know; lists that are missing are empty, and whatever may be null is.
 * All else is left for the schema to judge.
 */
export function completed(schema: z.ZodType, value: unknown): unknown {
  switch (schema.def.type) {
    case "nullable":
      return value === undefined || value === null
        ? null
        : completed((schema.def as unknown as Inner).innerType, value);
    case "optional":
      return value === undefined ? undefined : completed((schema.def as unknown as Inner).innerType, value);
    case "array":
      if (value === undefined) return [];
      return Array.isArray(value)
        ? value.map((item) => completed((schema as z.ZodArray).element as z.ZodType, item))
        : value;
    case "record": {
      if (value === undefined) return {};
      const { valueType } = schema.def as unknown as RecordOf;
      return isMap(value)
        ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, completed(valueType, item)]))
        : value;
    }
    case "object":
      return isMap(value)
        ? Object.fromEntries(
            Object.entries((schema as z.ZodObject<Shape>).shape).flatMap(([key, field]) => {
              const inner = completed(field, Object.hasOwn(value, key) ? value[key] : undefined);
              return inner === undefined ? [] : [[key, inner]];
            }),
          )
        : value;
    default:
      return value;
  }
}
