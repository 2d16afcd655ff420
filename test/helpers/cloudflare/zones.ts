/** Zones with their settings and bots, the token, and Cloudflare's own networks. */
import { z } from "zod";
import { newId, now, page, parse, type Account } from "./account";
import { ApiError, invalid, type Routes, success, type Zone } from "./types";

const onOff = z.enum(["on", "off"]);

/** Values that settings take; what isn't here, the double doesn't know. */
const settingSchemas: Readonly<Partial<Record<string, z.ZodType>>> = {
  ssl: z.enum(["off", "flexible", "full", "strict"]),
  min_tls_version: z.enum(["1.0", "1.1", "1.2", "1.3"]),
  tls_1_3: z.enum(["on", "off", "zrt"]),
  websockets: onOff,
  always_use_https: onOff,
  automatic_https_rewrites: onOff,
  security_level: z.enum(["off", "essentially_off", "low", "medium", "high", "under_attack"]),
  browser_check: onOff,
  http3: onOff,
  "0rtt": onOff,
  tls_client_auth: onOff,
  security_header: z.strictObject({
    strict_transport_security: z.strictObject({
      enabled: z.boolean().optional(),
      max_age: z.int().min(0).max(31_536_000).optional(),
      include_subdomains: z.boolean().optional(),
      preload: z.boolean().optional(),
      nosniff: z.boolean().optional(),
    }),
  }),
};

export const zoneRoutes = (account: Account): Routes => ({
  "GET /client/v4/zones": account.with("Zone", "Read", ({ query }) => {
    const name = query.get("name");
    const found = [...account.zones.values()].filter((zone) => name === null || zone.name === name);
    return page(
      found.map((zone) => zoneBody(account, zone)),
      query,
      20,
      50,
    );
  }),
  "GET /client/v4/zones/:zone": account.inZone("Zone", "Read", (zone) => success(zoneBody(account, zone))),
  "GET /client/v4/zones/:zone/settings/:setting": account.inZone(
    "Zone Settings",
    "Read",
    (zone, { params: [, id] }) => success(settingBody(zone, id)),
  ),
  "PATCH /client/v4/zones/:zone/settings/:setting": account.inZone(
    "Zone Settings",
    "Edit",
    (zone, { params: [, id = ""], body, tell }) => {
      settingBody(zone, id);
      const { value } = parse(z.object({ value: settingSchemas[id] ?? z.never() }), body, 1007);
      zone.settings.set(id, value);
      tell(`set ${id}`);
      return success(settingBody(zone, id));
    },
  ),
  "GET /client/v4/zones/:zone/bot_management": account.inZone("Bot Management", "Read", (zone) =>
    success(zone.bots),
  ),
});

/** What needs no scope. */
export const openRoutes = (account: Account): Routes => ({
  "GET /client/v4/ips": () =>
    success({ ipv4_cidrs: account.networks, ipv6_cidrs: ["2400:cb00::/32"], etag: newId() }),
  "GET /client/v4/user/tokens/verify": () => success({ id: newId(), status: "active" }),
});

function zoneBody(account: Account, zone: Zone): Record<string, unknown> {
  const names = { free: "Free Website", pro: "Pro Website", business: "Business", enterprise: "Enterprise" };
  return {
    ...{ id: zone.id, name: zone.name, status: zone.status, paused: zone.paused, type: "full" },
    name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
    original_name_servers: ["ns1.registrar.example"],
    account: { id: account.id, name: "Example" },
    permissions: account.permissions(),
    plan: { id: newId(), name: names[zone.plan], legacy_id: zone.plan },
  };
}

function settingBody({ settings }: Zone, id = ""): Record<string, unknown> {
  if (settingSchemas[id] === undefined) throw invalid(1003, `Undefined zone setting: ${id}`);
  return { id, value: settings.get(id), editable: true, modified_on: now() };
}

/** Who may not ask at all. */
export function refuseToken(account: Account, authorization: string | undefined, token: string): void {
  const given = /^Bearer ([\w-]{40,80})$/.exec(authorization ?? "")?.[1];
  if (given === undefined)
    throw invalid(6003, "Invalid request headers", {
      error_chain: [{ code: 6111, message: "Invalid format for Authorization header" }],
    });
  if (given !== token || account.refused === "expired") throw new ApiError(403, 9109, "Invalid access token");
  if (account.refused === "other address")
    throw new ApiError(403, 9109, "Cannot use the access token from location: 127.0.0.1");
}
