import { loadTopology } from "../../stacks/topology/load";
import type { Finding } from "../../stacks/topology/types";
import { localTopology, projectDir } from "../helpers/stacks";

type Change = Record<string, unknown>;
const withDns = (dns: Change): Change => ({ edge: { provider: "none", dns } });
const hetzner = { provider: "hetzner", tokenVariable: "HETZNER_API_TOKEN" };
const httpreq = { provider: "httpreq", variables: { HTTPREQ_ENDPOINT: "https://dns.example.org" } };
const cloudflare = { edge: { provider: "cloudflare", zone: "example.org" } };
const base: Change = { domain: "example.org", calls: "embedded", turn: "tls" };
const findingsFor = (change: Change, encrypted: string[] = []): readonly Finding[] =>
  localTopology({ ...base, ...change }, encrypted).findings.filter(({ key }) =>
    /edge\.dns|dnsToken|muster:turn$|turnTlsPort/.test(key),
  );

describe("settings by which the relay's certificate can be got", () => {
  it.each<[string, Change, string[]]>([
    ["a DNS provider with a token", withDns(hetzner), ["dnsToken"]],
    ["one that needs none", withDns(httpreq), []],
    ["Cloudflare", cloudflare, ["dnsToken"]],
    ["no relay over TLS", { turn: "on" }, []],
    ["no relay at all", { calls: "off" }, []],
  ])("raise nothing: %s", (_name, change, secrets) => {
    expect(findingsFor(change, secrets)).toEqual([]);
  });
});

describe("settings by which it can't be got", () => {
  it.each<[string, Change, string[], Partial<Finding>]>([
    [
      "nobody makes the record",
      {},
      [],
      { key: "muster:edge.dns", severity: "error", given: "turn: tls with edge.provider: none" },
    ],
    [
      "a local name",
      { domain: "team.localhost", ...withDns(httpreq) },
      [],
      { key: "muster:turn", severity: "error", given: "tls for media.team.localhost" },
    ],
    [
      "a DNS provider that nobody asks",
      { ...withDns(hetzner), turn: "on" },
      [],
      { key: "muster:edge.dns", severity: "error", given: "hetzner, with turn: on" },
    ],
    [
      "a token that no variable takes",
      withDns(httpreq),
      ["dnsToken"],
      { key: "muster:dnsToken", severity: "error", problem: expect.stringContaining("tokenVariable") },
    ],
    [
      "a token without a relay over TLS",
      { turn: "on" },
      ["dnsToken"],
      { key: "muster:dnsToken", severity: "error", fix: "set muster:turn to tls, or remove the secret" },
    ],
    [
      "a secret in the open",
      withDns({ ...hetzner, variables: { HETZNER_API_TOKEN: "x" } }),
      ["dnsToken"],
      { key: "muster:edge.dns.variables.HETZNER_API_TOKEN", severity: "warning" },
    ],
    [
      "the port of the relay without TLS",
      { ...withDns(httpreq), media: { turnTlsPort: 3478 } },
      [],
      {
        key: "muster:media.turnTlsPort",
        severity: "error",
        given: "3478/tcp for coturn turn-tcp and 3478/tcp for coturn turn-tls",
      },
    ],
    [
      "the sites' port on the same host",
      { ...withDns(httpreq), media: { turnTlsPort: 443 } },
      [],
      { key: "muster:media.turnTlsPort", severity: "error" },
    ],
  ])("%s", (_name, change, secrets, expected) => {
    const found = findingsFor(change, secrets);
    expect(found).toEqual([expect.objectContaining(expected)]);
    for (const { problem, fix } of found) for (const text of [problem, fix]) expect(text).not.toBe("");
  });

  it.each<[string, Change, RegExp]>([
    ["Cloudflare", cloudflare, /Zone\.DNS Edit on example\.org alone/],
    ["another provider", withDns(hetzner), /^npm run secret -- test dnsToken$/],
  ])("the token is missing at %s: a note for the plan, and an up refuses", (_name, change, fix) => {
    expect(findingsFor(change)).toEqual([
      expect.objectContaining({
        key: "muster:dnsToken",
        severity: "note",
        fix: expect.stringMatching(fix),
      }),
    ]);
    const raw = {
      source: "Pulumi.test.yaml",
      values: { host: { provider: "local", address: "192.168.7.10" }, meetings: "off", ...base, ...change },
      encrypted: [],
    };
    const refuse = (message: string): never => {
      throw new Error(message);
    };
    expect(() => loadTopology(projectDir, "test", raw, refuse)).toThrow(/muster:dnsToken: an up needs it/);
  });
});
