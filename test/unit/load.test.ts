import { errorsOf } from "../../stacks/topology";
import { loadTopology } from "../../stacks/topology/load";
import { unbuiltParts } from "../../stacks/topology/unbuilt";
import { rawSettings, shippedStacks, stackConfig, stackTopology } from "../helpers/stacks";

describe("what can be brought up", () => {
  const refuse = (stack: string, change: Record<string, unknown> = {}, secrets: string[] = []): string => {
    const raw = rawSettings(stack, stackConfig(stack, change, secrets));
    try {
      loadTopology(stack, raw, (message) => {
        throw new Error(message);
      });
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };

  const keys = ["sshKey", "digitaloceanToken"];

  it("is every stack whose edge can be built, once its secrets are there", () => {
    expect(refuse("local")).toBe("");
    expect(refuse("dev", {}, keys)).toBe("");
    expect(refuse("prod", {}, keys)).toContain("muster:edge.provider: this version can't build it yet");
    expect(unbuiltParts(stackTopology("prod").settings)).toEqual([
      { key: "muster:edge.provider", given: "cloudflare" },
    ]);
  });

  it("needs the secrets of its provider", () => {
    const message = refuse("dev", {}, ["sshKey"]);
    expect(message).toMatch(/^Pulumi\.dev\.yaml: 1 problem/);
    expect(message).toContain("muster:digitaloceanToken: an up needs it");
    expect(message).toContain("npm run secret -- dev digitaloceanToken");
  });

  it("is told in one error with everything else that is wrong", () => {
    const message = refuse("prod", { people: { accounts: 10, active: 11 } }, keys);
    expect(message).toMatch(/^Pulumi\.prod\.yaml: 2 problems/);
    expect(message).toContain("muster:people.active: more than people.accounts");
    expect(message).toContain("muster:edge.provider: this version can't build it yet");
    expect(message).toContain("npm run plan -- prod");
  });

  it("is refused for bad settings with the parser's own text", () => {
    expect(refuse("local", { domian: "x" })).toContain("did you mean muster:domain?");
  });

  it.each(shippedStacks)("%s has no errors in its plan", (stack) => {
    expect(errorsOf(stackTopology(stack))).toEqual([]);
  });
});
