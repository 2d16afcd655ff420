import { errorsOf } from "../../stacks/topology";
import { loadTopology } from "../../stacks/topology/load";
import { unbuiltParts } from "../../stacks/topology/unbuilt";
import { rawSettings, shippedStacks, stackConfig, stackTopology } from "../helpers/stacks";

describe("what can be brought up", () => {
  const refuse = (stack: string, change: Record<string, unknown> = {}): string => {
    const raw = rawSettings(stack, stackConfig(stack, change));
    try {
      loadTopology(stack, raw, (message) => {
        throw new Error(message);
      });
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };

  it("is the stack local alone, for now", () => {
    expect(shippedStacks.map((stack) => [stack, refuse(stack) === ""])).toEqual([
      ["dev", false],
      ["local", true],
      ["prod", false],
    ]);
    expect(unbuiltParts(stackTopology("prod").settings)).toEqual([
      { key: "muster:host.provider", given: "digitalocean" },
      { key: "muster:edge.provider", given: "cloudflare" },
    ]);
  });

  it("is told in one error with everything else that is wrong", () => {
    const message = refuse("dev", { people: { accounts: 10, active: 11 } });
    expect(message).toMatch(/^Pulumi\.dev\.yaml: 2 problems/);
    expect(message).toContain("muster:people.active: more than people.accounts");
    expect(message).toContain("muster:host.provider: this version can't build it yet");
    expect(message).toContain("npm run plan -- dev");
  });

  it("is refused for bad settings with the parser's own text", () => {
    expect(refuse("local", { domian: "x" })).toContain("did you mean muster:domain?");
  });

  it.each(shippedStacks)("%s has no errors in its plan", (stack) => {
    expect(errorsOf(stackTopology(stack))).toEqual([]);
  });
});
