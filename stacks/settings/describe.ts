/** Reads the schema itself: what stands at a key, and a flat list of all keys for docs and samples. */
import type { z } from "zod";
import { settingsSchema } from "./schema";
import { secretSettings } from "./secrets";

/** One key as the docs show it. */
export interface SettingDoc {
  key: string;
  type: string;
  /** Default as JSON; `undefined` for a key without one. */
  default: string | undefined;
  required: boolean;
  secret: boolean;
  meaning: string;
  /** Value of `provider` (or the like) under which the key counts. */
  variant: string | undefined;
  /** Whole key that has that value, such as `host.provider`. */
  variantKey: string | undefined;
}

/** A variant of a union: the key that chooses it, and its value there. */
interface Variant {
  key: string;
  value: string;
}

interface Wrapper {
  innerType: z.ZodType;
}
const wrappers = new Set(["default", "prefault", "optional", "nullable", "readonly"]);

/** The schema inside defaults, optionals and transforms. */
export function unwrap(schema: z.ZodType): z.ZodType {
  if (schema.def.type === "pipe") return unwrap((schema.def as unknown as { in: z.ZodType }).in);
  return wrappers.has(schema.def.type) ? unwrap((schema.def as unknown as Wrapper).innerType) : schema;
}

const within = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;

/** Whether a value is of this variant, as its literals tell. */
export function isChosen(option: z.ZodType, value: unknown): boolean {
  const inner = unwrap(option);
  if (inner.def.type !== "object") return false;
  const shape: Record<string, z.ZodType> = (inner as z.ZodObject<Record<string, z.ZodType>>).shape;
  return Object.entries(shape).some(
    ([key, field]) => field.def.type === "literal" && field.safeParse(within(value, key)).success,
  );
}

const chosenFirst = (options: readonly z.ZodType[], value: unknown): z.ZodType[] => [
  ...options.filter((option) => isChosen(option, value)),
  ...options.filter((option) => !isChosen(option, value)),
];

/**
 * The schema at a path; within a union, of the variant that has the key: that which the value chooses, else the first.
 * @param value what is given for `from`, if anything is.
 */
export function schemaAt(
  path: readonly string[],
  from: z.ZodType = settingsSchema,
  value?: unknown,
): z.ZodType | undefined {
  const [head, ...rest] = path;
  if (head === undefined) return from;
  const inner = unwrap(from);
  switch (inner.def.type) {
    case "object": {
      const { shape } = inner as z.ZodObject;
      return Object.hasOwn(shape, head)
        ? schemaAt(rest, shape[head] as z.ZodType, within(value, head))
        : undefined;
    }
    case "union": {
      for (const option of chosenFirst((inner as z.ZodUnion).options as z.ZodType[], value)) {
        const found = schemaAt(path, option, value);
        if (found !== undefined) return found;
      }
      return undefined;
    }
    case "array":
      return schemaAt(rest, (inner as z.ZodArray).element as z.ZodType);
    case "record": {
      const { keyType, valueType } = inner as z.ZodRecord;
      return (keyType as z.ZodType).safeParse(head).success
        ? schemaAt(rest, valueType as z.ZodType)
        : undefined;
    }
    default:
      return undefined;
  }
}

/** Every key of the settings, in the schema's order, the secrets last; `[]` stands for the items of a list. */
export function describeSettings(): SettingDoc[] {
  return [
    ...walk(settingsSchema, [], undefined),
    ...Object.entries(secretSettings).map(([key, { meaning }]) => ({
      key,
      type: "string",
      default: undefined,
      required: false,
      secret: true,
      meaning,
      variant: undefined,
      variantKey: undefined,
    })),
  ];
}

function walk(schema: z.ZodType, path: string[], variant: Variant | undefined): SettingDoc[] {
  const inner = unwrap(schema);
  if (inner.def.type === "object")
    return Object.entries((inner as z.ZodObject).shape).flatMap(([key, child]) =>
      walk(child as z.ZodType, [...path, key], variant),
    );
  // A union of plain values is one key; one of objects has the keys of each.
  if (inner.def.type === "union" && !isPlain(inner as z.ZodUnion))
    return (inner as z.ZodUnion).options.flatMap((option) =>
      walk(option as z.ZodType, path, discriminant(option as z.ZodObject, path)),
    );
  const own = leaf(schema, inner, path, variant);
  if (inner.def.type !== "array") return [own];
  const items = unwrap((inner as z.ZodArray).element as z.ZodType);
  const itemsPath = [...path.slice(0, -1), `${path.at(-1) ?? ""}[]`];
  return [own, ...(items.def.type === "object" ? walk(items, itemsPath, variant) : [])];
}

const isPlain = ({ options }: z.ZodUnion): boolean =>
  options.every((option) => unwrap(option as z.ZodType).def.type !== "object");

const discriminant = (option: z.ZodObject, path: readonly string[]): Variant | undefined => {
  const fields = Object.entries<z.ZodType>(option.shape);
  const [name, literal] = fields.find(([, field]) => field.def.type === "literal") ?? [];
  if (name === undefined) return undefined;
  return { key: [...path, name].join("."), value: String((literal as z.ZodLiteral).value) };
};

function leaf(schema: z.ZodType, inner: z.ZodType, path: string[], variant: Variant | undefined): SettingDoc {
  const fallback = schema.safeParse(undefined);
  return {
    key: path.join("."),
    type: typeName(inner),
    default: fallback.success && fallback.data !== undefined ? JSON.stringify(fallback.data) : undefined,
    required: !fallback.success && inner.def.type !== "literal",
    secret: false,
    meaning: schema.description ?? inner.description ?? "",
    variant: variant?.value,
    variantKey: variant?.key,
  };
}

function typeName(schema: z.ZodType): string {
  switch (schema.def.type) {
    case "enum":
      return (schema as z.ZodEnum).options.map(String).join(" | ");
    case "literal":
      return String((schema as z.ZodLiteral).value);
    case "number": {
      const { minValue, maxValue } = schema as z.ZodNumber;
      return `whole number, ${minValue} to ${maxValue}`;
    }
    case "array":
      return "list";
    case "union":
      return [...new Set((schema as z.ZodUnion).options.map((option) => typeName(option as z.ZodType)))].join(
        " | ",
      );
    case "record":
      return `map by ${typeName((schema as z.ZodRecord).keyType as z.ZodType)}`;
    default:
      return schema.def.type;
  }
}
