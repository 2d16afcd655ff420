import { fill, type Text } from "../../components/services/text";
import type { ServicePlan, Topology } from "../../stacks/topology";
import { firewallRules } from "../../stacks/topology/firewall";
import { localTopology, stackTopology } from "../helpers/stacks";

const host = { provider: "local", address: "203.0.113.10", privateAddress: "10.0.0.5" };
const dns = { provider: "hetzner", tokenVariable: "HETZNER_API_TOKEN" };
const tls = {
  domain: "example.org",
  host,
  calls: "embedded",
  meetings: "jitsi",
  turn: "tls",
  edge: { provider: "none", dns },
};
const overTls = (change: Record<string, unknown> = {}, secrets = ["dnsToken"]): Topology =>
  localTopology({ ...tls, ...change }, secrets);

const shown = (source: string | Text): string =>
  typeof source === "string" ? source : fill(source, (late) => `<${Object.values(late).join()}>`);
const planOf = ({ services }: Topology, name: string): ServicePlan => {
  const found = services.find((plan) => plan.name === name);
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
};
const fileOf = (topology: Topology, service: string, name: string): string | undefined => {
  const content = planOf(topology, service).spec.files?.find((file) => file.name === name)?.content;
  return content === undefined ? undefined : shown(content);
};
const linesOf = (topology: Topology): string[] =>
  (fileOf(topology, "coturn", "turnserver.conf") ?? "").split("\n");
const runs = (topology: Topology): boolean => topology.services.some(({ name }) => name === "certificates");

describe("the certificate service", () => {
  it("runs where the relay speaks TLS, and nowhere else", () => {
    expect(runs(overTls())).toBe(true);
    expect(runs(overTls({ turn: "on" }))).toBe(false);
    expect(runs(overTls({ turn: "off" }))).toBe(false);
    expect(runs(overTls({ calls: "off", meetings: "off" }))).toBe(false);
  });

  it("certifies the relay's name at Let's Encrypt, proven by the provider of the settings", () => {
    const { spec } = planOf(
      overTls({ edge: { provider: "none", email: "admin@example.org", dns } }),
      "certificates",
    );
    expect(spec.command).toEqual([
      "/muster/certificates.sh",
      "media.example.org",
      "https://acme-v02.api.letsencrypt.org/directory",
      ...["--email", "admin@example.org", "--dns", "hetzner"],
    ]);
    expect(spec.environment).toEqual({ HETZNER_API_TOKEN_FILE: "/muster/dns-token" });
  });

  it("asks another authority, by its own root, and other name servers where the settings say so", () => {
    const root = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    const authority = { directory: "https://acme.example.org/dir", root };
    const topology = overTls({
      edge: {
        provider: "none",
        authority,
        dns: {
          provider: "httpreq",
          variables: { HTTPREQ_ENDPOINT: "http://10.0.0.1" },
          resolvers: ["10.0.0.1:5353"],
          check: "none",
        },
      },
      media: { name: "turn" },
    });
    const { spec } = planOf(topology, "certificates");
    expect(spec.command?.slice(1)).toEqual([
      "turn.example.org",
      "https://acme.example.org/dir",
      ...["--dns", "httpreq", "--dns.resolvers", "10.0.0.1:5353", "--dns.disable-cp"],
    ]);
    expect(spec.environment).toEqual({
      HTTPREQ_ENDPOINT: "http://10.0.0.1",
      LEGO_CA_CERTIFICATES: "/muster/authority.pem",
    });
    expect(fileOf(topology, "certificates", "authority.pem")).toBe(root);
  });

  it("has the token in a file alone, also for Cloudflare", () => {
    const topology = overTls({ edge: { provider: "cloudflare", zone: "example.org" } });
    const { spec } = planOf(topology, "certificates");
    expect(spec.environment).toEqual({ CF_DNS_API_TOKEN_FILE: "/muster/dns-token" });
    expect(spec.command?.slice(3)).toEqual(["--dns", "cloudflare"]);
    expect(fileOf(topology, "certificates", "dns-token")).toBe("<dnsToken>");
    expect(fileOf(overTls({}, []), "certificates", "dns-token")).toBeUndefined();
  });

  it("is backed up for this domain alone, unless its host has no data", () => {
    const volumeOf = (topology: Topology) =>
      planOf(topology, "certificates").volumes.map(({ name, backup, bound }) => ({ name, backup, bound }));
    const published = { name: "published", backup: "none", bound: undefined };
    expect(volumeOf(overTls())).toEqual([{ name: "data", backup: "files", bound: "domain" }, published]);
    const size = "s-2vcpu-4gb";
    const droplets = { provider: "digitalocean", region: "fra1", size, dataDiskGiB: 60, media: { size } };
    const split = stackTopology("prod", { turn: "tls", host: droplets }, ["dnsToken"]);
    expect(planOf(split, "certificates").host).toBe("media");
    expect(volumeOf(split)).toEqual([{ name: "data", backup: "none", bound: undefined }, published]);
  });
});

describe("the relay over TLS", () => {
  it("has a port of its own, open to everyone on its host", () => {
    const topology = overTls({ media: { turnTlsPort: 443 }, web: { httpsPort: 8443 } });
    const opening = topology.openings.find(({ port }) => port === "turn-tls");
    expect(opening).toMatchObject({ service: "coturn", published: 443, protocol: "tcp", from: "everyone" });
    expect(firewallRules(topology, "main")).toContainEqual(
      expect.objectContaining({ path: "machine", protocol: "tcp", first: 443, last: 443, from: [] }),
    );
    expect(linesOf(topology)).toContain("tls-listening-port=443");
    expect(linesOf(topology)).not.toContain("no-tls");
  });

  it("reads a copy of the other service's certificate, which it sees read-only, and waits for nobody", () => {
    const topology = overTls();
    const { sees, service } = planOf(topology, "coturn");
    expect(sees).toEqual([{ service: "certificates", volume: "published", path: "/certificate" }]);
    expect(service.startsAfter).toEqual([]);
    expect(planOf(topology, "certificates").service.user).toEqual(service.user);
    expect(linesOf(topology)).toEqual(
      expect.arrayContaining(["cert=/tmp/certificate.pem", "pkey=/tmp/certificate.pem"]),
    );
  });

  it("speaks by no suite that TLS 1.1 knows", () => {
    const list =
      linesOf(overTls())
        .find((line) => line.startsWith("cipher-list="))
        ?.slice(12) ?? "";
    expect(list.split(":").length).toBeGreaterThan(3);
    for (const suite of list.split(":")) expect(suite).toMatch(/^(TLS_|ECDHE-ECDSA-).*(GCM|POLY1305)/);
  });

  it("is told to clients by its name, beside the ways that they had", () => {
    const topology = overTls({ media: { name: "turn", turnTlsPort: 5350 } });
    const { environment } = planOf(topology, "mattermost").spec;
    expect(JSON.parse(shown(environment["MM_CALLS_ICE_SERVERS_CONFIGS"] ?? ""))).toEqual([
      {
        urls: [
          "turn:<main>:3478?transport=udp",
          "turn:<main>:3478?transport=tcp",
          "turns:turn.example.org:5350?transport=tcp",
        ],
      },
    ]);
    expect(planOf(topology, "jitsi-prosody").spec.environment).toMatchObject({
      TURN_TRANSPORT: "udp,tcp",
      TURNS_HOST: "turn.example.org",
      TURNS_PORT: "5350",
    });
  });

  it("leaves no trace where the relay does without it", () => {
    const topology = overTls({ turn: "on" });
    expect(linesOf(topology)).toContain("no-tls");
    expect(linesOf(topology).join()).not.toMatch(/cert|tls-listening/);
    expect(planOf(topology, "coturn")).toMatchObject({
      sees: [],
      spec: { command: ["turnserver", "-c", "/muster/turnserver.conf"] },
    });
    expect(planOf(topology, "coturn").spec.entrypoint).toBeUndefined();
    expect(planOf(topology, "coturn").spec.files?.map(({ name }) => name)).toEqual([
      "turnserver.conf",
      "health.sh",
    ]);
    expect(JSON.stringify(topology.services.map(({ spec }) => spec))).not.toMatch(/turns:|TURNS_/);
  });
});
