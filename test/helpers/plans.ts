/** Plans to compare: of the shipped stacks, of random settings, and with texts that break what shows them. */
import fc from "fast-check";
import { type Plan, planOf } from "../../stacks/plan";
import type { Revision } from "../../stacks/plan/revision";
import { parseSettings } from "../../stacks/settings/parse";
import { topologyOf } from "../../stacks/topology";
import { hostileText, plainSettings } from "./arbitrary";
import { type ShippedStack, stackTopology } from "./stacks";

/** A shipped stack's plan, with changes of its settings. */
export const shippedPlan = (stack: ShippedStack, change: Record<string, unknown> = {}): Plan =>
  planOf(stackTopology(stack, change));

const planFor = (values: Record<string, unknown>): Plan =>
  planOf(topologyOf("test", parseSettings({ source: "test", values, encrypted: [] })));

/** Plans of whatever settings the schema allows. */
export const plans: fc.Arbitrary<Plan> = plainSettings.map(planFor);

/** Two plans that often have much in common. */
export const planPairs: fc.Arbitrary<[Plan, Plan]> = fc.oneof(
  fc.tuple(plans, plans),
  fc.tuple(plainSettings, plainSettings, fc.func(fc.boolean())).map(([one, other, takes]): [Plan, Plan] => [
    planFor(one),
    planFor({
      ...one,
      ...Object.fromEntries(Object.entries(other).filter(([key]) => key === "people" || takes(key))),
    }),
  ]),
);

/** Texts that end a block, mention people, or are markup. */
export const markup = fc.oneof(
  hostileText,
  fc.constantFrom(
    "@everyone",
    "@octocat look",
    "#1",
    "| a | b |",
    "`````",
    "```\n# out\n@octocat",
    "\n```\n@octocat",
    "~~~",
    "</details><script>alert(1)</script>",
    "<img src=x>",
    "[a](https://example.org)",
    "https://example.org/",
    "<!-- muster:plan -->",
    "\u202Eevil",
    "\u001B[31mred",
    "\u2028",
    "x".repeat(3_000),
  ),
);

/** The same plan with some of its texts replaced; it may not be one that any settings make. */
export const hostile = (plan: Plan): fc.Arbitrary<Plan> =>
  fc.array(fc.option(markup, { freq: 2 }), { minLength: 30, maxLength: 60 }).map((texts) => {
    let at = 0;
    const spoil = (value: unknown): unknown => {
      if (typeof value === "string") return texts[at++ % texts.length] ?? value;
      if (Array.isArray(value)) return value.map(spoil);
      return typeof value === "object" && value !== null
        ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, spoil(inner)]))
        : value;
    };
    return spoil(plan) as Plan;
  });

/** A revision with these plans, each named after its place. */
export const revisionWith = (
  stacks: Record<string, Plan>,
  problems: Record<string, string> = {},
): Revision => ({
  schemaVersion: 1,
  stacks,
  problems,
});
