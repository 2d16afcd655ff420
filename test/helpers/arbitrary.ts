/** Settings made at random from the schema itself, so that a new key is tested from its first day. */

import fc from "fast-check";
import type { z } from "zod";
import { unwrap } from "../../stacks/settings/describe";
import { settingsSchema } from "../../stacks/settings/schema";

/** Texts for checks that are functions, which say nothing about what they take. */
const words = fc.oneof(
  fc.domain().map((name) => name.toLowerCase()),
  fc.constantFrom("DE", "KP", "T1"),
  fc.constantFrom("localhost", "team.localhost", "a", "chat", "a-1", "x".repeat(63)),
  fc.ipV4(),
  fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([base, prefix]) => `${base}/${prefix}`),
  fc.emailAddress(),
  fc.constantFrom("s3://example-state?region=eu-central-1", "https://api.pulumi.com", "file:///srv/state"),
  fc.stringMatching(/^unix:\/\/\/[a-z/.]{1,20}$/),
  fc.stringMatching(/^(\/[a-z0-9]{1,8}){1,3}$/),
);
const times = fc
  .date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true })
  .map((date) => date.toISOString());
const origins = fc.webUrl({ validSchemes: ["http", "https"] }).map((url) => new URL(url).origin);

/** Texts that break a script or a file in which they are not quoted. */
export const hostileText = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom(
    "'; exit 9; '",
    "$(exit 9)",
    "`exit 9`",
    '"; exit 9; "',
    "a\nexit 9\n",
    "\\",
    "'\\''",
    "*",
    "-rf",
    "${HOME}",
    "{client_ip}",
    "EOF",
    "#",
  ),
);

interface Check {
  _zod: { def: { check: string; format?: string; pattern?: RegExp; minimum?: number } };
}

const leastLength = (schema: z.ZodType): number =>
  ((schema.def.checks ?? []) as unknown as Check[]).find(({ _zod }) => _zod.def.check === "min_length")?._zod
    .def.minimum ?? 0;

/** Values that a schema takes; defaults are sometimes left out. */
export function arbitraryOf(schema: z.ZodType): fc.Arbitrary<unknown> {
  if (schema.def.type === "nullable")
    return fc.option(arbitraryOf((schema as z.ZodNullable<z.ZodType>).unwrap()));
  const inner = unwrap(schema);
  switch (inner.def.type) {
    case "object":
      return objectOf(inner as z.ZodObject);
    case "union":
      return fc.oneof(...(inner as z.ZodUnion).options.map((option) => arbitraryOf(option as z.ZodType)));
    case "enum":
      return fc.constantFrom(...(inner as z.ZodEnum).options);
    case "literal":
      return fc.constant((inner as z.ZodLiteral).value);
    case "boolean":
      return fc.boolean();
    case "number": {
      const { minValue, maxValue } = inner as z.ZodNumber;
      const finite = (limit: number | null, otherwise: number): number =>
        limit !== null && Number.isFinite(limit) ? limit : otherwise;
      const [min, max] = [finite(minValue, -1000), finite(maxValue, 1000)];
      return fc.oneof(fc.integer({ min, max: Math.min(max, min + 200) }), fc.integer({ min, max }));
    }
    case "array":
      return fc.array(arbitraryOf((inner as z.ZodArray).element as z.ZodType), {
        minLength: leastLength(inner),
        maxLength: 3,
      });
    case "record": {
      const { keyType, valueType } = inner as z.ZodRecord;
      const keys = arbitraryOf(keyType as z.ZodType) as fc.Arbitrary<string>;
      return fc.dictionary(keys, arbitraryOf(valueType as z.ZodType), { maxKeys: 3, noNullPrototype: true });
    }
    case "string":
      return textOf(inner as z.ZodString);
    default:
      throw new Error(`no arbitrary for a schema of type ${inner.def.type}: add one`);
  }
}

function objectOf(schema: z.ZodObject): fc.Arbitrary<unknown> {
  const shape = schema.shape as Record<string, z.ZodType>;
  const requiredKeys = Object.keys(shape).filter((key) => !shape[key]?.safeParse(undefined).success);
  const model = Object.fromEntries(Object.entries(shape).map(([key, field]) => [key, arbitraryOf(field)]));
  return fc.record(model, { requiredKeys, noNullPrototype: true });
}

function textOf(schema: z.ZodString): fc.Arbitrary<string> {
  const checks = ((schema.def.checks ?? []) as unknown as Check[]).map(({ _zod }) => _zod.def);
  const pattern = checks.find(
    ({ check, format }) => check === "string_format" && format === "regex",
  )?.pattern;
  const { format: kind } = schema.def as { format?: string };
  const texts =
    pattern !== undefined
      ? // Lower case alone, where a pattern takes both: fast-check can't read that flag.
        fc.stringMatching(new RegExp(pattern.source))
      : kind === "ipv4"
        ? fc.ipV4()
        : kind === "url"
          ? fc.oneof(fc.webUrl({ validSchemes: ["http", "https"] }), origins)
          : kind === "datetime"
            ? times
            : checks.some(({ check }) => check === "custom")
              ? words
              : fc.oneof(hostileText, fc.string({ minLength: schema.minLength ?? 0, maxLength: 30 }));
  return texts.filter((text) => schema.safeParse(text).success);
}

/** Plain settings, as a stack's file may hold them. */
export const plainSettings = arbitraryOf(settingsSchema) as fc.Arbitrary<Record<string, unknown>>;
