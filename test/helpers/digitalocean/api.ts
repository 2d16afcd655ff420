/**
 * A double of DigitalOcean's API, in memory and on loopback, that the real provider plugin drives: its endpoints, its
 * answers and errors, and its rules where a mistake of ours would show. What it knows of the real one is from the
 * provider's source and issues; it was never compared with the real one.
 */
import type { IncomingMessage } from "node:http";
import { ApiDouble, type Refusal } from "../apiDouble";
import { Account } from "./account";
import { catalogueRoutes } from "./catalogue";
import { dropletRoutes } from "./droplets";
import { firewallRoutes, vpcRoutes } from "./network";
import { keyRoutes, projectRoutes, tagRoutes } from "./organisation";
import { addressRoutes, volumeRoutes } from "./storage";
import { ApiError, type Droplet, type Machines } from "./types";

export interface Options {
  /** The token that it takes. */
  readonly token?: string;
  /** How many looks find an action unfinished; each costs the provider three seconds. */
  readonly looks?: number;
  readonly machines?: Machines;
  /** Scopes that the token lacks, such as `firewall:read`. */
  readonly without?: readonly string[];
}

/** Scopes by the beginnings of paths, the longer ones first. */
const scopes: readonly [string, string][] = [
  ["account/keys", "ssh_key"],
  ["account", "account"],
  ["regions", "regions"],
  ["images", "image"],
  ["droplets", "droplet"],
  ["volumes", "block_storage"],
  ["reserved_ips", "reserved_ip"],
  ["firewalls", "firewall"],
  ["projects", "project"],
  ["tags", "tag"],
];

export class DigitalOceanApi extends ApiDouble {
  readonly account: Account;
  readonly token: string;
  private readonly without: readonly string[];

  private constructor({
    token = `dop_v1_${"5".repeat(64)}`,
    looks = 1,
    machines = {},
    without = [],
  }: Options) {
    super();
    this.token = token;
    this.without = without;
    this.account = new Account(looks, machines);
    for (const routesOf of [
      ...[dropletRoutes, volumeRoutes, addressRoutes, firewallRoutes, vpcRoutes],
      ...[keyRoutes, tagRoutes, projectRoutes, catalogueRoutes],
    ])
      this.add(routesOf(this.account));
  }

  static start(options: Options = {}): Promise<DigitalOceanApi> {
    return new DigitalOceanApi(options).listen();
  }

  /** For `DIGITALOCEAN_API_URL`. */
  get url(): string {
    return this.origin;
  }

  /** The one droplet of a name. */
  droplet(name: string): Droplet | undefined {
    return [...this.account.droplets.values()].find((droplet) => droplet.name === name);
  }

  /** As if somebody deleted a droplet in the console. */
  async loseDroplet(name: string): Promise<void> {
    const droplet = this.droplet(name);
    if (droplet === undefined) throw new Error(`no droplet is named ${name}`);
    await this.account.endDroplet(droplet);
  }

  protected override authorize(request: IncomingMessage): void {
    if (request.headers.authorization !== `Bearer ${this.token}`)
      throw new ApiError(401, "unauthorized", "Unable to authenticate you");
    const path = request.url?.replace("/v2/", "") ?? "";
    const scope = scopes.find(([start]) => path.startsWith(start))?.[1] ?? "";
    if (request.method === "GET" && this.without.includes(`${scope}:read`))
      throw new ApiError(403, "forbidden", "You are not authorized to perform this operation");
  }

  protected override refusal(status: number, message: string): Refusal {
    const id = { 400: "bad_request", 404: "not_found" }[status] ?? "server_error";
    return new ApiError(status, id, message);
  }
}
