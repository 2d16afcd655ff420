/** A stack whose relay speaks TLS, with an authority and DNS of the tests' own. */
import { setTimeout as pause } from "node:timers/promises";
import { type ServedCertificate, servedCertificate, turnCredentials, type TurnServer } from "../../../probe";
import { Authority } from "../acme/authority";
import { DnsApi } from "../acme/dnsApi";
import { NameServer } from "../acme/nameServer";
import { MediaStack } from "../media/stack";
import { suites } from "../suites";

/** Ports of what stands beside the stack. */
const ports = { names: 18_541, dnsApi: 18_542, authority: 18_543, management: 18_544 };

/** A certificate of two and a half minutes is renewed after 100 seconds. */
export const lifeSeconds = 150;

export class CertificateStage extends MediaStack {
  readonly name = `media.${this.domain}`;
  private parts: { names: NameServer; dns: DnsApi; authority: Authority } | undefined;

  constructor() {
    super(suites.certificates, "muster.test");
  }

  async begin(): Promise<void> {
    const place = { address: this.address };
    const names = await NameServer.open(place.address, ports.names);
    const dns = await DnsApi.open(names, ports.dnsApi);
    const authority = await Authority.start({
      place,
      port: ports.authority,
      managementPort: ports.management,
      nameServer: names.at,
      lifeSeconds,
    });
    this.parts = { names, dns, authority };
    const variables = { HTTPREQ_ENDPOINT: dns.endpoint };
    await this.open({
      meetings: "off",
      chat: {},
      turn: "tls",
      edge: {
        provider: "none",
        tls: "internal",
        email: "ops@muster.test",
        authority: { directory: authority.directory, root: authority.ownRoot },
        dns: { provider: "httpreq", variables, resolvers: [names.at], check: "none" },
      },
    });
  }

  get dns(): DnsApi {
    return this.need().dns;
  }

  get authority(): Authority {
    return this.need().authority;
  }

  private need(): { names: NameServer; dns: DnsApi; authority: Authority } {
    if (this.parts === undefined) throw new Error("not begun");
    return this.parts;
  }

  /** The relay over TLS, with credentials of now, trusted by the authority's root. */
  async secureTurn(user: string): Promise<TurnServer> {
    return {
      ...this.turn(user),
      ...{ host: this.name, port: suites.certificates.media.turnTlsPort, transport: "tls" },
      trust: { ca: await this.authority.root() },
    };
  }

  /** The relay without TLS, while an up runs: its secret is in no state yet. */
  async plainTurn(user: string): Promise<TurnServer> {
    const file = await this.runIn("coturn", ["cat", "/muster/turnserver.conf"]);
    const secret = /^static-auth-secret=(.*)$/m.exec(file)?.[1] ?? "";
    const { turnPort } = suites.certificates.media;
    return { host: this.address, port: turnPort, transport: "tcp", ...turnCredentials(secret, { user }) };
  }

  /** What the TLS port shows, checked as a client does; the reason where it shows nothing good. */
  async served(): Promise<ServedCertificate | string> {
    const answer = await servedCertificate({
      ...{ host: this.address, name: this.name, port: suites.certificates.media.turnTlsPort },
      ca: await this.authority.root(),
    });
    return answer.ok ? answer : answer.reason;
  }

  /** Whether the served certificate is good for so many seconds more. */
  async holdsFor(seconds: number): Promise<boolean> {
    const served = await this.served();
    return typeof served !== "string" && served.until.getTime() - Date.now() > seconds * 1000;
  }

  async serial(): Promise<string> {
    const served = await this.served();
    return typeof served === "string" ? served : served.serial;
  }

  /** What a container's health check has said last, and how it is. */
  async health(service: string): Promise<{ status: string; said: string }> {
    const { State } = await this.stack.docker.getContainer(this.container(service)).inspect();
    const { Status = "", Log = [] } = State.Health ?? {};
    return { status: Status, said: Log.at(-1)?.Output ?? "" };
  }

  async startedAt(service: string): Promise<string> {
    return (await this.stack.docker.getContainer(this.container(service)).inspect()).State.StartedAt;
  }

  async end(): Promise<void> {
    await this.remove();
    this.parts?.dns.close();
    this.parts?.names.close();
    await this.parts?.authority.stop();
  }
}

/** Waits until something holds. @throws Error saying what didn't, after so many seconds. */
export async function until(
  what: string,
  seconds: number,
  holds: () => Promise<boolean>,
  pauseMilliseconds = 1000,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  // A container that isn't there yet is a "not yet" as well.
  while (!(await holds().catch(() => false))) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await pause(pauseMilliseconds);
  }
}
