import fc from "fast-check";
import { recordArgs, recordName } from "../../components/edge/shapes";
import { parseSettings } from "../../stacks/settings/parse";
import { errorsOf, type Topology, topologyOf } from "../../stacks/topology";
import { missingEdgeSecrets } from "../../stacks/topology/edge/findings";
import type { DnsRecord } from "../../stacks/topology/edge/types";
import { plainSettings } from "../helpers/arbitrary";
import { keysOf, proxiedTopology } from "../helpers/edge";
import { hosts } from "../helpers/hosts";
import { localTopology } from "../helpers/stacks";

const lines = ({ edge }: Topology): string[] =>
  edge.records.map((record) => {
    const value =
      record.kind === "authority"
        ? record.issuer
        : record.kind === "text"
          ? record.text
          : JSON.stringify(record.address.parts[0]).replace(/[{}"]/g, "");
    return `${record.name} ${record.type} ${value}${record.kind === "site" && record.proxied ? " proxied" : ""}`;
  });
const ofType = (topology: Topology, type: DnsRecord["type"]): string[] =>
  lines(topology).filter((line) => line.includes(` ${type} `));

const direct = { provider: "none", email: "ops@example.org" };
const server = (change: Record<string, unknown> = {}): Topology =>
  localTopology({ domain: "example.org", calls: "embedded", meetings: "jitsi", edge: direct, ...change });

describe("records", () => {
  it("are one for each site, and one past the proxy for media", () => {
    expect(ofType(proxiedTopology(), "A")).toEqual([
      "chat.example.org A publicAddressOf:main proxied",
      "meet.example.org A publicAddressOf:main proxied",
      "media.example.org A publicAddressOf:main",
    ]);
    expect(ofType(server(), "A")).toEqual([
      "chat.example.org A publicAddressOf:main",
      "meet.example.org A publicAddressOf:main",
      "media.example.org A publicAddressOf:main",
    ]);
  });

  it("send media to the host that has them", () => {
    const host = { ...hosts.digitalocean.host, media: { size: "s-4vcpu-8gb" } };
    expect(ofType(proxiedTopology({}, { host }), "A")).toEqual([
      "chat.example.org A publicAddressOf:main proxied",
      "meet.example.org A publicAddressOf:main proxied",
      "media.example.org A publicAddressOf:media",
    ]);
  });

  it("are none for what isn't there: no media, no meetings, a domain of this machine alone", () => {
    const chatOnly = proxiedTopology({}, { calls: "off", meetings: "off" });
    expect(ofType(chatOnly, "A")).toEqual(["chat.example.org A publicAddressOf:main proxied"]);
    expect(lines(localTopology())).toEqual([]);
    expect(lines(localTopology({ domain: "team.localhost" }))).toEqual([]);
  });

  it("let the authorities in use certify our names, and say nothing about other names of the domain", () => {
    expect(ofType(server(), "CAA")).toEqual([
      "chat.example.org CAA letsencrypt.org",
      "chat.example.org CAA sectigo.com",
      "meet.example.org CAA letsencrypt.org",
      "meet.example.org CAA sectigo.com",
      "media.example.org CAA ;",
    ]);
    expect(ofType(proxiedTopology({}, { meetings: "off", calls: "off" }), "CAA")).toEqual(
      ["letsencrypt.org", "pki.goog", "ssl.com", "sectigo.com"].map((name) => `chat.example.org CAA ${name}`),
    );
    const own = { ...direct, authority: { directory: "https://ca.example.org/acme/directory" } };
    expect(ofType(server({ edge: own }), "CAA")).toEqual([]);
    expect(ofType(server({ edge: { provider: "none", tls: "internal" }, calls: "off" }), "CAA")).toEqual([
      "media.example.org CAA ;",
    ]);
  });

  it("say that the domain sends no mail, unless it does", () => {
    const mail = (from: string) => ({ mail: { host: "smtp.example.net", from } });
    const texts = [
      "example.org TXT v=spf1 -all",
      "_dmarc.example.org TXT v=DMARC1; p=reject; sp=reject; adkim=s; aspf=s",
    ];
    expect(ofType(server(), "TXT")).toEqual(texts);
    expect(ofType(server(mail("muster@example.net")), "TXT")).toEqual(texts);
    expect(ofType(server(mail("muster@notexample.org")), "TXT")).toEqual(texts);
    expect(ofType(server(mail("muster@example.org")), "TXT")).toEqual([]);
    expect(ofType(server(mail("muster@chat.example.org")), "TXT")).toEqual([]);
    expect(ofType(server({ edge: { ...direct, domainMail: "elsewhere" } }), "TXT")).toEqual([]);
  });

  it("follow from routes and hosts, whatever the settings", () => {
    const addresses = { publicAddressOf: () => "", privateAddressOf: () => "", peerAddressOf: () => "" };
    fc.assert(
      fc.property(plainSettings, (values) => {
        const {
          edge,
          routes,
          hosts: all,
          settings,
        } = topologyOf("test", parseSettings({ source: "test", values, encrypted: [] }));
        const sites = edge.records.filter(({ kind }) => kind === "site").map(({ name }) => name);
        // No site without a route, no route without a site.
        if (edge.records.length > 0) expect(sites).toEqual(routes.map(({ host }) => host));
        for (const record of edge.records) {
          const args = recordArgs(record, "s".repeat(100), addresses);
          expect(args.proxied === true).toBe(
            record.kind === "site" && settings.edge.provider === "cloudflare",
          );
          expect(String(args.comment).length).toBeLessThanOrEqual(100);
          if ("address" in record)
            expect(all.map(({ name }) => [{ publicAddressOf: name }])).toContainEqual(record.address.parts);
        }
        const names = edge.records.map(recordName);
        if (
          new Set(sites).size === sites.length &&
          !sites.includes(`${settings.media.name}.${settings.domain}`)
        )
          expect(new Set(names).size).toBe(names.length);
        expect(edge.zone?.certified ?? routes.map(({ host }) => host).sort()).toEqual(
          routes.map(({ host }) => host).sort(),
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe("what can't work is refused", () => {
  const authority = { directory: "https://ca.example.org/acme/directory" };
  const problems = (edge: Record<string, unknown>, more: Record<string, unknown> = {}): string[] =>
    keysOf(errorsOf(proxiedTopology(edge, more)));

  it.each<[string, string[], Record<string, unknown>, Record<string, unknown>]>([
    ["nothing", [], {}, {}],
    ["a domain elsewhere", ["muster:domain"], {}, { domain: "example.net" }],
    ["sites two levels down", ["muster:sites.chat", "muster:sites.meet"], {}, { domain: "a.example.org" }],
    ["another port", ["muster:web"], {}, { web: { httpsPort: 8443 } }],
    ["large uploads on Free", ["muster:chat.maxFileSizeMiB"], {}, { chat: { maxFileSizeMiB: 96 } }],
    ["larger ones on a larger plan", [], { plan: "business" }, { chat: { maxFileSizeMiB: 190 } }],
    ["an authority that nobody asks", ["muster:edge.authority"], { authority }, {}],
    ["one name twice", ["muster:media.name"], {}, { media: { name: "chat" } }],
  ])("%s", (_name, expected, edge, more) => {
    expect(problems(edge, more)).toEqual(expected);
  });

  it.each([
    ["192.168.7.2", ["muster:host.address"]],
    ["10.0.0.5", ["muster:host.address"]],
    ["203.0.113.10", []],
  ])("a server that Cloudflare can't reach: at %s", (address, expected) => {
    const topology = localTopology(
      {
        domain: "example.org",
        edge: { provider: "cloudflare", zone: "example.org" },
        host: { ...hosts.existing.host, address },
      },
      [...hosts.existing.secrets, "cloudflareToken"],
    );
    expect(keysOf(errorsOf(topology))).toEqual(expected);
  });

  it("a machine whose firewall isn't ours", () => {
    const edge = { provider: "cloudflare", zone: "example.org" };
    const local = localTopology({ domain: "example.org", edge }, ["cloudflareToken"]);
    expect(keysOf(errorsOf(local))).toEqual(["muster:edge.provider"]);
  });

  it("asks for the token, and for none where nobody uses it", () => {
    expect(missingEdgeSecrets(proxiedTopology())).toEqual([]);
    const without = { ...proxiedTopology(), secrets: new Set<never>() };
    expect(keysOf(missingEdgeSecrets(without))).toEqual(["muster:cloudflareToken"]);
    expect(keysOf(errorsOf(localTopology({}, ["cloudflareToken"])))).toEqual(["muster:cloudflareToken"]);
  });
});
