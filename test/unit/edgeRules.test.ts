import { edgeRules } from "../../policy/edge";
import { type GraphResource, unknown } from "../../policy/graph";
import { block, challenge, edge as good, expected } from "../helpers/goodEdge";
import { brokenRules } from "../helpers/policyPack";

type Name = keyof typeof good;

function broken(name: Name, change: Partial<GraphResource>): string[] {
  const resources = Object.values({ ...good, [name]: { ...good[name], ...change } });
  return brokenRules({ resources, expected });
}
const inputs = (name: Name, change: Record<string, unknown>): string[] =>
  broken(name, { inputs: { ...good[name].inputs, ...change } });
const options = (name: Name, change: Record<string, unknown>): string[] =>
  broken(name, { options: { ...good[name].options, ...change } });

/** For each rule: what breaks it. Each case breaks this rule alone. */
const violating: Record<string, (() => string[])[]> = {
  "proxied are sites alone": [
    () => inputs("media", { proxied: true }),
    () => inputs("site", { proxied: false }),
    () => inputs("site", { proxied: undefined }),
    () => inputs("authority", { proxied: true }),
    () => inputs("media", { name: "chat.example.org" }),
  ],
  "a time to live that Cloudflare takes": [() => inputs("site", { ttl: 300 })],
  "records say whose they are": [
    () => inputs("site", { comment: undefined }),
    () => inputs("site", { comment: "ours" }),
    () => inputs("site", { comment: `Muster test: ${"x".repeat(90)}` }),
  ],
  "one list of rules at a time": [
    () => options("site", { deleteBeforeReplace: false }),
    () => options("rules", { deleteBeforeReplace: undefined }),
  ],
  "rules are known again": [
    () => inputs("rules", { rules: [block, { ...challenge, ref: "muster-a" }] }),
    () => inputs("rules", { rules: [{ ...block, ref: undefined }] }),
  ],
  "no challenge at a site": [
    () => inputs("rules", { rules: [{ ...challenge, expression: "cf.client.bot" }] }),
    () =>
      inputs("rules", {
        rules: [{ ...challenge, action: "js_challenge", expression: 'not (http.host in {"other"})' }],
      }),
  ],
  "the way to the machine is checked": [
    () => inputs("ssl", { value: "full" }),
    () => inputs("tls", { value: "1.1" }),
  ],
  "certificates are made once": [
    () => options("certificate", { ignoreChanges: ["hostnames"] }),
    () => options("certificate", { ignoreChanges: undefined }),
  ],
};

describe("the rules of the edge", () => {
  it("say nothing of a graph in which all is right", () => {
    expect(brokenRules({ resources: Object.values(good), expected })).toEqual([]);
  });

  it("each have a case here, a reason and a fix", () => {
    expect(edgeRules.map(({ name }) => name).sort()).toEqual(Object.keys(violating).sort());
    for (const { why, fix } of edgeRules) expect([why.length > 20, fix.length > 5]).toEqual([true, true]);
  });

  it.each(edgeRules.map(({ name }) => name))(
    "%s: every violation is found, and called nothing else",
    (name) => {
      for (const violate of violating[name] ?? []) expect(violate()).toEqual([name]);
    },
  );

  it("judge nothing before it is known", () => {
    for (const name of ["site", "rules", "ssl"] as const)
      for (const key of Object.keys(good[name].inputs)) expect(inputs(name, { [key]: unknown })).toEqual([]);
  });
});
