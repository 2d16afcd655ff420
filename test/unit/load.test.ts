import { errorsOf } from "../../stacks/topology";
import { loadTopology } from "../../stacks/topology/load";
import { projectDir, rawSettings, shippedStacks, stackConfig, stackTopology } from "../helpers/stacks";

describe("what can be brought up", () => {
  const refuse = (stack: string, change: Record<string, unknown> = {}, secrets: string[] = []): string => {
    const raw = rawSettings(stack, stackConfig(stack, change, secrets));
    try {
      loadTopology(projectDir, stack, raw, (message) => {
        throw new Error(message);
      });
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };

  const keys = ["sshKey", "digitaloceanToken", "cloudflareToken"];

  it("is every shipped stack, once its secrets are there", () => {
    expect(refuse("local")).toBe("");
    expect(refuse("dev", {}, keys.slice(0, 2))).toBe("");
    expect(refuse("prod", {}, keys)).toBe("");
  });

  it("needs the secrets of its provider", () => {
    const message = refuse("dev", {}, ["sshKey"]);
    expect(message).toMatch(/^Pulumi\.dev\.yaml: 1 problem/);
    expect(message).toContain("muster:digitaloceanToken: an up needs it");
    expect(message).toContain("npm run secret -- dev digitaloceanToken");
  });

  it("is told in one error with everything else that is wrong", () => {
    const message = refuse("prod", { people: { accounts: 10, active: 11 } }, keys.slice(0, 2));
    expect(message).toMatch(/^Pulumi\.prod\.yaml: 2 problems/);
    expect(message).toContain("muster:people.active: more than people.accounts");
    expect(message).toContain("muster:cloudflareToken: an up needs it");
    expect(message).toContain("npm run secret -- prod cloudflareToken");
  });

  it("is refused for bad settings with the parser's own text", () => {
    expect(refuse("local", { domian: "x" })).toContain("did you mean muster:domain?");
  });

  it.each(shippedStacks)("%s has no errors in its plan", (stack) => {
    expect(errorsOf(stackTopology(stack))).toEqual([]);
  });
});
