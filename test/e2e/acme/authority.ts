/** An ACME authority of the tests' own: Pebble, which Let's Encrypt has for that. It forgets everything when it stops. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SelfSigned, selfSigned } from "../../helpers/selfSigned";
import { Daemon, type Place } from "../daemon";
import { programOfModule } from "../images/goModule";

const version = "2.10.1";

/** Its program. */
export const pebbleProgram = (): Promise<string> =>
  programOfModule({
    name: "pebble",
    module: "github.com/letsencrypt/pebble/v2",
    version,
    folder: "cmd/pebble",
  });

export interface AuthorityOptions {
  /** Where it listens: an address that containers reach. */
  readonly place: Place;
  readonly port: number;
  /** Where it tells its root. */
  readonly managementPort: number;
  /** `host:port` of the name server that it asks. */
  readonly nameServer: string;
  /** Port at which it looks for HTTP-01; the world's is 80. */
  readonly httpPort?: number;
  /** Port at which it looks for TLS-ALPN-01; the world's is 443. */
  readonly tlsPort?: number;
  /** How long its certificates hold. Default: 90 days. */
  readonly lifeSeconds?: number;
  /** What its own address is certified by. Default: made at its start. */
  readonly own?: SelfSigned;
}

export class Authority {
  /** Address of its ACME directory. */
  readonly directory: string;

  private constructor(
    private readonly options: AuthorityOptions,
    private readonly folder: string,
    private readonly daemon: Daemon,
    /** By what the directory's own address is trusted, in PEM. */
    readonly ownRoot: string,
  ) {
    this.directory = `https://${options.place.address}:${options.port}/dir`;
  }

  static async start(options: AuthorityOptions): Promise<Authority> {
    const program = await pebbleProgram();
    const folder = mkdtempSync(join(tmpdir(), "muster-e2e-acme-"));
    const { place, port, managementPort, nameServer, httpPort = 80, tlsPort = 443 } = options;
    const { lifeSeconds = 90 * 24 * 3600 } = options;
    const { own = selfSigned(place.address) } = options;
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text, { mode: 0o600 });
      return join(folder, name);
    };
    const pebble = {
      listenAddress: `${place.address}:${port}`,
      managementListenAddress: `${place.address}:${managementPort}`,
      certificate: file("certificate.pem", own.certificate),
      privateKey: file("key.pem", own.key),
      httpPort,
      tlsPort,
      // One alone: of several it would choose by chance.
      profiles: { default: { description: "the only one", validityPeriod: lifeSeconds } },
      retryAfter: { authz: 1, order: 1 },
      keyAlgorithm: "ecdsa",
    };
    const config = file("pebble.json", JSON.stringify({ pebble }));
    const command = [program, "-config", config, "-dnsserver", nameServer] as const;
    // Each certificate is proven anew, and without a wait.
    const env = { ...process.env, PEBBLE_AUTHZREUSE: "0", PEBBLE_VA_NOSLEEP: "1" };
    const daemon = new Daemon(place, port, command, env);
    const authority = new Authority(options, folder, daemon, own.certificate);
    try {
      await daemon.start();
    } catch (error) {
      await authority.stop();
      throw error;
    }
    return authority;
  }

  /** The root of its certificates, in PEM. */
  root(): Promise<string> {
    const { place, managementPort } = this.options;
    const url = `https://${place.address}:${managementPort}/roots/0`;
    return new Promise((resolve, reject) => {
      get(url, { ca: this.ownRoot }, (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
        response.on("end", () => resolve(body));
      }).on("error", reject);
    });
  }

  /** How many certificates it has issued. */
  get issued(): number {
    return this.daemon.log.split("Issued certificate serial").length - 1;
  }

  /** Lets it stand still: it takes questions, and answers them once it is thawed. */
  freeze(): void {
    this.daemon.freeze();
  }

  thaw(): void {
    this.daemon.thaw();
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
