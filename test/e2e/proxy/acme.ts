/** Caddy gets its certificates from an authority of the tests' own, by ACME over HTTP. The steps are in order. */
import { setTimeout as pause } from "node:timers/promises";
import Docker from "dockerode";
import { type ServedCertificate, servedCertificate } from "../../../probe/net/certificate";
import type { Topology } from "../../../stacks/topology";
import { selfSigned } from "../../helpers/selfSigned";
import { localTopology } from "../../helpers/stacks";
import { Authority } from "../acme/authority";
import { NameServer } from "../acme/nameServer";
import { engineSocket } from "../parts";
import { openSocket } from "./socket";
import { ProxiedSite } from "./site";

const prefix = "10.77.225";
const gateway = `${prefix}.1`;
const [port, managementPort, namePort] = [14_000, 15_000, 15_053];
const hosts = ["chat.example.org", "meet.example.org"] as const;
/** The authority may ask for a renewal at any time of a certificate's life: of this one not while the tests run. */
const longLifeSeconds = 60 * 24 * 3600;
/** Shorter than the time between two looks for renewals, so that each is due at once. */
const shortLifeSeconds = 300;
/** Caddy asks again a minute after a failure. */
const retrySeconds = 80;

/** A stack that is open to the world, whose authority is ours. */
const stackFor = (root: string, change: Record<string, unknown> = {}): Topology =>
  localTopology({
    domain: "example.org",
    meetings: "jitsi",
    edge: {
      provider: "none",
      email: "ops@example.org",
      authority: { directory: `https://${gateway}:${port}/dir`, root },
    },
    ...change,
  });

export function certificatesOfSites(): void {
  /** By what the authority's own address is trusted: known before the authority is there. */
  const own = selfSigned(gateway);
  let site: ProxiedSite;
  let names: NameServer;
  let authority: Authority | undefined;
  let root: string;
  let first: ServedCertificate;

  const served = async (name: string): Promise<ServedCertificate> => {
    const answer = await servedCertificate({ host: site.address, port: 443, name, ca: root });
    if (!answer.ok) throw new Error(`${name}: ${answer.reason}`);
    return answer;
  };
  /** What it is once it is that way. */
  const within = async <T>(seconds: number, ask: () => Promise<T>): Promise<T> => {
    const end = Date.now() + seconds * 1000;
    for (;;)
      try {
        return await ask();
      } catch (error) {
        if (Date.now() > end) throw new Error(await site.logs(), { cause: error });
        await pause(500);
      }
  };

  const startAuthority = async (lifeSeconds: number): Promise<Authority> => {
    authority = await Authority.start({
      place: { address: gateway },
      ...{ port, managementPort, nameServer: names.at, lifeSeconds, own },
    });
    root = await authority.root();
    return authority;
  };

  beforeAll(async () => {
    site = await ProxiedSite.start({
      docker: new Docker({ socketPath: engineSocket }),
      topology: stackFor(own.certificate),
      name: "acme",
      prefix,
    });
    names = await NameServer.open(gateway, namePort, (name) =>
      (hosts as readonly string[]).includes(name) ? site.address : undefined,
    );
  });
  afterAll(async () => {
    await authority?.stop();
    names.close();
    await site.end();
  });

  it("are none while the authority is away, and HTTP goes on", async () => {
    const early = await servedCertificate({ host: site.address, port: 443, name: hosts[0] });
    expect(early.ok).toBe(false);
    const visitor = site.visitor("early", "203.0.113.78");
    const answer = await visitor(["-o", "/dev/null", "-w", "%{http_code}", `http://${hosts[0]}/`]);
    expect(answer).toBe("308");
  });

  it("come by themselves once it is back, for each site, and who trusts the authority gets in", async () => {
    const { issued } = await startAuthority(longLifeSeconds);
    expect(issued).toBe(0);
    for (const host of hosts) expect((await within(retrySeconds, () => served(host))).names).toEqual([host]);
    first = await served(hosts[0]);
    expect(authority?.issued).toBe(2);
    const { message, close } = await openSocket(site, hosts[0], root);
    expect(message).toContain('"site":"chat"');
    close();
  });

  it("aren't asked for again by a restart", async () => {
    await site.restart();
    expect((await within(10, () => served(hosts[0]))).serial).toBe(first.serial);
    expect(authority?.issued).toBe(2);
  });

  it("are renewed in time, and a websocket stays open through it", async () => {
    await authority?.stop();
    const brief = await startAuthority(shortLifeSeconds);
    await site.run(["rm", "-r", "/data/caddy/certificates", "/data/caddy/acme"]);
    await site.restart();
    first = await within(retrySeconds, () => served(hosts[0]));
    // Caddy looks every ten minutes, and when it starts: this certificate ends before it would look again.
    brief.freeze();
    await site.restart();
    const socket = await openSocket(site, hosts[0], root);
    try {
      expect((await served(hosts[0])).serial).toBe(first.serial);
      brief.thaw();
      const renewed = await within(retrySeconds, async () => {
        const now = await served(hosts[0]);
        if (now.serial === first.serial) throw new Error("the same certificate");
        return now;
      });
      expect(renewed.until.getTime()).toBeGreaterThan(first.until.getTime());
      expect(await socket.echoes("still there")).toBe(true);
    } finally {
      brief.thaw();
      socket.close();
    }
  });
}
