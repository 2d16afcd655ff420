import { readdirSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";
import { describePlan } from "../../cli/planText";
import { planOf } from "../../stacks/plan";
import { expectGolden, goldenDir } from "../helpers/goldenFile";
import { hosts } from "../helpers/hosts";
import { shippedStacks, stackTopology } from "../helpers/stacks";

describe("the plans of the shipped stacks", () => {
  it.each(shippedStacks)(
    "%s: the text is the one in its golden file (npm run goldens rewrites it)",
    (stack) => {
      expectGolden(
        `${stack}.plan.txt`,
        `${stripVTControlCharacters(describePlan(planOf(stackTopology(stack))))}\n`,
      );
    },
  );

  it("each golden file belongs to a shipped stack, or to a kind of host", () => {
    const known = [
      ...shippedStacks.flatMap((stack) => [`${stack}.json`, `${stack}.plan.txt`]),
      ...Object.keys(hosts).map((provider) => `${provider}.json`),
    ];
    expect(readdirSync(goldenDir).sort()).toEqual(known.sort());
  });
});
