import fc from "fast-check";
import { longestExpression } from "../../stacks/topology/edge/expression";
import { zoneLimits } from "../../stacks/topology/edge/plans";
import { errorsOf } from "../../stacks/topology";
import { keysOf, neighbour, passes, proxiedTopology, rulesIn } from "../helpers/edge";
import { matches } from "../helpers/rulesLanguage";

const custom = "http_request_firewall_custom";
const at = (path: string): { "http.request.uri.path": string } => ({ "http.request.uri.path": path });
const denied = { countries: { mode: "deny", codes: ["KP", "SY"] } };

describe("countries", () => {
  it.each([
    ["KP", false],
    ["SY", false],
    ["DE", true],
    ["XX", true],
  ])("of a deny list stay out alone: from %s, in is %s", (country, isIn) => {
    expect(passes(proxiedTopology(denied), { "ip.src.country": country })).toBe(isIn);
  });

  it.each([
    ["DE", true],
    ["KP", false],
    ["XX", false],
  ])("of an allow list get in alone: from %s, in is %s", (country, isIn) => {
    const topology = proxiedTopology({ countries: { mode: "allow", codes: ["DE", "AT"] } });
    expect(passes(topology, { "ip.src.country": country })).toBe(isIn);
  });

  it.each(["/hooks/abc", "/.well-known/security.txt", "/api/v4/system/ping", "/robots.txt"])(
    "keep no machine away from %s",
    (path) => {
      const foreign = { "ip.src.country": "KP", "cf.client.bot": true, ...at(path) };
      expect(passes(proxiedTopology(denied), foreign)).toBe(true);
    },
  );

  it("are asked at our sites alone: other names of the zone are somebody else's", () => {
    expect(passes(proxiedTopology(denied), { "ip.src.country": "KP", "http.host": "www.example.org" })).toBe(
      true,
    );
  });

  it("are a rule of their own, which alone changes with them", () => {
    const more = { countries: { mode: "deny", codes: ["SY", "KP", "IR"] } };
    const [before, after] = [denied, more].map((edge) => rulesIn(proxiedTopology(edge), custom));
    const changed = before?.filter((rule, index) => JSON.stringify(rule) !== JSON.stringify(after?.[index]));
    expect(changed?.map(({ ref }) => ref)).toEqual(["muster-countries"]);
    expect(before?.map(({ ref }) => ref)).toEqual(after?.map(({ ref }) => ref));
  });

  it("make the same rule in whatever order they stand", () => {
    const turned = { countries: { mode: "deny", codes: ["SY", "KP", "SY"] } };
    expect(rulesIn(proxiedTopology(turned), custom)).toEqual(rulesIn(proxiedTopology(denied), custom));
  });

  it.each(["UK", "de", "D", "ZZ", "EU", "QQ"])("by a code that is none are refused: %s", (code) => {
    expect(() => proxiedTopology({ countries: { mode: "deny", codes: [code] } })).toThrow(
      "not a country's code",
    );
  });
});

describe("crawlers", () => {
  it("stay out, but for what tells them so", () => {
    const topology = proxiedTopology();
    expect(passes(topology, { "cf.client.bot": true })).toBe(false);
    expect(passes(topology, { "cf.client.bot": true, ...at("/robots.txt") })).toBe(true);
    expect(passes(topology, {})).toBe(true);
  });

  it("get in where the settings let them", () => {
    expect(passes(proxiedTopology({}, { web: { crawlers: "in" } }), { "cf.client.bot": true })).toBe(true);
  });
});

describe("paths for administrators", () => {
  const topology = proxiedTopology({ adminFrom: ["203.0.113.0/24"] });
  it.each([
    "/admin_console",
    "/admin_console/user_management/users",
    "/api/v4/config",
    "/api/v4/config/patch",
  ])("are closed elsewhere: %s", (path) => {
    expect(passes(topology, at(path))).toBe(false);
    expect(passes(topology, { ...at(path), "ip.src": "203.0.113.9" })).toBe(true);
  });

  it.each(["/api/v4/config/client", "/api/v4/posts", "/"])("leave everybody's open: %s", (path) => {
    expect(passes(topology, at(path))).toBe(true);
  });

  it("are open to all by default", () => {
    expect(passes(proxiedTopology(), at("/admin_console"))).toBe(true);
  });
});

describe("sign-ins", () => {
  const rule = (edge: Record<string, unknown>, people: Record<string, unknown> = {}) =>
    rulesIn(proxiedTopology(edge, { people: { accounts: 2000, ...people } }), "http_ratelimit")[0];

  it("are counted by the path alone on Free, which knows no other field there", () => {
    expect(rule({})).toMatchObject({
      expression: 'http.request.uri.path in {"/api/v4/users/login"}',
      rateLimit: { requests: 20, periodSeconds: 10, blockedSeconds: 10 },
    });
  });

  it("are counted at our sites elsewhere, and for longer", () => {
    const found = rule({ plan: "pro" });
    expect(found?.rateLimit).toEqual({ requests: 20, periodSeconds: 60, blockedSeconds: 600 });
    const request = { "ip.src.country": "", "ip.src": "192.0.2.1", "cf.client.bot": false };
    for (const [host, counted] of [
      ["chat.example.org", true],
      ["www.example.org", false],
    ] as const)
      expect(
        matches(found?.expression ?? "", { ...request, ...at("/api/v4/users/login"), "http.host": host }),
      ).toBe(counted);
  });

  it("may be as many as an office of these people has behind one address", () => {
    expect(rule({}, { active: 1000 })?.rateLimit?.requests).toBe(100);
  });
});

describe("rules by plan", () => {
  const own = (count: number, action = "block"): { name: string; action: string; expression: string }[] =>
    Array.from({ length: count }, (_, index) => ({
      name: `own-${index}`,
      action,
      expression: `http.host in {"${index}.example.org"}`,
    }));
  const all = { ...denied, adminFrom: ["203.0.113.0/24"] };

  it("has no managed rules on Free, where Cloudflare deploys some by itself", () => {
    expect(rulesIn(proxiedTopology(), "http_request_firewall_managed")).toEqual([]);
  });

  it("leaves out what people write from managed rules, and nothing else", () => {
    const [rule] = rulesIn(proxiedTopology({ plan: "pro" }), "http_request_firewall_managed");
    const read = (path: string): boolean =>
      matches(rule?.expression ?? "", {
        "http.host": "chat.example.org",
        "ip.src.country": "DE",
        "ip.src": "198.51.100.7",
        "cf.client.bot": false,
        ...at(path),
      });
    expect([read("/api/v4/posts"), read("/hooks/x"), read("/login")]).toEqual([false, false, true]);
  });

  it.each([0, 2, 3, 4, 5])(
    "makes one rule of ours where there is no room for each: %s of its own",
    (count) => {
      const topology = proxiedTopology({ ...all, rules: own(count) });
      const refs = rulesIn(topology, custom).map(({ ref }) => ref);
      expect(refs.filter((ref) => ref.startsWith("muster-"))).toHaveLength(count <= 2 ? 3 : 1);
      // Merged or not, the same get in.
      expect(passes(topology, { "ip.src.country": "KP" })).toBe(false);
      expect(passes(topology, { "cf.client.bot": true })).toBe(false);
      expect(passes(topology, at("/admin_console"))).toBe(false);
      expect(passes(topology, {})).toBe(true);
      expect(keysOf(errorsOf(topology))).toEqual(count < 5 ? [] : ["muster:edge.rules"]);
    },
  );

  it("counts what doesn't fit", () => {
    const [error] = errorsOf(proxiedTopology({ ...all, rules: own(5) }));
    expect(error).toMatchObject({ allowed: "at most 5" });
    expect(error?.given).toMatch(/^6: muster-all, own-0, /);
    expect(errorsOf(proxiedTopology({ ...all, plan: "pro", rules: own(5) }))).toEqual([]);
  });

  it("refuses names twice, ours, and an action that the plan lacks", () => {
    const rules = [...own(1), ...own(1, "log"), { ...own(1)[0], name: "muster-x" }];
    expect(keysOf(errorsOf(proxiedTopology({ rules })))).toEqual([
      "muster:edge.rules[1].name",
      "muster:edge.rules[1].action",
      "muster:edge.rules[2].name",
    ]);
  });

  it("never lets a challenge near a site, whatever the zone's own rules ask for", () => {
    const [, challenge] = rulesIn(
      proxiedTopology({ rules: [{ name: "old", action: "managed_challenge", expression: "cf.client.bot" }] }),
      custom,
    );
    const asks = (host: string): boolean =>
      matches(challenge?.expression ?? "", {
        "http.host": host,
        "ip.src.country": "DE",
        "ip.src": "198.51.100.7",
        "cf.client.bot": true,
        ...at("/"),
      });
    expect([asks("www.example.org"), asks("chat.example.org"), asks("meet.example.org")]).toEqual([
      true,
      false,
      false,
    ]);
    expect(rulesIn(proxiedTopology(), "http_config_settings")).toMatchObject([
      { action: "set_config", config: { bic: false, securityLevel: "essentially_off" } },
    ]);
  });

  it("finds a rule that is too long before Cloudflare does", () => {
    const adminFrom = Array.from({ length: 250 }, (_, index) => `198.51.100.${index}/32`);
    const [error] = errorsOf(proxiedTopology({ adminFrom }));
    expect(error).toMatchObject({ key: "muster:edge", allowed: `at most ${longestExpression}` });
    expect(error?.problem).toContain("muster-administrators");
  });

  it("fits every plan, with refs of its own for each rule", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("free", "pro", "business", "enterprise" as const),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 0, max: 6 }),
        (plan, countries, admin, count) => {
          const topology = proxiedTopology({
            plan,
            ...(countries ? denied : {}),
            ...(admin ? { adminFrom: ["203.0.113.0/24"] } : {}),
            rules: own(count),
          });
          const rules = topology.edge.zone?.rulesets.flatMap((ruleset) => ruleset.rules) ?? [];
          expect(new Set(rules.map(({ ref }) => ref)).size).toBe(rules.length);
          const fits = rulesIn(topology, custom).length <= zoneLimits[plan].customRules;
          expect(errorsOf(topology).length === 0).toBe(fits);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("several stacks in a zone", () => {
  const dev = neighbour(
    "dev",
    { zoneOwner: false },
    { sites: { chat: "chat-dev", meet: "meet-dev" }, media: { name: "media-dev" } },
  );

  it("are all kept by the owner's rules, each as its settings say", () => {
    const hidden = proxiedTopology(denied, { web: { crawlers: "in" } }, [dev]);
    expect(passes(hidden, { "http.host": "chat-dev.example.org", "ip.src.country": "KP" })).toBe(false);
    expect(passes(hidden, { "http.host": "chat-dev.example.org", "cf.client.bot": true })).toBe(false);
    expect(passes(hidden, { "http.host": "chat.example.org", "cf.client.bot": true })).toBe(true);
  });

  it("have one owner, and names of their own", () => {
    const problems = (edge: Record<string, unknown>, others: (typeof dev)[]) =>
      keysOf(errorsOf(proxiedTopology(edge, {}, others)));
    expect(problems({}, [dev])).toEqual([]);
    expect(problems({ zoneOwner: false }, [dev])).toEqual(["muster:edge.zoneOwner"]);
    const owner = neighbour("other", {}, { sites: { chat: "a", meet: "b" }, media: { name: "c" } });
    expect(problems({}, [owner])).toEqual(["muster:edge.zoneOwner"]);
    expect(problems({ zoneOwner: false }, [owner])).toEqual([]);
    const same = neighbour("same", { zoneOwner: false });
    expect(problems({}, [same])).toEqual(["muster:sites.chat", "muster:sites.meet", "muster:media.name"]);
  });

  it("make records alone where they don't own the zone, and say so of settings that nobody would use", () => {
    const owner = neighbour("other", {}, { sites: { chat: "a", meet: "b" }, media: { name: "c" } });
    const topology = proxiedTopology({ ...denied, zoneOwner: false }, {}, [owner]);
    expect(topology.edge.zone).toMatchObject({ rulesets: [], settings: {} });
    expect(topology.edge.records.filter(({ kind }) => kind === "text")).toEqual([]);
    expect(topology.edge.records.filter(({ kind }) => kind === "site")).toHaveLength(2);
    expect(keysOf(errorsOf(topology))).toEqual(["muster:edge.countries"]);
  });
});
