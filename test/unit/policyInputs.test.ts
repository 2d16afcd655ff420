/**
 * Every rule, by enumeration: it finds nothing in what is right, and nothing in what isn't known yet. What is wrong is in
 * rules.test.ts, machineRules.test.ts and edgeRules.test.ts, each of which has a case for each of its rules.
 */
import { type Expected, type GraphResource, isMap, isSecret, type Rule, unknown } from "../../policy/graph";
import { noOthers, Recorded } from "../../policy/recorded";
import { policyName, rules } from "../../policy/rules";
import { edge, expected as expectedAtEdge } from "../helpers/goodEdge";
import { expected, good } from "../helpers/goodGraph";
import { droplet, expected as expectedOnMachines, instance } from "../helpers/goodMachines";
import { handed, judgedByPack } from "../helpers/policyPack";

const graphs: { resources: GraphResource[]; expected: Expected }[] = [
  { resources: Object.values(good), expected },
  { resources: Object.values(droplet), expected: expectedOnMachines },
  { resources: Object.values(instance), expected: expectedOnMachines },
  { resources: Object.values(edge), expected: expectedAtEdge },
];

/** A value that notes every key that is read of it, as a path. */
function watched<T extends object>(value: T, read: (path: string) => void, path = ""): T {
  return new Proxy(value, {
    get(target, key) {
      const inner = Reflect.get(target, key) as unknown;
      if (typeof key === "symbol") return inner;
      const here = path === "" ? key : `${path}.${key}`;
      if (!(key in Array.prototype)) read(here);
      return here === "inputs" || here === "options" ? watched(inner as object, read, here) : inner;
    },
  });
}

interface Reading {
  resource: GraphResource;
  graph: { resources: GraphResource[]; expected: Expected };
  paths: Set<string>;
}

/** What a rule reads of each resource beyond its type. */
const readingsOf = (rule: Rule): Reading[] =>
  graphs.flatMap((graph) =>
    graph.resources.flatMap((resource) => {
      const paths = new Set<string>();
      rule.check(
        watched(resource, (path) => paths.add(path)),
        graph,
      );
      paths.delete("type");
      // Whoever goes over all inputs reads none by its name.
      if (paths.has("inputs") && ![...paths].some((path) => path.startsWith("inputs.")))
        for (const key of Object.keys(resource.inputs)) paths.add(`inputs.${key}`);
      return paths.size === 0 ? [] : [{ resource, graph, paths }];
    }),
  );

/** The value with one thing in it unknown, for each thing; secrets stay secrets. */
function withUnknowns(value: unknown): unknown[] {
  if (isSecret(value)) return withUnknowns(value.secret).map((secret) => ({ secret }));
  if (Array.isArray(value))
    return [
      unknown,
      ...value.flatMap((item: unknown, at) =>
        withUnknowns(item).map((one) => value.with(at, one) as unknown[]),
      ),
    ];
  if (!isMap(value)) return [unknown];
  return [
    unknown,
    ...Object.entries(value).flatMap(([key, item]) =>
      withUnknowns(item).map((one) => ({ ...value, [key]: one })),
    ),
  ];
}

/** What is there from the beginning, whatever is made later. */
const alwaysKnown = /^(name|urn|parent|provider|custom|dependencies|options(\..+)?|outputs|inputs)$/;
/** Those that ask for nothing but a type. */
const byType = ["no secret in an id"];

describe.each(rules.map((rule) => [rule.name, rule] as const))("%s", (name, rule) => {
  const readings = readingsOf(rule);

  it("is content with what is right", () => {
    if (!byType.includes(name)) expect(readings).not.toEqual([]);
    for (const { resources, expected: wanted } of graphs)
      for (const resource of resources)
        expect(rule.check(resource, { resources, expected: wanted })).toEqual([]);
  });

  it("doesn't judge what isn't known yet", () => {
    let tried = 0;
    for (const { resource, graph, paths } of readings)
      for (const path of paths) {
        const [, key] = /^inputs\.(.+)$/.exec(path) ?? [];
        if (key === undefined) {
          expect(path).toMatch(alwaysKnown);
          continue;
        }
        // What isn't there is known not to be.
        if (!(key in resource.inputs)) continue;
        for (const value of withUnknowns(resource.inputs[key])) {
          const changed = { ...resource, inputs: { ...resource.inputs, [key]: value } };
          const resources = graph.resources.map((other) => (other === resource ? changed : other));
          expect({ value, said: rule.check(changed, { ...graph, resources }) }).toEqual({ value, said: [] });
          tried += 1;
        }
      }
    // One that reads no inputs has nothing that could be unknown, but for what the engine keeps to itself.
    const readsInputs = readings.some(({ resource, paths }) =>
      Object.keys(resource.inputs).some((key) => paths.has(`inputs.${key}`)),
    );
    expect(tried > 0).toBe(readsInputs);
  });

  it("says rightly what it can't know in a policy pack, and what it looks at", () => {
    const { unseen = [], scope = "resource" } = rule;
    const failures = graphs.flatMap(({ resources, expected: wanted }) => {
      const recorded = new Recorded();
      for (const resource of resources) recorded.add(handed(resource));
      const inStack = resources.map((resource) => ({
        ...handed(resource),
        dependencies: resource.dependencies.map((urn) => ({ urn })),
      }));
      const all = recorded.all(inStack);
      const alone = noOthers({ expected: wanted }) as { resources: GraphResource[]; expected: Expected };
      return resources.flatMap(({ urn }) => {
        const one = all.find((resource) => resource.urn === urn);
        return [
          failureOf(() => rule.check(recorded.one(urn), alone)),
          failureOf(() => (one === undefined ? [] : rule.check(one, { resources: all, expected: wanted }))),
        ];
      });
    });
    const hidden = failures.flatMap((text) => /^(\w+) can't be known here: the engine/.exec(text)?.[1] ?? []);
    expect(new Set(hidden).size > 0).toBe(unseen.length > 0);
    for (const part of hidden) expect(unseen).toContain(part);
    if (unseen.length === 0) {
      const others = failures.some((text) => text.includes("scope graph"));
      expect(others).toBe(scope === "graph");
      return;
    }
    const { left } = judgedByPack({ resources: Object.values(droplet), expected: expectedOnMachines });
    expect(left).toContain(policyName(name));
  });
});

const failureOf = (run: () => unknown): string => {
  try {
    run();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

describe("what the engine hands to a policy pack", () => {
  const recorded = (resource: GraphResource): GraphResource => {
    const all = new Recorded();
    all.add(handed(resource));
    return all.one(resource.urn);
  };

  it("is taken without the engine's own keys", () => {
    const { inputs } = recorded({ ...good.app, inputs: { a: { __b: 1, c: unknown, d: { secret: "e" } } } });
    expect(inputs).toEqual({ a: { c: unknown, d: { secret: "e" } } });
  });

  it("names a provider where nobody has passed one: that one doesn't count", () => {
    expect(recorded(good.app).provider).toEqual({ urn: "urn::engine" });
    const { provider, ...orphan } = good.app;
    expect(provider).toBeDefined();
    expect(recorded(orphan)).not.toHaveProperty("provider");
    expect(recorded(orphan).custom).toBe(true);
    expect(recorded(good.platform).custom).toBe(false);
  });

  it("must come before a resource is judged: nothing is let pass unseen", () => {
    expect(() => new Recorded().one("urn::app")).toThrow("a newer Pulumi CLI is needed");
  });
});

describe("a policy pack's names", () => {
  it("are as Pulumi wants them, and each its own", () => {
    const names = rules.map(({ name }) => policyName(name));
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  });
});
