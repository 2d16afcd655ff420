import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type OpenZone, openZone } from "../../components/edge/zone";
import { scopesOf } from "../../components/edge/zoneProblems";
import { type Problem, SettingsError } from "../../stacks/settings/problems";
import type { Topology } from "../../stacks/topology";
import { ownerScopes } from "../helpers/cloudflare/account";
import { CloudflareApi, type Options } from "../helpers/cloudflare/api";
import { addRecord } from "../helpers/cloudflare/records";
import { addRuleset } from "../helpers/cloudflare/rulesets";
import { bringUp } from "../helpers/cloudflare/stack";
import type { Scope } from "../helpers/cloudflare/types";
import { remoteTopology } from "../helpers/hosts";

const apis: CloudflareApi[] = [];
const start = async (options: Options = {}): Promise<CloudflareApi> => {
  const api = await CloudflareApi.start(options);
  apis.push(api);
  process.env["CLOUDFLARE_BASE_URL"] = api.url;
  return api;
};
afterEach(async () => {
  delete process.env["CLOUDFLARE_BASE_URL"];
  await Promise.all(apis.splice(0).map((api) => api.stop()));
});

const withEdge = (edge: Record<string, unknown> = {}): Topology =>
  remoteTopology("digitalocean", { edge: { provider: "cloudflare", zone: "example.org", ...edge } });
const topology = withEdge();
const nothing = new Set<string>();

const open = (
  api: CloudflareApi,
  planned: Topology = topology,
  known: ReadonlySet<string> = nothing,
): Promise<OpenZone> =>
  openZone(planned, api.token, { known: () => Promise.resolve(known), timeoutMs: 2000 });

async function problems(asked: Promise<OpenZone>): Promise<readonly Problem[]> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

/** The one problem that there is. */
async function problem(asked: Promise<OpenZone>): Promise<Problem> {
  const [only, ...more] = await problems(asked);
  if (only === undefined || more.length > 0)
    throw new Error(`not one problem: ${JSON.stringify([only, ...more])}`);
  return only;
}

describe("the check of a zone", () => {
  it("finds nothing in an empty zone, and changes nothing in it", async () => {
    const api = await start();
    expect(await open(api)).toEqual({ id: api.zone.id, warnings: [] });
    expect(api.changes).toEqual([]);
    expect(api.calls.every((call) => call.startsWith("GET "))).toBe(true);
  });

  it("finds nothing in what the stack itself has put there", async () => {
    const api = await start();
    const own = bringUp(api.zone, topology);
    expect(own.size).toBe(api.zone.records.size + api.zone.rulesets.size);
    expect(await open(api, topology, own)).toEqual({ id: api.zone.id, warnings: [] });
  });

  it("asks where it is told to, with a slash at the end or without", async () => {
    const api = await start();
    process.env["CLOUDFLARE_BASE_URL"] = `${api.url}/`;
    expect((await open(api)).id).toBe(api.zone.id);
  });

  it("reads a zone of many records to its last page", async () => {
    const api = await start();
    for (let count = 0; count < 1000; count += 1)
      addRecord(api.zone, { name: `n${count}`, type: "A", content: "203.0.113.9", ttl: 1 });
    addRecord(api.zone, { name: "chat", type: "A", content: "203.0.113.9", ttl: 1 });
    expect((await problem(open(api))).given).toBe("A chat.example.org 203.0.113.9");
  });

  describe("of the token and the zone", () => {
    it.each<[Scope, string]>([
      ["Zone Read", "Zone / Zone / Read"],
      ["DNS Edit", "Zone / DNS / Edit"],
      ["Zone Settings Edit", "Zone / Zone Settings / Edit"],
      ["Zone WAF Edit", "Zone / Zone WAF / Edit"],
      ["Config Rules Edit", "Zone / Config Rules / Edit"],
      ["SSL and Certificates Edit", "Zone / SSL and Certificates / Edit"],
    ])("says in one problem that %s is missing", async (scope, words) => {
      const api = await start({ scopes: ownerScopes.filter((one) => one !== scope) });
      const { key, given, allowed } = await problem(open(api));
      expect([key, given]).toEqual(["muster:cloudflareToken", `without ${words}`]);
      expect(allowed).toContain(words);
    });

    it("sees that a token reads and doesn't edit, where the zone says so", async () => {
      const api = await start({
        scopes: ownerScopes.map((scope) =>
          scope === "DNS Edit" || scope === "Zone WAF Edit" ? (`${scope.slice(0, -4)}Read` as Scope) : scope,
        ),
      });
      expect((await problem(open(api))).given).toBe("without Zone / DNS / Edit, Zone / Zone WAF / Edit");
    });

    it("needs less for a stack that holds no rules", async () => {
      const api = await start({ scopes: ["Zone Read", "DNS Edit", "SSL and Certificates Edit"] });
      api.zone.bots = { fight_mode: true };
      addRuleset(api.zone, foreignRules);
      expect(await problems(open(api, withEdge({ zoneOwner: false })))).toEqual([]);
    });

    it.each([
      ["expired", "Invalid access token"],
      ["other address", "Cannot use the access token from location"],
    ] as const)("says why the token isn't taken: %s", async (refused, words) => {
      const api = await start();
      api.account.refused = refused;
      const { key, given } = await problem(open(api));
      expect([key, given]).toEqual(["muster:cloudflareToken", expect.stringContaining(words)]);
    });

    it("says that what was given is no token", async () => {
      await start();
      const { key, given } = await problem(openZone(topology, "short"));
      expect([key, given]).toEqual(["muster:cloudflareToken", expect.stringContaining("Invalid format")]);
    });

    it("never says the token itself", async () => {
      const api = await start();
      const token = "t0ken".repeat(8);
      const asked = openZone(topology, token, { known: () => Promise.resolve(nothing) });
      await expect(asked).rejects.toThrow("Cloudflare refuses the token");
      await expect(openZone(topology, token)).rejects.not.toThrow(token);
      expect(api.changes).toEqual([]);
    });

    it("says which zones the token knows, where it's another", async () => {
      const api = await start({ zone: "example.net" });
      const { key, given, allowed } = await problem(open(api));
      expect([key, given, allowed]).toEqual(["muster:edge.zone", "example.org", "example.net"]);
    });

    it("takes the active one of two zones with the name", async () => {
      const api = await start();
      api.zone.status = "moved";
      const other = api.account.addZone("example.org");
      expect((await open(api)).id).toBe(other.id);
    });

    it("wants a zone that is active and not paused", async () => {
      const api = await start();
      Object.assign(api.zone, { status: "pending", paused: true });
      const found = await problems(open(api));
      expect(found.map((one) => one.problem)).toEqual([
        expect.stringContaining("isn't active"),
        expect.stringContaining("is paused"),
      ]);
      expect(found[0]?.fix).toContain("ada.ns.cloudflare.com");
    });

    it("wants the plan of the settings, and says that there could be more", async () => {
      const api = await start({ plan: "free" });
      const { key, given, allowed } = await problem(open(api, withEdge({ plan: "pro" })));
      expect([key, given, allowed]).toEqual(["muster:edge.plan", "pro", "free"]);
      const larger = await start({ plan: "business" });
      expect((await open(larger)).warnings).toMatchObject([{ key: "muster:edge.plan", given: "free" }]);
    });
  });

  it("lets a plan be that it doesn't know", async () => {
    const api = await start();
    Object.assign(api.zone, { plan: "another" });
    expect((await open(api)).warnings).toEqual([]);
  });

  describe("of the API", () => {
    it("says that nobody answers", async () => {
      const api = await start();
      await api.stop();
      apis.length = 0;
      expect(await problem(open(api))).toMatchObject({
        problem: "Cloudflare can't be asked about the zone",
        given: expect.stringContaining("ECONNREFUSED"),
      });
    });

    const answering = async (answer: (path: string) => { status: number; body: string } | undefined) => {
      const server = createServer((request, response) => {
        const said = answer(request.url ?? "");
        if (said !== undefined) response.writeHead(said.status).end(said.body);
      });
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
      process.env["CLOUDFLARE_BASE_URL"] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const asked = openZone(topology, "x".repeat(40), { timeoutMs: 300 });
      const found = await problems(asked);
      server.closeAllConnections();
      server.close();
      return found;
    };

    it("knows a missing permission in the words of certificates", async () => {
      const body = '{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}';
      expect(await answering(() => ({ status: 400, body }))).toMatchObject([
        { given: "without Zone / Zone / Read" },
      ]);
    });

    it.each([
      ["nothing in time", undefined, "timeout"],
      ["that it's broken", { status: 503, body: '{"success":false,"errors":[]}' }, "answers 503"],
      ["too often", { status: 429, body: '{"success":false,"errors":[]}' }, "answers 429"],
      [
        "what it doesn't like",
        { status: 400, body: '{"success":false,"errors":[{"code":1,"message":"no"}]}' },
        "answers 400: no",
      ],
      ["a page for people", { status: 200, body: "<html></html>" }, "answers 200"],
      [
        "another form",
        { status: 200, body: '{"success":true,"errors":[],"result":{"id":1}}' },
        "to zones is none",
      ],
    ])("says that it answers %s", async (_, answer, words) => {
      const [only, ...more] = await answering(() => answer);
      expect(more).toEqual([]);
      expect(only?.given).toContain(words);
    });
  });

  describe("of records", () => {
    const at = (name: string, type: string, content: string, more: Record<string, unknown> = {}) => ({
      ...{ name, type, content, ttl: 1 },
      ...more,
    });
    const caa = { ttl: 1, type: "CAA", data: { flags: 0, tag: "issue", value: "pki.goog" } };

    it.each([
      ["an address", at("chat", "A", "203.0.113.9")],
      ["an address of the newer kind", at("chat", "AAAA", "2001:db8::9")],
      ["an alias", at("chat", "CNAME", "example.net")],
      ["another's name servers", at("chat", "NS", "ns.example.net")],
      ["an address of the machine", at("media", "A", "203.0.113.9", { proxied: true })],
      ["an authority", { name: "chat", ...caa }],
      ["what is said of mail", at("example.org", "TXT", '"v=spf1 include:example.net ~all"')],
      ["what is done with mail", at("_dmarc", "TXT", '"V=DMARC1; p=none"')],
      ["what is said of mail elsewhere", at("_dmarc", "CNAME", "dmarc.example.net")],
      ["a mail server", at("example.org", "MX", "mx.example.net", { priority: 10 })],
    ])("names what stands in the way: %s", async (_, body) => {
      const api = await start();
      const { id, name, type } = addRecord(api.zone, body);
      const found = await problems(open(api));
      expect(found).not.toEqual([]);
      for (const one of found) expect(one.given).toContain(`${type} ${name}`);
      expect(new Set(found.map(({ given }) => given)).size).toBe(found.length);
      // Only what is of one type can become the other.
      const importable = topology.edge.records.some((ours) => ours.type === type && ours.name === name);
      expect(found.some(({ fix }) => fix.includes(`${api.zone.id}/${id}`))).toBe(importable);
      expect(await problems(open(api, topology, new Set([id])))).toEqual([]);
    });

    it.each([
      ["another name", at("www", "A", "203.0.113.9")],
      ["a text about something else", at("example.org", "TXT", '"google-site-verification=x"')],
      ["the domain's own address", at("example.org", "A", "203.0.113.9")],
      ["a text at a site", at("chat", "TXT", '"v=x"')],
      ["an authority of the domain", { name: "example.org", ...caa }],
      ["the domain's alias", at("example.org", "CNAME", "example.net")],
      ["the zone's name servers", at("example.org", "NS", "ns.example.net")],
      ["any other name", at("*", "CNAME", "example.net")],
      ["another name's name servers", at("hat", "NS", "ns.example.net")],
    ])("leaves alone what doesn't: %s", async (_, body) => {
      const api = await start();
      addRecord(api.zone, body);
      expect(await problems(open(api))).toEqual([]);
    });

    it("says how each is taken over, and none twice", async () => {
      const api = await start();
      const first = addRecord(api.zone, at("chat", "A", "203.0.113.8"));
      addRecord(api.zone, at("chat", "A", "203.0.113.9"));
      const [one, other] = await problems(open(api));
      expect(one?.fix).toContain(
        `npx pulumi import -s test --protect=false --generate-code=false cloudflare:index/dnsRecord:DnsRecord a-chat.example.org ${api.zone.id}/${first.id}`,
      );
      expect(other?.fix).not.toContain("pulumi import");
    });

    it("has an authority take over the one that says the same", async () => {
      const api = await start();
      addRecord(api.zone, { name: "chat", ...caa });
      expect((await problem(open(api))).fix).toContain(" caa-chat.example.org-pki.goog ");
    });

    it("takes no word of somebody's for its mark", async () => {
      const api = await start();
      addRecord(api.zone, at("chat", "A", "203.0.113.8", { comment: "Muster moves here in May" }));
      expect((await problem(open(api))).problem).toContain("that isn't Muster's");
    });

    it("tells another stack's from strangers', and what was lost", async () => {
      const api = await start();
      addRecord(api.zone, at("chat", "A", "203.0.113.8", { comment: "Muster test: the chat site" }));
      addRecord(api.zone, at("media", "A", "203.0.113.8", { comment: "Muster test2: media" }));
      const found = await problems(open(api));
      expect(found.map((one) => one.problem)).toEqual([
        expect.stringContaining("stack test has made, and knows nothing of"),
        expect.stringContaining("of stack test2"),
      ]);
      expect(found[0]?.fix).toContain("pulumi import");
      expect(found[1]?.fix).not.toContain("pulumi import");
    });

    it("says which setting leaves a domain's mail alone", async () => {
      const api = await start();
      addRecord(api.zone, at("example.org", "MX", "mx.example.net", { priority: 10 }));
      expect((await problem(open(api))).key).toBe("muster:edge.domainMail");
      expect(await problems(open(api, withEdge({ domainMail: "elsewhere" })))).toEqual([]);
    });
  });

  const foreignRules = {
    ...{ name: "default", kind: "zone", phase: "http_request_firewall_custom" },
    rules: [{ action: "block", expression: "ip.src.asnum eq 64500", description: "the old network" }],
  };

  describe("of rules and settings", () => {
    it("names rules that would be replaced, and how they are kept", async () => {
      const api = await start();
      const planned = withEdge({ countries: { mode: "deny", codes: ["KP"] } });
      const { id } = addRuleset(api.zone, foreignRules);
      const { key, given, fix } = await problem(open(api, planned));
      expect([key, given]).toEqual([
        "muster:edge.zoneOwner",
        "http_request_firewall_custom: the old network",
      ]);
      expect(fix).toContain("muster:edge.rules");
      expect(fix).toContain(
        `cloudflare:index/ruleset:Ruleset rules-http-request-firewall-custom zones/${api.zone.id}/${id}`,
      );
      expect(await problems(open(api, planned, new Set([id])))).toEqual([]);
    });

    it("names a list without rules too: Cloudflare takes no second one", async () => {
      const api = await start();
      addRuleset(api.zone, { name: "default", kind: "zone", phase: "http_config_settings" });
      expect((await problem(open(api))).given).toBe("http_config_settings: a list without rules");
    });

    it("names the stack that holds the rules", async () => {
      const api = await start();
      bringUp(api.zone, { ...topology, stack: "other", edge: { ...topology.edge, records: [] } });
      const found = await problems(open(api));
      expect(found).toHaveLength(api.zone.rulesets.size);
      for (const one of found) expect(one.problem).toContain("stack other holds the rules");
    });

    it("leaves rules of phases alone that it has none for", async () => {
      const api = await start({ plan: "pro" });
      addRuleset(api.zone, { ...foreignRules, phase: "http_request_firewall_managed", rules: [] });
      expect(await problems(open(api))).toEqual([]);
    });

    it("doesn't take other sites of the zone down by strict encryption", async () => {
      const api = await start();
      const shop = { name: "shop", type: "A", content: "203.0.113.9", ttl: 1, proxied: true };
      const { id } = addRecord(api.zone, shop);
      const { key, given } = await problem(open(api));
      expect([key, given]).toEqual(["muster:edge.zoneOwner", "SSL/TLS mode full, with shop.example.org"]);
      expect(await problems(open(api, withEdge({ zoneOwner: false })))).toEqual([]);
      api.zone.settings.set("ssl", "strict");
      expect(await problems(open(api))).toEqual([]);
      api.zone.settings.set("ssl", "flexible");
      Object.assign(api.zone.records.get(id) ?? {}, { comment: "Muster other: the chat site" });
      expect(await problems(open(api))).toEqual([]);
    });

    it.each([
      ["free", { fight_mode: true }],
      ["pro", { sbfm_definitely_automated: "managed_challenge" }],
      ["pro", { sbfm_likely_automated: "block" }],
    ] as const)("refuses a zone that challenges apps: %s, %o", async (plan, bots) => {
      const api = await start({ plan });
      Object.assign(api.zone.bots, bots);
      expect((await problem(open(api, withEdge({ plan })))).problem).toContain("apps can't answer");
    });

    it("warns where it can't see that, and of networks that it doesn't know", async () => {
      const api = await start({ scopes: ownerScopes.filter((scope) => !scope.startsWith("Bot")) });
      api.account.networks = [...api.account.networks.slice(1), "192.0.2.0/24"];
      const { warnings } = await open(api);
      expect(warnings).toMatchObject([
        { key: "muster:cloudflareToken", fix: expect.stringContaining("Bot Management / Read") },
        { key: "muster:edge.provider", given: expect.stringMatching(/^new: 192\.0\.2\.0\/24, gone: 103\./) },
      ]);
    });
  });

  it("says everything at once", async () => {
    const api = await start({ scopes: ownerScopes.filter((scope) => scope !== "Zone Settings Edit") });
    api.zone.bots = { fight_mode: true };
    addRecord(api.zone, { name: "chat", type: "A", content: "203.0.113.9", ttl: 1 });
    const found = await problems(open(api, withEdge({ plan: "pro" })));
    expect(found.map(({ key }) => key).sort()).toEqual([
      "muster:cloudflareToken",
      "muster:edge.plan",
      "muster:edge.zone",
      "muster:edge.zone",
    ]);
  });
});

describe("what stacks put into a zone", () => {
  it.each(["free", "pro", "business", "enterprise"] as const)("is taken on the %s plan", async (plan) => {
    const api = await start({ plan });
    const all = {
      ...{ plan, countries: { mode: "deny", codes: ["KP", "T1"] }, adminFrom: ["192.0.2.0/24"] },
      rules: [1, 2, 3].map((at) => ({
        name: `own-${at}`,
        action: "block",
        expression: "ip.src.asnum eq 64500",
      })),
    };
    expect(() => bringUp(api.zone, withEdge(all))).not.toThrow();
  });
});

describe("the page about the edge", () => {
  it("asks for the permissions that an owner's token needs, and for no other that edits", () => {
    const { zone } = withEdge({ zoneOwner: true }).edge;
    if (zone === undefined) throw new Error("no zone");
    const page = readFileSync(join(__dirname, "../../docs/edge.md"), "utf8");
    const listed = [...page.matchAll(/^\| Zone \/ (.+?) \/ (Read|Edit) +\|/gm)].map(
      ([, permission, level]) => `${permission ?? ""} ${level ?? ""}`,
    );
    // Only read where it may: whether Bot Fight Mode is on.
    const needed = [...scopesOf(zone).map((scope) => scope.join(" ")), "Bot Management Read"];
    expect([...listed].sort()).toEqual([...needed].sort());
  });
});
