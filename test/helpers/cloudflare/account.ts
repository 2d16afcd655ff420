/** One account: its zones, its certificates, and what its one token may do. */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { ZonePlan } from "../../../stacks/settings/edge";
import {
  ApiError,
  type Answer,
  type Call,
  type Certificate,
  type Handler,
  invalid,
  type Permission,
  type Scope,
  success,
  type Zone,
} from "./types";

/** All that Muster documents, for a stack that holds its zone's rules. */
export const ownerScopes: readonly Scope[] = [
  "Zone Read",
  "DNS Edit",
  "Zone Settings Edit",
  "Zone WAF Edit",
  "Config Rules Edit",
  "SSL and Certificates Edit",
  "Bot Management Read",
];

/** What a new zone starts with, as far as the double knows it. */
const settings: Readonly<Record<string, unknown>> = {
  ssl: "full",
  min_tls_version: "1.0",
  tls_1_3: "on",
  websockets: "on",
  always_use_https: "off",
  automatic_https_rewrites: "on",
  security_level: "medium",
  browser_check: "on",
  http3: "on",
  "0rtt": "off",
  tls_client_auth: "off",
  security_header: { strict_transport_security: { enabled: false } },
};

/** The names that the zone's own list of permissions has, where it has one. */
const listed: Partial<Record<Permission, string>> = {
  Zone: "zone",
  DNS: "dns_records",
  "Zone Settings": "zone_settings",
  "Zone WAF": "waf",
  "SSL and Certificates": "ssl",
};

export class Account {
  readonly id = newId();
  readonly zones = new Map<string, Zone>();
  readonly certificates = new Map<string, Certificate>();
  /** May be changed at any time, as in the dashboard. */
  scopes: Set<Scope>;
  /** Why the token isn't taken, where it isn't. */
  refused: "expired" | "other address" | undefined;
  networks: readonly string[];

  constructor(scopes: readonly Scope[], networks: readonly string[]) {
    this.scopes = new Set(scopes);
    this.networks = networks;
  }

  addZone(name: string, plan: ZonePlan = "free"): Zone {
    const zone: Zone = {
      ...{ id: newId(), name, status: "active", paused: false, plan },
      settings: new Map(Object.entries(structuredClone(settings))),
      records: new Map(),
      rulesets: new Map(),
      bots:
        plan === "free"
          ? { fight_mode: false, enable_js: false }
          : { sbfm_definitely_automated: "allow", sbfm_verified_bots: "allow", enable_js: false },
    };
    this.zones.set(zone.id, zone);
    return zone;
  }

  has(permission: Permission, level: "Read" | "Edit"): boolean {
    return (
      this.scopes.has(`${permission} Edit`) || (level === "Read" && this.scopes.has(`${permission} Read`))
    );
  }

  /** A handler for those who have the scope. */
  with(permission: Permission, level: "Read" | "Edit", handler: Handler): Handler {
    return (call) => {
      this.need(permission, level);
      return handler(call);
    };
  }

  /** The same for what is in a zone. */
  inZone(
    permission: Permission,
    level: "Read" | "Edit",
    handler: (zone: Zone, call: Call) => Answer | Promise<Answer>,
  ): Handler {
    return this.with(permission, level, (call) => handler(this.zone(call.params[0]), call));
  }

  need(permission: Permission, level: "Read" | "Edit"): void {
    if (this.has(permission, level)) return;
    // The parts of the API say it in words of their own.
    if (permission === "Zone")
      throw new ApiError(
        403,
        0,
        "Actor 'com.cloudflare.api.token.x' requires permission 'com.cloudflare.api.account.zone.list' to list zones",
      );
    if (permission === "Zone Settings")
      throw new ApiError(403, 9109, "Unauthorized to access requested resource");
    if (permission === "Config Rules") throw new ApiError(403, undefined, "request is not authorized");
    throw new ApiError(403, 10_000, "Authentication error");
  }

  zone(id: string | undefined): Zone {
    const zone = this.zones.get(id ?? "");
    if (zone === undefined) throw new ApiError(403, 9109, "Invalid zone identifier");
    return zone;
  }

  /** The permissions that a zone lists for the token that asks. */
  permissions(): string[] {
    return Object.entries(listed).flatMap(([permission, name]) =>
      (["Edit", "Read"] as const)
        .filter((level) => this.has(permission as Permission, level))
        .map((level) => `#${name}:${level.toLowerCase()}`),
    );
  }
}

export const newId = (): string => randomBytes(16).toString("hex");
export const now = (): string => new Date().toISOString();

/** The body as the API takes it; what is wrong it refuses. */
export function parse<T extends z.ZodType>(schema: T, body: unknown, code = 1004): z.infer<T> {
  const result = schema.safeParse(body);
  if (!result.success) throw invalid(code, z.prettifyError(result.error));
  return result.data;
}

/** One page of a list, as `page` and `per_page` ask for it. */
export function page(
  items: readonly unknown[],
  query: URLSearchParams,
  usual: number,
  most: number,
): ReturnType<typeof success> {
  const perPage = Number(query.get("per_page") ?? usual);
  const number = Number(query.get("page") ?? 1);
  if (!(perPage >= 5 && perPage <= most)) throw invalid(1006, `per_page must be between 5 and ${most}`);
  const shown = items.slice((number - 1) * perPage, number * perPage);
  const counts = { page: number, per_page: perPage, count: shown.length, total_count: items.length };
  return {
    body: {
      ...success(shown).body,
      result_info: { ...counts, total_pages: Math.ceil(items.length / perPage) },
    },
  };
}
