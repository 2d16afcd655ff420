/** A stack before a double of Cloudflare's API, for the real engine: its part of a zone, and nothing else of it. */
import type { CloudflareApi } from "../../helpers/cloudflare/api";
import { hosts } from "../../helpers/hosts";
import { EngineStack } from "../engineStack";

export class ZoneStack extends EngineStack {
  private constructor(
    readonly api: CloudflareApi,
    name: string,
    private readonly always: Record<string, unknown>,
  ) {
    super(__dirname, name);
  }

  /** An empty stack. @param always settings that it has unless a test says otherwise. */
  static async start(
    api: CloudflareApi,
    name = "zone",
    always: Record<string, unknown> = {},
  ): Promise<ZoneStack> {
    const stack = new ZoneStack(api, name, always);
    await stack.init({ cloudflareToken: api.token });
    return stack;
  }

  end(): void {
    this.remove();
  }

  protected override settings(change: Record<string, unknown>): Record<string, unknown> {
    const { edge = {}, ...more } = { ...this.always, ...change };
    return {
      domain: "example.org",
      host: hosts.digitalocean.host,
      edge: { provider: "cloudflare", zone: "example.org", ...(edge as Record<string, unknown>) },
      ...more,
    };
  }

  protected override env(): Record<string, string> {
    // For `pulumi import`, which knows no provider of the stack's.
    return { CLOUDFLARE_BASE_URL: this.api.url, CLOUDFLARE_API_TOKEN: this.api.token };
  }
}
