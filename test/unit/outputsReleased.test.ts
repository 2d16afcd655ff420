/** Within a version of the contract, whoever reads the outputs goes on reading them: each release's readers are tried. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { z } from "zod";
import { outputsSchema } from "../../stacks/outputs";
import { arbitraryOf } from "../helpers/arbitrary";
import { outputsOfStacks } from "../helpers/exampleOutputs";
import { isObject } from "../helpers/graph";
import { declaredMetrics, jq, samplesIn } from "../helpers/jq";
import {
  type JsonSchema,
  judge,
  loosened,
  publishedSchema,
  recordContract,
  recordedContracts,
} from "../helpers/outputsContract";
import { withPrograms } from "../helpers/programs";

const contracts = recordedContracts();
const version = outputsSchema.shape.schemaVersion.value;
const kept = contracts.filter(({ schemaVersion }) => schemaVersion === version);
const stacks = outputsOfStacks();
const full = stacks["prod with targets"];
if (full === undefined) throw new Error("no outputs of prod");

const withJq = withPrograms(["jq"], "no reader of a former release is run");

/** Outputs that a contract allows and a reader doesn't take; `undefined` where there are none. */
function misread(schema: z.ZodType, reader: JsonSchema): string[] | undefined {
  const judged = judge(loosened(reader));
  const { counterexample } = fc.check(
    fc.property(arbitraryOf(schema), (outputs) => judged(outputs).length === 0),
    { numRuns: 200, seed: 9 },
  );
  return counterexample === null ? undefined : judged(counterexample[0]);
}

/** Every key that a schema names, by its path in a document. */
function keysIn(
  schema: JsonSchema,
  document: unknown,
  path: readonly (string | number)[] = [],
): (string | number)[][] {
  const { anyOf = [schema] } = schema as { anyOf?: JsonSchema[] };
  return anyOf.flatMap(({ properties = {}, additionalProperties, items }) => {
    if (Array.isArray(document))
      return document.flatMap((item, at) => (isObject(items) ? keysIn(items, item, [...path, at]) : []));
    if (!isObject(document)) return [];
    return Object.entries(document).flatMap(([key, value]) => {
      const named = (properties as Record<string, JsonSchema>)[key];
      const inner = named ?? (isObject(additionalProperties) ? additionalProperties : {});
      return [...(named === undefined ? [] : [[...path, key]]), ...keysIn(inner, value, [...path, key])];
    });
  });
}

/** A document with the object that has the key changed. */
function changed(
  document: unknown,
  path: readonly (string | number)[],
  change: (parent: Record<string, unknown>, key: string) => unknown,
): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(document));
  const parent = path.slice(0, -1).reduce((inner, key) => (inner as Record<string, unknown>)[key], copy);
  change(parent as Record<string, unknown>, String(path.at(-1)));
  return copy;
}

describe.each(kept.map((contract) => [contract.release, contract] as const))(
  "a reader written for release %s",
  (_, { schema, readers }) => {
    const judged = judge(loosened(schema));

    it.each(Object.entries(stacks))("finds all that it knows in the outputs of %s", (_name, outputs) => {
      expect(judged(outputs)).toEqual([]);
    });

    it("takes whatever today's contract allows", () => {
      expect(misread(outputsSchema, schema)).toBeUndefined();
    });

    withJq("with jq", () => {
      it.each(Object.entries(stacks))("does with %s what it did", (_name, outputs) => {
        const probes = JSON.parse(jq(readers["probes.jq"], outputs)) as { targets: string[] }[];
        expect(probes.flatMap(({ targets }) => targets)).toEqual(
          expect.arrayContaining(Object.values(outputs.endpoints)),
        );
        const metrics = jq(readers["metrics.jq"], outputs);
        expect(metrics).not.toMatch(/null/);
        const found = new Set(samplesIn(metrics).map(({ name }) => name));
        if (outputs.backup.last !== null && outputs.cost.monthly !== null)
          expect(declaredMetrics(metrics).filter((name) => !found.has(name))).toEqual([]);
      });
    });
  },
);

describe("what would break a reader", () => {
  const now = z.toJSONSchema(outputsSchema);
  const { services, openPorts } = outputsSchema.shape;
  const service = services.valueType;
  const withService = (type: z.ZodType) => outputsSchema.extend({ services: z.record(z.string(), type) });

  it.each<[string, z.ZodType, string]>([
    ["a key that is gone", outputsSchema.omit({ cost: true }), "must have required property 'cost'"],
    [
      "one deeper down with another name",
      withService(service.omit({ memoryMiB: true }).extend({ memory: z.number() })),
      "must have required property 'memoryMiB'",
    ],
    [
      "one that may be missing",
      outputsSchema.partial({ stack: true }),
      "must have required property 'stack'",
    ],
    ["another type", withService(service.extend({ memoryMiB: z.string() })), "must be number"],
    ["a list in place of a map", outputsSchema.extend({ services: z.array(service) }), "must be object"],
    ["null where there was none", outputsSchema.extend({ stack: z.string().nullable() }), "must be string"],
    [
      "a word that it doesn't know",
      outputsSchema.extend({ edition: z.enum([...outputsSchema.shape.edition.options, "free"]) }),
      "must be equal to one of the allowed values",
    ],
  ])("%s", (_, schema, problem) => {
    expect(misread(schema, now)?.join("\n")).toContain(problem);
  });

  it("not a key more, at any depth, and not a word less", () => {
    const more = { extra: z.string() };
    expect(
      misread(
        withService(service.extend(more)).extend({
          ...more,
          openPorts: z.array(openPorts.element.extend(more)),
          edition: z.enum(["team"]),
        }),
        now,
      ),
    ).toBeUndefined();
  });

  it("any single key that real outputs lose; none that they gain", () => {
    const judged = judge(loosened(publishedSchema()));
    const keys = keysIn(publishedSchema(), full);
    expect(keys.length).toBeGreaterThan(100);
    for (const path of keys) {
      const [lost, renamed, gained] = [
        changed(full, path, (parent, key) => Reflect.deleteProperty(parent, key)),
        changed(full, path, (parent, key) => {
          parent[`${key}s`] = parent[key];
          Reflect.deleteProperty(parent, key);
        }),
        changed(full, path, (parent, key) => (parent[`${key}s`] = parent[key])),
      ].map(judged);
      expect([path, lost]).toEqual([
        path,
        expect.arrayContaining([expect.stringContaining(`must have required property '${path.at(-1)}'`)]),
      ]);
      expect([path, renamed]).toEqual([path, lost]);
      expect([path, gained]).toEqual([path, []]);
    }
  });
});

describe("the contract of a release", () => {
  it("is recorded with each, with its readers", () => {
    expect(kept.map(({ release }) => release)).toContain("0.1.0");
    for (const { readers } of kept) expect(Object.keys(readers)).toEqual(["metrics.jq", "probes.jq"]);
  });

  it("is what is published on that day", () => {
    const dir = mkdtempSync(join(tmpdir(), "muster-contract-"));
    try {
      recordContract(join(dir, "9.9.9"));
      const [contract, ...more] = recordedContracts(dir);
      expect(more).toEqual([]);
      expect(contract).toMatchObject({ release: "9.9.9", schemaVersion: 1, schema: publishedSchema() });
      expect(Object.keys(contract?.readers ?? {})).toEqual(["metrics.jq", "probes.jq"]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
