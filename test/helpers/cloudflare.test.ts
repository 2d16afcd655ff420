import { CloudflareApi, type Options } from "./cloudflare/api";
import { parseExpression } from "./cloudflare/expression";
import type { Scope } from "./cloudflare/types";

const apis: CloudflareApi[] = [];
const start = async (options: Options = {}): Promise<CloudflareApi> => {
  const api = await CloudflareApi.start(options);
  apis.push(api);
  return api;
};
afterEach(() => Promise.all(apis.splice(0).map((api) => api.stop())));

interface Thing {
  readonly id: string;
  readonly name: string;
  readonly content: string;
  readonly value: unknown;
  readonly version: string;
  readonly rules?: readonly { id: string; ref: string; version: string }[];
  readonly hostnames: readonly string[];
  readonly permissions: readonly string[];
}
interface Reply {
  readonly status: number;
  /** The first error's code, and its words. */
  readonly code: number | undefined;
  readonly words: string | undefined;
  readonly result: Thing & readonly Thing[];
  readonly pages: number | undefined;
}

/** `zone` in a path stands for the first zone. */
async function call(api: CloudflareApi, name: string, body?: unknown, token = api.token): Promise<Reply> {
  const [method = "", path = ""] = name.split(" ");
  const response = await fetch(`${api.url}/${path.replace(/^zone\b/, `zones/${api.zone.id}`)}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const said = await response.text();
  const { errors, result, result_info } = (said === "" ? {} : JSON.parse(said)) as {
    errors?: { code?: number; message: string }[];
    result: Reply["result"];
    result_info?: { total_pages: number };
  };
  return {
    ...{ status: response.status, code: errors?.[0]?.code, words: errors?.[0]?.message, result },
    pages: result_info?.total_pages,
  };
}

const site = { name: "chat.example.org", type: "A", content: "203.0.113.7", proxied: true, ttl: 1 };
const rule = (ref: string, expression = 'http.host eq "chat.example.org"') => ({
  ...{ ref, action: "block", expression, description: ref },
});
const ruleset = (rules: unknown[], phase = "http_request_firewall_custom") => ({
  ...{ name: "muster", kind: "zone", phase, description: "Muster prod", rules },
});
const rateLimit = { characteristics: ["cf.colo.id", "ip.src"], period: 10, requests_per_period: 20 };
const signIn = (more: Record<string, unknown>, expression = 'http.request.uri.path eq "/login"') => ({
  ...rule("sign-in", expression),
  ratelimit: { ...rateLimit, mitigation_timeout: 10, ...more },
});

describe("the double of Cloudflare's API", () => {
  it("takes its token only, and says why not in the API's words", async () => {
    const api = await start();
    const ask = (token?: string): Promise<Reply> => call(api, "GET zones", undefined, token);
    expect(await ask("short")).toMatchObject({ status: 400, code: 6003 });
    expect(await ask("x".repeat(40))).toMatchObject({ status: 403, code: 9109 });
    expect(await ask()).toMatchObject({ status: 200, result: [{ name: "example.org" }] });
    api.account.refused = "expired";
    expect(await ask()).toMatchObject({ status: 403, words: "Invalid access token" });
    expect((await fetch(`${api.url}/ips`)).status).toBe(200);
  });

  it.each<[Scope, string, unknown]>([
    ["Zone Read", "GET zones?name=example.org", undefined],
    ["DNS Edit", "GET zone/dns_records", undefined],
    ["DNS Edit", "POST zone/dns_records", site],
    ["Zone Settings Edit", "PATCH zone/settings/ssl", { value: "strict" }],
    ["Zone WAF Edit", "GET zone/rulesets/phases/http_ratelimit/entrypoint", undefined],
    ["Zone WAF Edit", "POST zone/rulesets", ruleset([])],
    ["Config Rules Edit", "GET zone/rulesets/phases/http_config_settings/entrypoint", undefined],
    ["SSL and Certificates Edit", "POST certificates", {}],
    ["Bot Management Read", "GET zone/bot_management", undefined],
  ])("has a scope for everything: without %s, %s is refused", async (scope, name, body) => {
    const api = await start();
    expect((await call(api, name, body)).status).not.toBe(403);
    api.account.scopes.delete(scope);
    api.zone.rulesets.clear();
    expect((await call(api, name, body)).status).toBe(403);
  });

  it("lists what the token may do, and reads with what edits", async () => {
    const api = await start({ scopes: ["Zone Read", "DNS Edit", "Zone WAF Read"] });
    const { result } = await call(api, "GET zones");
    expect(result[0]?.permissions).toEqual([
      "#zone:read",
      "#dns_records:edit",
      "#dns_records:read",
      "#waf:read",
    ]);
    expect((await call(api, "POST zone/rulesets", ruleset([]))).status).toBe(403);
  });

  it("keeps records by their whole names, and finds them page by page", async () => {
    const api = await start();
    const made = await call(api, "POST zone/dns_records", { ...site, name: "Chat" });
    expect(made.result).toMatchObject({ name: "chat.example.org", proxied: true, ttl: 1 });
    const changed = { ...site, content: "203.0.113.8" };
    const one = `zone/dns_records/${made.result.id}`;
    expect((await call(api, `PUT ${one}`, changed)).result.id).toBe(made.result.id);
    expect((await call(api, `PATCH ${one}`, { comment: "x" })).result.content).toBe("203.0.113.8");
    for (let count = 0; count < 6; count += 1)
      await call(api, "POST zone/dns_records", { ...site, name: `n${count}`, proxied: false });
    expect((await call(api, "GET zone/dns_records?name=n3.example.org")).result).toHaveLength(1);
    expect((await call(api, "GET zone/dns_records?proxied=true")).result).toHaveLength(1);
    expect(await call(api, "GET zone/dns_records?per_page=5&page=2")).toMatchObject({
      result: { length: 2 },
      pages: 2,
    });
    expect((await call(api, `DELETE ${one}`)).status).toBe(200);
    expect(await call(api, `DELETE ${one}`)).toMatchObject({ status: 404, code: 81_044 });
    expect(api.story.slice(0, 3)).toEqual([
      "create A chat.example.org",
      "change A chat.example.org",
      "change A chat.example.org",
    ]);
  });

  it.each([
    ["the same once more", site, 81_058],
    ["an alias beside an address", { ...site, type: "CNAME", content: "example.net" }, 81_053],
    ["a proxied record with a lifetime", { ...site, name: "b", ttl: 300 }, 9021],
    ["a lifetime out of range", { ...site, name: "b", proxied: false, ttl: 30 }, 9021],
    ["a proxied text", { name: "b", type: "TXT", content: '"x"', ttl: 1, proxied: true }, 9004],
    ["a proxied private address", { ...site, name: "b", content: "10.0.0.1" }, 9003],
    ["a long comment", { ...site, name: "b", comment: "x".repeat(101) }, 9313],
    ["tags", { ...site, name: "b", tags: ["muster"] }, 9300],
    ["a bare text", { name: "b", type: "TXT", content: "v=spf1 -all", ttl: 1 }, 1004],
    ["CAA as a text", { name: "b", type: "CAA", content: '0 issue "letsencrypt.org"', ttl: 1 }, 1004],
    ["a name as an address", { ...site, name: "b", content: "host.example.org" }, 1004],
  ])("refuses as a record: %s", async (_, body, code) => {
    const api = await start();
    await call(api, "POST zone/dns_records", site);
    expect(await call(api, "POST zone/dns_records", body)).toMatchObject({ status: 400, code });
    expect(api.zone.records.size).toBe(1);
  });

  it("gives a CAA record of parts its text", async () => {
    const api = await start();
    const data = { flags: 0, tag: "issue", value: "letsencrypt.org" };
    const made = await call(api, "POST zone/dns_records", { name: "chat", type: "CAA", data, ttl: 1 });
    expect(made.result).toMatchObject({ content: '0 issue "letsencrypt.org"', data });
  });

  it("has one entry point for a phase, and none where nothing was made", async () => {
    const api = await start();
    const phase = "GET zone/rulesets/phases/http_request_firewall_custom/entrypoint";
    expect(await call(api, phase)).toMatchObject({ status: 404, code: 10_003 });
    const { result } = await call(api, "POST zone/rulesets", ruleset([]));
    expect((await call(api, phase)).result).toEqual(result);
    expect(result.rules).toBeUndefined();
    // Also where the one that is there has no rules left.
    expect(await call(api, "POST zone/rulesets", ruleset([]))).toMatchObject({ status: 400, code: 20_217 });
    expect(await call(api, `DELETE zone/rulesets/${result.id}`)).toMatchObject({ status: 204 });
    expect((await call(api, phase)).status).toBe(404);
  });

  it("keeps a rule's id by its ref, wherever it moves, and counts its versions", async () => {
    const api = await start();
    const made = await call(api, "POST zone/rulesets", ruleset([rule("a"), rule("b")]));
    const ids = (reply: Reply): Record<string, string> =>
      Object.fromEntries((reply.result.rules ?? []).map(({ ref, id }) => [ref, id]));
    const changed = await call(
      api,
      `PUT zone/rulesets/${made.result.id}`,
      ruleset([rule("c"), rule("b", "ssl"), rule("a")]),
    );
    expect(ids(changed)).toMatchObject(ids(made));
    expect((changed.result.rules ?? []).map(({ version }) => version)).toEqual(["1", "2", "1"]);
    expect(changed.result.version).toBe("2");
    const rules = [{ ...rule("d"), id: "0".repeat(32) }];
    expect((await call(api, `PUT zone/rulesets/${made.result.id}`, ruleset(rules))).status).toBe(400);
  });

  it.each([
    ["more rules than the plan has", Array.from({ length: 6 }, (_, at) => rule(`r${at}`)), 50_001],
    ["a ref twice", [rule("a"), rule("a")], 20_018],
    ["what can't be read", [rule("a", "http.host eq chat")], 20_127],
    ["regular expressions", [rule("a", 'http.host matches "^a"')], 20_120],
    ["logging", [{ ...rule("a"), action: "log" }], 20_120],
    ["another phase's action", [{ ...rule("a"), action: "set_config" }], 20_016],
    ["a rate limit elsewhere", [signIn({})], 20_019],
  ])("refuses as rules of a free zone: %s", async (_, rules, code) => {
    const api = await start();
    expect(await call(api, "POST zone/rulesets", ruleset(rules))).toMatchObject({ status: 400, code });
    expect(api.zone.rulesets.size).toBe(0);
  });

  it.each([
    ["another period", [signIn({ period: 60 })], 20_155],
    ["a longer block", [signIn({ mitigation_timeout: 60 })], 20_155],
    ["no place", [signIn({ characteristics: ["ip.src"] })], 20_155],
    ["a second one", [signIn({}), { ...signIn({}), ref: "b" }], 50_001],
    ["a host", [signIn({}, 'http.host eq "chat.example.org"')], 20_120],
  ])("refuses as a rate limit of a free zone: %s", async (_, rules, code) => {
    const api = await start();
    const wanted = (given: unknown[]): unknown => ruleset(given, "http_ratelimit");
    expect(await call(api, "POST zone/rulesets", wanted(rules))).toMatchObject({ status: 400, code });
    expect((await call(api, "POST zone/rulesets", wanted([signIn({})]))).status).toBe(200);
  });

  it("takes more on a bigger plan", async () => {
    const api = await start({ plan: "business" });
    const many = Array.from({ length: 30 }, (_, at) => rule(`r${at}`, 'http.host matches "^a"'));
    expect((await call(api, "POST zone/rulesets", ruleset(many))).status).toBe(200);
    const limits = [signIn({ period: 60, mitigation_timeout: 600 }, 'http.host eq "chat.example.org"')];
    expect((await call(api, "POST zone/rulesets", ruleset(limits, "http_ratelimit"))).status).toBe(200);
  });

  it("sets what a setting takes, and nothing else", async () => {
    const api = await start();
    expect((await call(api, "PATCH zone/settings/ssl", { value: "strict" })).result.value).toBe("strict");
    expect((await call(api, "PATCH zone/settings/ssl", { value: "very" })).code).toBe(1007);
    expect((await call(api, "GET zone/settings/nonsense")).code).toBe(1003);
    expect(api.zone.settings.get("ssl")).toBe("strict");
  });

  it("signs for names of its zones, by the kind of their key, and answers in its own order", async () => {
    const api = await start();
    const hostnames = ["a.example.org", "chat.example.org", "b.example.org"];
    const asked = { csr, hostnames, request_type: "origin-ecc", requested_validity: 5475 };
    const { result } = await call(api, "POST certificates", asked);
    expect([...result.hostnames].sort()).toEqual([...hostnames].sort());
    expect(result.hostnames).not.toEqual(hostnames);
    expect((await call(api, "POST certificates", { ...asked, request_type: "origin-rsa" })).code).toBe(1004);
    expect((await call(api, "POST certificates", { ...asked, hostnames: ["a.example.net"] })).code).toBe(
      1010,
    );
    const list = `GET certificates?zone_id=${api.zone.id}`;
    expect((await call(api, list)).result).toHaveLength(1);
    expect((await call(api, `DELETE certificates/${result.id}`)).status).toBe(200);
    expect((await call(api, list)).result).toHaveLength(0);
    expect(api.story.at(-1)).toBe("revoke certificate for a.example.org b.example.org chat.example.org");
  });

  it("fails and breaks off where a test wants it", async () => {
    const api = await start();
    const make = (name: string): Promise<Reply> => call(api, "POST zone/dns_records", { ...site, name });
    api.fail({ call: "POST /client/v4/zones/:zone/dns_records", at: 2 });
    expect([(await make("a")).status, (await make("b")).status, (await make("c")).status]).toEqual([
      200, 500, 200,
    ]);
    api.fail({ at: 1, status: "cut", carriedOut: true });
    await expect(make("d")).rejects.toThrow("fetch failed");
    expect([...api.zone.records.values()].map(({ name }) => name.split(".")[0])).toEqual(["a", "c", "d"]);
  });
});

describe("expressions", () => {
  it.each([
    "true",
    'not (ip.src.country in {"DE" "FR"}) and http.host in {"a.b" "c.d"}',
    'http.host eq "a" and not starts_with(http.request.uri.path, "/.well-known/") or cf.client.bot',
    "ip.src in {192.0.2.0/24 2001:db8::/32 198.51.100.7}",
    'lower(http.user_agent) contains "gptbot" || !ssl',
    'any(http.request.headers["x-a"][*] eq "b") or http.request.headers["x-a"][0] ne "\\"c\\\\"',
    'http.request.uri.path strict wildcard r#"/a"*"#',
    "ip.src.asnum ge 64500",
  ])("can be read: %s", (text) => {
    expect(() => parseExpression(text)).not.toThrow();
  });

  it.each([
    ["", "blank"],
    ['http.host eq "a', "unrecognised input"],
    ['http.host eq "a\\q"', "unrecognised input"],
    ['http.host eq "a" and', "expected an expression"],
    ['(http.host eq "a"', "expected )"],
    ['http.host eq "a")', "unrecognised input"],
    ["http.host in {}", "the list is empty"],
    ['http.host in {"a", "b"}', "expected a string literal"],
    ['ip.src in {"192.0.2.0/24"}', "expected a ip literal"],
    ["ip.src eq 192.0.2.0/24", "expected a ip literal"],
    ["ip.src in {192.0.2.0/33}", "expected a ip literal"],
    ["ip.src lt 192.0.2.0", "expected an operator"],
    ["http.host", "expected an operator"],
    ['http.hots eq "a"', "unknown identifier"],
    ['http.request.uri.path starts_with "/a"', "expected an operator"],
    ['len(http.host) eq "3"', "expected a number literal"],
    ['http.host eq "a" or http.host', "expected an operator"],
    [`http.host eq "${"a".repeat(4096)}"`, "maximum length"],
  ])("can't be read: %s", (text, words) => {
    expect(() => parseExpression(text)).toThrow(words);
  });

  it("say what they use", () => {
    const { fields, operators } = parseExpression('http.host eq "a" and ip.src in {192.0.2.1}');
    expect([[...fields], [...operators]]).toEqual([
      ["http.host", "ip.src"],
      ["eq", "in"],
    ]);
  });
});

/** Of a key on the curve P-256. */
const csr = `-----BEGIN CERTIFICATE REQUEST-----
MIHVMH0CAQAwGzEZMBcGA1UEAwwQY2hhdC5leGFtcGxlLm9yZzBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABD91+b1mSSuD8ysGUJGWGoEM+Ni9JhfQgWXT8y4hdw/H
D7ivWc8Gychn+7/L1tALfAwJxSPYpQeLKOXg+OeKSJygADAKBggqhkjOPQQDAgNI
ADBFAiAcEe2eeIGZnHJp+i1GUUBdulPa60QaKGdR8PDV1790rAIhAN/7vLAVBN/L
UDu0EpTu2JjHc9JsTlObuazjSH3/5k5h
-----END CERTIFICATE REQUEST-----
`;
