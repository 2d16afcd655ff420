/** The reverse proxy's configuration in a real Caddy: what it lets through, to whom, and what it says by itself. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { originSecrets } from "../../components/services/caddyfile";
import { proxiedTopology } from "../helpers/edge";
import { selfSigned } from "../helpers/selfSigned";
import { onMachines } from "./hosts/machines";
import { engineSocket } from "./parts";
import { certificatesOfSites } from "./proxy/acme";
import { type Asked, ProxiedSite, type Visitor } from "./proxy/site";
import { openSocket } from "./proxy/socket";

const folder = mkdtempSync(join(tmpdir(), "muster-e2e-origin-"));
const certificateFile = join(folder, "certificate.pem");
const names = ["chat.example.org", "meet.example.org"];

const missing = process.env["MUSTER_E2E_NO_PROXY"];
const visitorsAddress = "203.0.113.77";
/** In one of the networks that Cloudflare's proxies come from. */
const cloudflaresAddress = "173.245.48.10";
const person = "198.51.100.23";

onMachines("a site behind Cloudflare, in a real Caddy", siteBehindCloudflare, missing);
onMachines("certificates of sites, from an ACME authority", certificatesOfSites, missing);

function siteBehindCloudflare(): void {
  const docker = new Docker({ socketPath: engineSocket });
  const topology = proxiedTopology({}, { images: { overrides: {} } });
  let site: ProxiedSite;
  let certificate: string;
  let stranger: Visitor;
  let cloudflare: Visitor;
  const trusting = ["--cacert", certificateFile];
  const asked = async (from: Visitor, url: string, ...headers: string[]): Promise<Asked> =>
    JSON.parse(await from([...trusting, ...headers.flatMap((header) => ["-H", header]), url])) as Asked;
  /** Status and headers of an answer. */
  const headersOf = async (url: string): Promise<string> =>
    (await stranger([...trusting, "-o", "/dev/null", "-D", "-", url])).toLowerCase();

  beforeAll(async () => {
    // As Cloudflare's origin authority would give: nobody else trusts it.
    const made = selfSigned(names);
    certificate = made.certificate;
    writeFileSync(certificateFile, certificate);
    site = await ProxiedSite.start({
      docker,
      topology,
      name: "proxy",
      prefix: "10.77.226",
      secrets: { [originSecrets.key]: made.key, [originSecrets.certificate]: certificate },
    });
    stranger = site.visitor("stranger", visitorsAddress);
    cloudflare = site.visitor("cloudflare", cloudflaresAddress);
  });
  afterAll(async () => {
    await site.end();
    rmSync(folder, { recursive: true });
  });

  it.each([
    ["chat.example.org", "chat"],
    ["meet.example.org", "meet"],
  ])("has a route for %s, with the origin's certificate", async (host, name) => {
    expect(await asked(stranger, `https://${host}/some/path?with=query`)).toMatchObject({
      site: name,
      path: "/some/path?with=query",
    });
    // Nobody but who trusts the origin's authority gets through.
    await expect(stranger([`https://${host}/`])).rejects.toThrow("self-signed certificate");
  });

  it("answers for no other name", async () => {
    const [route] = topology.routes;
    const other = ["--resolve", `www.example.org:443:${site.address}`, "-k", "https://www.example.org/"];
    expect(route?.host).toBe("chat.example.org");
    await expect(stranger(other)).rejects.toThrow(/curl: \(35\)/);
  });

  it.each(names)("sends HTTP to HTTPS: %s", async (host) => {
    const answer = await stranger([
      "-o",
      "/dev/null",
      "-w",
      "%{http_code} %{redirect_url}",
      `http://${host}/a?b=c`,
    ]);
    expect(answer).toBe(`308 https://${host}/a?b=c`);
  });

  it.each(names)(
    "tells %s a visitor's real address, which nobody outside Cloudflare can forge",
    async (host) => {
      const url = `https://${host}/`;
      const forged = [`CF-Connecting-IP: ${person}`, `X-Forwarded-For: ${person}`, `X-Real-IP: ${person}`];
      for (const headers of [[], ...forged.map((header) => [header]), forged]) {
        const { headers: seen } = await asked(stranger, url, ...headers);
        expect([seen["x-forwarded-for"], seen["x-real-ip"], seen["cf-connecting-ip"]]).toEqual([
          visitorsAddress,
          visitorsAddress,
          undefined,
        ]);
      }
      const { headers: seen } = await asked(
        cloudflare,
        url,
        `CF-Connecting-IP: ${person}`,
        "X-Forwarded-For: 192.0.2.66, 192.0.2.67",
      );
      expect([seen["x-forwarded-for"], seen["x-real-ip"], seen["cf-connecting-ip"]]).toEqual([
        person,
        person,
        undefined,
      ]);
      // Cloudflare always says it; without its word, its own address is better than a forged one.
      expect((await asked(cloudflare, url, "X-Forwarded-For: 192.0.2.66")).headers["x-forwarded-for"]).toBe(
        cloudflaresAddress,
      );
    },
  );

  it("lets uploads through up to the limit, and no larger ones", async () => {
    const upload = (megabytes: number): Promise<string> => {
      const file = join(folder, "upload");
      writeFileSync(file, Buffer.alloc(megabytes * 1024 * 1024));
      return stranger([
        ...[...trusting, "--http1.1", "--data-binary", `@${file}`, "-o", join(folder, "answer")],
        ...["-w", "%{http_code}", "https://chat.example.org/api/v4/files"],
      ]);
    };
    expect(await upload(100)).toBe("200");
    expect(JSON.parse(readFileSync(join(folder, "answer"), "utf8"))).toMatchObject({
      bytes: 100 * 1024 * 1024,
    });
    // Who is still sending when the answer comes may meet a closed connection before reading it: then once more.
    const refused = async (tries: number): Promise<string> =>
      upload(101).catch((error: unknown) => {
        if (tries === 0 || !/curl: \((55|56)\)/.test(String(error))) throw error;
        return refused(tries - 1);
      });
    expect(await refused(4)).toBe("413");
  });

  it("keeps crawlers out by robots.txt, without asking the service", async () => {
    for (const host of names) {
      expect(await stranger([...trusting, `https://${host}/robots.txt`])).toBe(
        "User-agent: *\nDisallow: /\n",
      );
      expect(await headersOf(`https://${host}/`)).toContain("x-robots-tag: noindex, nofollow\r\n");
    }
    expect(await headersOf("https://chat.example.org/robots.txt")).toMatch(
      /^http\/2 200[^]*content-type: text\/plain/,
    );
  });

  it("says how browsers must treat the sites, and not by what it is served", async () => {
    for (const host of names) {
      const headers = await headersOf(`https://${host}/`);
      expect(headers).toContain(`strict-transport-security: max-age=${30 * 24 * 60 * 60}\r\n`);
      expect(headers).not.toMatch(/includesubdomains|preload/);
      expect(headers).toContain("x-content-type-options: nosniff\r\n");
      expect(headers).toContain("referrer-policy: strict-origin-when-cross-origin\r\n");
      expect(headers).not.toMatch(/^server:/m);
    }
    expect(await headersOf("https://meet.example.org/")).toContain(
      "content-security-policy: frame-ancestors 'self' https://chat.example.org\r\n",
    );
    // Chat itself says who may frame it.
    expect(await headersOf("https://chat.example.org/")).not.toContain("content-security-policy");
  });

  it("carries websockets, which stay open through a change of the configuration", async () => {
    const socket = await openSocket(site, "chat.example.org", certificate);
    expect(JSON.parse(socket.message)).toMatchObject({ site: "chat", path: "/api/v4/websocket" });
    const changed = proxiedTopology({ hstsDays: 1 }, { web: { crawlers: "in" } });
    expect(await site.reload(changed)).not.toMatch(/error/i);
    expect(await headersOf("https://chat.example.org/")).toContain(
      "strict-transport-security: max-age=86400\r\n",
    );
    expect(await headersOf("https://chat.example.org/")).not.toContain("x-robots-tag");
    expect(await socket.echoes("still there")).toBe(true);
    socket.close();
  });
}
