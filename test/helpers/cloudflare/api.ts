/**
 * A double of Cloudflare's API, in memory and on loopback, that the real provider plugin drives: its endpoints, its
 * answers and errors, and its rules where a mistake of ours would show; where it is stricter than the real one, it
 * says so. What it knows of the real one is from the provider's source, the documentation and what others were
 * answered; it was never compared with the real one.
 */
import type { IncomingMessage } from "node:http";
import type { ZonePlan } from "../../../stacks/settings/edge";
import { cloudflareNetworks } from "../../../stacks/topology/cloudflareNetworks";
import { ApiDouble, type Refusal } from "../apiDouble";
import { Account, ownerScopes } from "./account";
import { certificateRoutes } from "./certificates";
import { recordRoutes } from "./records";
import { rulesetRoutes } from "./rulesets";
import { ApiError, type Scope, type Zone } from "./types";
import { openRoutes, refuseToken, zoneRoutes } from "./zones";

export interface Options {
  /** Name of the first zone. */
  readonly zone?: string;
  readonly plan?: ZonePlan;
  readonly scopes?: readonly Scope[];
}

export class CloudflareApi extends ApiDouble {
  readonly account: Account;
  readonly zone: Zone;
  /** The token that it takes. */
  readonly token = "c".repeat(40);

  private constructor({ zone = "example.org", plan = "free", scopes = ownerScopes }: Options) {
    super();
    this.account = new Account(scopes, cloudflareNetworks);
    this.zone = this.account.addZone(zone, plan);
    for (const routesOf of [zoneRoutes, recordRoutes, rulesetRoutes, certificateRoutes, openRoutes])
      this.add(routesOf(this.account));
  }

  static start(options: Options = {}): Promise<CloudflareApi> {
    return new CloudflareApi(options).listen();
  }

  /** For `CLOUDFLARE_BASE_URL`. */
  get url(): string {
    return `${this.origin}/client/v4`;
  }

  protected override authorize(request: IncomingMessage): void {
    if (request.url?.startsWith("/client/v4/ips") === true) return;
    refuseToken(this.account, request.headers.authorization, this.token);
  }

  protected override refusal(status: number, message: string): Refusal {
    return status === 404
      ? new ApiError(
          400,
          7003,
          `Could not route to the path, perhaps your object identifier is invalid? ${message}`,
        )
      : new ApiError(status, status === 429 ? 971 : 10_013, message);
  }
}
