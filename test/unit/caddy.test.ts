import { caddyfile } from "../../components/services/caddyfile";
import { tlsMode } from "../../components/services/tls";
import { fill, secretsIn } from "../../components/services/text";
import type { Topology } from "../../stacks/topology";
import { cloudflareNetworks } from "../../stacks/topology/cloudflareNetworks";
import { localTopology } from "../helpers/stacks";

const cloudflare = { provider: "cloudflare", zone: "example.org" };
const fileOf = ({ settings, routes }: Topology): string =>
  fill(caddyfile(settings, routes), () => {
    throw new Error("late value in the Caddyfile");
  });
const fileFor = (change: Record<string, unknown>): string => fileOf(localTopology(change));

/** The lines of the block that an address opens. */
function block(file: string, address: string): string[] {
  const start = file.indexOf(`\n${address} {\n`);
  if (start < 0) throw new Error(`no block ${address} in\n${file}`);
  return file
    .slice(start, file.indexOf("\n}\n", start))
    .split("\n")
    .slice(2)
    .map((line) => line.trim());
}

describe("TLS", () => {
  it.each<[string, Record<string, unknown>, string]>([
    ["this machine", { domain: "localhost" }, "internal"],
    ["a name below it", { domain: "team.localhost" }, "internal"],
    ["a public domain", { domain: "example.org" }, "acme"],
    ["a name that only looks local", { domain: "notlocalhost" }, "acme"],
    [
      "a public domain that says internal",
      { domain: "example.org", edge: { provider: "none", tls: "internal" } },
      "internal",
    ],
    ["this machine that says acme", { domain: "localhost", edge: { provider: "none", tls: "acme" } }, "acme"],
    ["Cloudflare", { domain: "example.org", edge: cloudflare }, "origin"],
  ])("of %s is by default or by word", (_name, change, mode) => {
    expect(tlsMode(localTopology(change).settings)).toBe(mode);
  });

  it("is Caddy's own authority for internal names, without touching the container's trust store", () => {
    const file = fileFor({ domain: "localhost" });
    expect(block(file, "https://chat.localhost")).toContain("tls internal");
    expect(file).toContain("skip_install_trust");
  });

  it("is left to Caddy for public names", () => {
    const file = fileFor({ domain: "example.org", edge: { provider: "none", email: "ops@example.org" } });
    expect(file).not.toContain("tls internal");
    expect(file).not.toContain("skip_install_trust");
    expect(file).toContain("\n\temail ops@example.org\n");
    expect(fileFor({ domain: "example.org" })).not.toContain("email");
  });
});

describe("an edge", () => {
  const behind = (edge: Record<string, unknown> = {}): string =>
    fileFor({ domain: "example.org", edge: { ...cloudflare, ...edge } });

  it("is trusted by its networks where there is one, and nobody else is", () => {
    for (const network of cloudflareNetworks) expect(behind()).toContain(network);
    expect(behind()).toContain("client_ip_headers CF-Connecting-IP\n");
    for (const file of [fileFor({ domain: "example.org" }), fileFor({})])
      expect(file).not.toMatch(/trusted_proxies|client_ip_headers/);
  });

  it("has a certificate of its own, whose key no environment and no command holds", () => {
    expect(behind()).toContain("tls /muster/origin-certificate.pem /muster/origin-key.pem\n");
    const caddy = localTopology({ domain: "example.org", edge: cloudflare }).services.find(
      ({ name }) => name === "caddy",
    );
    const files = (caddy?.spec.files ?? []).filter(({ name }) => name !== "Caddyfile");
    expect(files.flatMap(({ content }) => secretsIn(content))).toEqual(["origin-certificate", "origin-key"]);
    // A changed certificate is read by a start alone.
    expect(files.map(({ reloaded }) => reloaded)).toEqual([undefined, undefined]);
  });

  it("insists on HTTPS for as long as the settings say, where certificates are public", () => {
    const hsts = (file: string): string[] =>
      [...file.matchAll(/Strict-Transport-Security "(.*)"/g)].map(([, value]) => value ?? "");
    expect(hsts(behind())).toEqual(["max-age=2592000"]);
    expect(hsts(behind({ hstsDays: 730 }))).toEqual(["max-age=63072000"]);
    expect(hsts(behind({ hstsDays: 0 }))).toEqual([]);
    expect(hsts(fileFor({ domain: "example.org" }))).toEqual(["max-age=2592000"]);
    expect(hsts(fileFor({}))).toEqual([]);
  });

  it("may have an authority of its own", () => {
    const authority = {
      directory: "https://ca.example.org/acme/directory",
      root: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    };
    const own = { domain: "example.org", edge: { provider: "none", authority } };
    expect(fileFor(own)).toContain(
      "acme_ca https://ca.example.org/acme/directory\n\tacme_ca_root /muster/authority.pem\n",
    );
    const caddy = localTopology(own).services.find(({ name }) => name === "caddy");
    expect(caddy?.spec.files?.map(({ name }) => name)).toEqual(["Caddyfile", "authority.pem"]);
    expect(fileFor({ domain: "example.org" })).not.toContain("acme_ca");
    // It isn't asked for what is certified otherwise.
    expect(behind({ authority })).not.toContain("acme_ca");
  });
});

describe("the Caddyfile", () => {
  it("has two blocks for each route and one for its own health, which only itself can ask", () => {
    const file = fileFor({ domain: "example.org" });
    const addresses = [...file.matchAll(/^(\S+) \{$/gm)].map(([, address]) => address);
    expect(addresses).toEqual([
      "http://127.0.0.1:8080",
      "http://chat.example.org",
      "https://chat.example.org",
    ]);
    expect(block(file, "http://127.0.0.1:8080")).toEqual(["bind 127.0.0.1", "respond 200"]);
  });

  it("sends HTTP to HTTPS on the port that people use", () => {
    expect(block(fileFor({}), "http://chat.localhost")).toEqual(["redir https://chat.localhost{uri} 308"]);
    expect(block(fileFor({ web: { httpsPort: 8443 } }), "http://chat.localhost")).toEqual([
      "redir https://chat.localhost:8443{uri} 308",
    ]);
  });

  it("overwrites X-Forwarded-For, so that nobody can forge an address", () => {
    expect(block(fileFor({}), "https://chat.localhost")).toContain("header_up X-Forwarded-For {client_ip}");
  });

  it("passes requests to the service, and lets an upload through that the service allows", () => {
    const lines = block(fileFor({ chat: { maxFileSizeMiB: 200 } }), "https://chat.localhost");
    expect(lines).toContain("reverse_proxy mattermost:8065 {");
    expect(lines).toContain("max_size 205MiB");
  });

  it("keeps websockets open through a reload, and HTTP/3 out, whose port nobody publishes", () => {
    expect(block(fileFor({}), "https://chat.localhost")).toContain("stream_close_delay 5m");
    expect(fileFor({})).toContain("protocols h1 h2\n");
  });

  it("takes changes by a socket on a volume that the reload job alone shares, and nobody else's network", () => {
    expect(fileFor({})).toMatch(/^\{\n\tadmin unix\/\/config\/admin\.sock\n/);
    const caddy = localTopology().services.find(({ name }) => name === "caddy");
    const [reload] = caddy?.jobs ?? [];
    expect(reload?.job.volumes).toEqual(["config"]);
    expect(reload?.job.sandbox?.egress).toBeUndefined();
    const script = reload?.spec.files?.find(({ name }) => name === "reload.sh");
    expect(fill(script?.content ?? { parts: [] }, () => "")).toContain(
      "caddy reload --config /muster/Caddyfile --adapter caddyfile --address unix//config/admin.sock\n",
    );
    expect(caddy?.spec.files).toMatchObject([{ name: "Caddyfile", reloaded: true }]);
  });

  it("follows the site's own name", () => {
    expect(fileFor({ domain: "example.org", sites: { chat: "talk" } })).toContain(
      "https://talk.example.org {",
    );
  });

  it("closes each brace that it opens", () => {
    const file = fileFor({ domain: "example.org" }).replace(/\{(uri|client_ip)\}/g, "");
    expect(file.split("{")).toHaveLength(file.split("}").length);
  });
});
