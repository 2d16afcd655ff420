import Ajv2020 from "ajv/dist/2020";
import fc from "fast-check";
import { jsonSchemaOf } from "../../scripts/docs/contract";
import { planOf } from "../../stacks/plan";
import { planSchema } from "../../stacks/plan/schema";
import { parseSettings } from "../../stacks/settings/parse";
import { topologyOf } from "../../stacks/topology";
import { firewallRules } from "../../stacks/topology/firewall";
import { plainSettings } from "../helpers/arbitrary";
import { shippedStacks, stackTopology } from "../helpers/stacks";

describe("the plan as a document", () => {
  it.each(shippedStacks)("%s: keeps its contract, and comes back from JSON as it was", (stack) => {
    const plan = planOf(stackTopology(stack));
    expect(planSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
    const formats = { uri: (text: string) => URL.canParse(text) };
    const validate = new Ajv2020({ allErrors: true, formats }).compile(jsonSchemaOf(planSchema, "Plan"));
    expect(validate(plan) ? [] : validate.errors).toEqual([]);
  });

  it("keeps it whatever the settings say, and has every way in that a firewall opens", () => {
    fc.assert(
      fc.property(plainSettings, (values) => {
        const topology = topologyOf("t", parseSettings({ source: "t", values, encrypted: [] }));
        const plan = planOf(topology);
        expect(planSchema.safeParse(plan).error?.issues ?? []).toEqual([]);
        for (const { name, provider } of topology.hosts) {
          if (provider === "local") continue;
          const opened = firewallRules(topology, name).map(
            ({ first, last, protocol }) => `${first}-${last}/${protocol}`,
          );
          const doors = plan.doors
            .filter(({ host, from }) => host === name && from !== "this machine")
            .map(({ port, lastPort, protocol }) => `${port}-${lastPort}/${protocol}`);
          expect([...doors].sort()).toEqual([...opened].sort());
        }
        const names = new Set(plan.services.map((service) => service.name));
        for (const { from, to } of plan.links) expect(names.has(from) && names.has(to)).toBe(true);
        const known = plan.cost.parts.flatMap(({ monthly }) => (monthly === null ? [] : [monthly]));
        if (plan.cost.monthly === null) expect(known).toEqual([]);
        else
          expect(plan.cost.monthly).toBeCloseTo(
            known.reduce((sum, next) => sum + next, 0),
            1,
          );
      }),
      { numRuns: 60 },
    );
  });
});
