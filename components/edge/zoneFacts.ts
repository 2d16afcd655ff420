/** What is in a zone, as far as a stack would meet it. */
import { z } from "zod";
import type { RulesetPhase, ZonePlanned } from "../../stacks/topology/edge/types";
import type { Asked, Permission, ZoneApi } from "./zoneApi";

const zoneSchema = z.object({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  paused: z.boolean().default(false),
  name_servers: z.array(z.string()).nullish(),
  /** What the token may do, where the API still says so. */
  permissions: z.array(z.string()).nullish(),
  plan: z.object({ legacy_id: z.string().optional() }).optional(),
});
export type Zone = z.output<typeof zoneSchema>;

const recordSchema = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  content: z.string().default(""),
  proxied: z.boolean().default(false),
  comment: z.string().nullish(),
});
export type ZoneRecord = z.output<typeof recordSchema>;

const rulesetSchema = z.object({
  id: z.string(),
  phase: z.string(),
  description: z.string().default(""),
  rules: z
    .array(z.object({ description: z.string().default(""), expression: z.string().default("") }))
    .default([]),
});
export type ZoneRuleset = z.output<typeof rulesetSchema>;

const botsSchema = z.object({
  fight_mode: z.boolean().optional(),
  sbfm_definitely_automated: z.string().optional(),
  sbfm_likely_automated: z.string().optional(),
});
export type Bots = z.output<typeof botsSchema>;

/** What the token may not ask is left out, and its permission is among `denied`. */
export interface ZoneFacts {
  zone: Zone;
  records: readonly ZoneRecord[];
  /** Of the phases that the stack has rules for. */
  rulesets: readonly ZoneRuleset[];
  /** Mode of the encryption to the machines. */
  ssl: string | undefined;
  bots: Bots | undefined;
  /** Cloudflare's own IPv4 networks. */
  networks: readonly string[];
  denied: ReadonlySet<Permission>;
}

/** The zone of a name; of several, the active one. `seen` are those that the token knows, where it isn't among them. */
export async function findZone(
  api: ZoneApi,
  name: string,
): Promise<{ zone: Zone } | { seen: readonly string[] } | "denied"> {
  const asked = await api.list(`zones?name=${encodeURIComponent(name)}`, 50, zoneSchema);
  if (asked === "denied") return "denied";
  const found = asked === "absent" ? [] : asked.result;
  const zone = found.find(({ status }) => status === "active") ?? found[0];
  if (zone !== undefined) return { zone };
  const all = await api.list("zones", 50, zoneSchema);
  return { seen: typeof all === "string" ? [] : all.result.map((one) => one.name).sort() };
}

/** Which permission the rules of a phase need. */
export const permissionOf = (phase: RulesetPhase): Permission =>
  phase === "http_config_settings" ? "Config Rules" : "Zone WAF";

/** Everything at once; each answer may take its time. */
export async function readZone(
  api: ZoneApi,
  zone: Zone,
  { owner, rulesets, certified }: ZonePlanned,
): Promise<ZoneFacts> {
  const denied = new Set<Permission>();
  const allowed = <T>(permission: Permission, asked: Asked<T>): T | undefined => {
    if (asked === "denied") denied.add(permission);
    return typeof asked === "string" ? undefined : asked.result;
  };
  const base = `zones/${zone.id}`;
  const skip: Asked<never> = "absent";
  const [records, ssl, bots, certificates, networks, ...entryPoints] = await Promise.all([
    api.list(`${base}/dns_records`, 1000, recordSchema),
    owner ? api.get(`${base}/settings/ssl`, z.object({ value: z.string() })) : skip,
    owner ? api.get(`${base}/bot_management`, botsSchema) : skip,
    certified.length > 0 ? api.get(`certificates?zone_id=${zone.id}`, z.array(z.unknown())) : skip,
    api.get("ips", z.object({ ipv4_cidrs: z.array(z.string()) })),
    ...rulesets.map(async ({ phase }) => ({
      phase,
      asked: await api.get(`${base}/rulesets/phases/${phase}/entrypoint`, rulesetSchema),
    })),
  ]);
  allowed("SSL and Certificates", certificates);
  return {
    zone,
    records: allowed("DNS", records) ?? [],
    rulesets: entryPoints.flatMap(({ phase, asked }) => allowed(permissionOf(phase), asked) ?? []),
    ssl: allowed("Zone Settings", ssl)?.value,
    bots: allowed("Bot Management", bots),
    networks: typeof networks === "string" ? [] : networks.result.ipv4_cidrs,
    denied,
  };
}
