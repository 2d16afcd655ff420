import { parseSettings } from "../../stacks/settings/parse";

const problemsOf = (values: Record<string, unknown>): string => {
  try {
    parseSettings({ source: "Pulumi.test.yaml", values: { domain: "localhost", ...values }, encrypted: [] });
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

describe("an unknown key within a choice of providers", () => {
  it("is held against the provider that was chosen", () => {
    const message = problemsOf({ host: { provider: "local", siz: "s-2vcpu-4gb" } });
    expect(message).toContain("muster:host.siz: unknown key");
    expect(message).toContain("allowed: address, bind, cpus, engine, memoryMiB, privateAddress, provider");
    expect(message).not.toContain("host.size");
  });

  it("names the nearest key of that provider", () => {
    const message = problemsOf({
      host: { provider: "digitalocean", region: "fra1", size: "s-2vcpu-4gb", dataDiskGB: 50 },
    });
    expect(message).toContain("did you mean muster:host.dataDiskGiB?");
  });
});

describe("a title", () => {
  it.each(["chat", "team"])("of the %s has no control characters", (which) => {
    const title = "two\nlines";
    const chat = which === "chat" ? { title } : { team: { title } };
    expect(problemsOf({ host: { provider: "local" }, chat })).toContain("with control characters");
  });
});
