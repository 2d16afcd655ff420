/** A stack with a played machine, at a double of DigitalOcean's API, for the real engine. */
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DigitalOceanApi } from "../../helpers/digitalocean/api";
import type { Droplet } from "../../helpers/digitalocean/types";
import { hosts } from "../../helpers/hosts";
import { EngineStack } from "../engineStack";
import { missingEngine } from "../parts";

export const missing = missingEngine(["command", "digitalocean", "docker", "random", "tls"]);

export class PlayedStack extends EngineStack {
  readonly sshKey = newKey();

  private constructor(readonly api: DigitalOceanApi) {
    super(__dirname, "cloud");
    writeFileSync(this.engine, "{}");
  }

  /** An empty stack, and an account of its own. */
  static async start(): Promise<PlayedStack> {
    const cloud = new PlayedStack(await DigitalOceanApi.start({ looks: 0 }));
    await cloud.init({ digitaloceanToken: cloud.api.token, sshKey: cloud.sshKey });
    return cloud;
  }

  async end(): Promise<void> {
    await this.api.stop();
    this.remove();
  }

  /** The one droplet of the account. */
  get droplet(): Droplet {
    const [only, ...more] = [...this.api.account.droplets.values()];
    if (only === undefined || more.length > 0) throw new Error("not one droplet");
    return only;
  }

  private get engine(): string {
    return join(this.files, "engine.json");
  }

  protected override settings(change: Record<string, unknown>): Record<string, unknown> {
    return {
      domain: "example.org",
      edge: { provider: "none", email: "ops@example.org" },
      host: { ...hosts.digitalocean.host, backups: false, ...change },
    };
  }

  protected override env(): Record<string, string> {
    return {
      DIGITALOCEAN_API_URL: this.api.url,
      // A call that fails is tried again by the next up, not by the provider.
      DIGITALOCEAN_HTTP_RETRY_MAX: "0",
      MUSTER_TEST_ENGINE: this.engine,
    };
  }
}

export const newKey = (): string =>
  generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string;
