/** What a phase of a zone takes, and how much of it by the zone's plan. */
import { z } from "zod";
import { type ZonePlan, zonePlans } from "../../../stacks/settings/edge";
import { parse } from "./account";
import { parseExpression } from "./expression";
import type { RuleBody } from "./rulesets";
import { invalid, type Permission, type Zone } from "./types";

interface Phase {
  readonly permission: Permission;
  /** Most rules by the plan, the smallest first. */
  readonly most: readonly [number, number, number, number];
  readonly actions: readonly string[];
}

const blocking = ["block", "challenge", "js_challenge", "managed_challenge", "log"];

/** The phases that the double knows. */
export const phases: Readonly<Partial<Record<string, Phase>>> = {
  http_request_firewall_custom: {
    ...{ permission: "Zone WAF", most: [5, 20, 100, 1000], actions: [...blocking, "skip"] },
  },
  http_ratelimit: { permission: "Zone WAF", most: [1, 2, 5, 100], actions: blocking },
  http_request_firewall_managed: {
    ...{ permission: "Zone WAF", most: [0, 20, 100, 1000], actions: ["execute", "skip"] },
  },
  http_config_settings: { permission: "Config Rules", most: [10, 25, 50, 300], actions: ["set_config"] },
};

const rank = (plan: ZonePlan): number => zonePlans.indexOf(plan);

/** Refuses rules that the phase or the plan doesn't take, with the API's words. */
export function refuseRules(zone: Zone, name: string, rules: readonly RuleBody[]): void {
  const phase = phases[name];
  const most = phase?.most[rank(zone.plan)] ?? 0;
  if (rules.length > most)
    throw invalid(
      50_001,
      `exceeded the maximum number of rules in the phase ${name}: ${rules.length} out of ${most}`,
    );
  const refs = rules.flatMap(({ ref }) => ref ?? []);
  if (new Set(refs).size < refs.length) throw invalid(20_018, "the refs of the rules must be unique");
  for (const rule of rules) {
    if (phase?.actions.includes(rule.action) !== true)
      throw invalid(20_016, `'${rule.action}' is not a valid value for action in the phase ${name}`);
    if (rule.action === "log" && zone.plan !== "enterprise")
      throw invalid(20_120, "not entitled to use the log action");
    refuseExpression(zone.plan, name, rule.expression);
    refuseParameters(rule);
    if (name === "http_ratelimit") refuseRateLimit(zone.plan, rule);
    else if (rule.ratelimit !== undefined)
      throw invalid(20_019, `ratelimit is not allowed in the phase ${name}`);
  }
}

/** Fields that a rate limit may look at, by the smallest plan that has them. */
const rateLimitFields: Readonly<Partial<Record<string, ZonePlan>>> = {
  "http.request.uri.path": "free",
  "cf.client.bot": "free",
  "cf.bot_management.verified_bot": "free",
  "http.host": "pro",
  "http.request.uri": "pro",
  "http.request.full_uri": "pro",
  "http.request.uri.query": "pro",
  "http.request.method": "business",
  "ip.src": "business",
  "http.user_agent": "business",
};

function refuseExpression(plan: ZonePlan, phase: string, expression: string): void {
  let used;
  try {
    used = parseExpression(expression);
  } catch (error) {
    throw invalid(
      20_127,
      `'${expression}' is not a valid value for expression because ${(error as Error).message}`,
    );
  }
  if (used.operators.has("matches") && rank(plan) < rank("business"))
    throw invalid(
      20_120,
      "not entitled: the use of operator Matches is not allowed, a Business plan or a WAF Advanced plan is required",
    );
  const allowed = (field: string): boolean => {
    if (phase === "http_ratelimit") return rank(plan) >= rank(rateLimitFields[field] ?? "enterprise");
    return field !== "cf.bot_management.verified_bot" || plan === "enterprise";
  };
  for (const field of used.fields)
    if (!allowed(field)) throw invalid(20_120, `not entitled: the use of field ${field} is not allowed`);
}

const setConfig = z
  .strictObject({
    automatic_https_rewrites: z.boolean().optional(),
    bic: z.boolean().optional(),
    email_obfuscation: z.boolean().optional(),
    opportunistic_encryption: z.boolean().optional(),
    rocket_loader: z.boolean().optional(),
    security_level: z.enum(["off", "essentially_off", "low", "medium", "high", "under_attack"]).optional(),
    ssl: z.enum(["off", "flexible", "full", "strict", "origin_pull"]).optional(),
  })
  .refine((given) => Object.keys(given).length > 0, "at least one setting is required");
const skip = z.strictObject({
  ruleset: z.literal("current").optional(),
  phases: z.array(z.string()).min(1).optional(),
  products: z.array(z.string()).min(1).optional(),
});
const execute = z.object({ id: z.string().regex(/^[0-9a-f]{32}$/) });
const response = z
  .strictObject({
    response: z.strictObject({
      status_code: z.int().min(400).max(499),
      content: z.string(),
      content_type: z.string(),
    }),
  })
  .optional();

function refuseParameters({ action, action_parameters: given }: RuleBody): void {
  const schema = { set_config: setConfig, skip, execute, block: response }[action] ?? z.undefined();
  // The provider always sends some, and those that there are none of are empty.
  const none = given === undefined || Object.keys(given).length === 0;
  parse(schema, none ? undefined : given, 20_015);
}

const rateLimitSchema = z.object({
  characteristics: z.array(z.string()).min(1),
  period: z.int(),
  requests_per_period: z.int().min(1),
  mitigation_timeout: z.int().min(0),
  counting_expression: z.string().optional(),
  requests_to_origin: z.boolean().optional(),
});

const periods = [10, 15, 20, 30, 40, 45, 60, 90, 120, 180, 240, 300, 480, 600, 900, 1200, 1800, 2400, 3600];
const longestPeriod: Record<ZonePlan, number> = { free: 10, pro: 60, business: 600, enterprise: 3600 };
const longestTimeout: Record<ZonePlan, number> = {
  free: 10,
  pro: 3600,
  business: 86_400,
  enterprise: 86_400,
};

function refuseRateLimit(plan: ZonePlan, { ratelimit, action }: RuleBody): void {
  const asked = parse(rateLimitSchema, ratelimit, 20_155);
  if (!asked.characteristics.includes("cf.colo.id"))
    throw invalid(
      20_155,
      "characteristics field is missing 'cf.colo.id', this is required as ratelimiting counting is processed at colocation level only",
    );
  const others = asked.characteristics.filter((one) => !["cf.colo.id", "ip.src"].includes(one));
  if (others.length > 0 && plan !== "enterprise")
    throw invalid(20_155, `not entitled to use the characteristics ${others.join(", ")}`);
  const allowed = periods.filter((period) => period <= longestPeriod[plan]);
  if (!allowed.includes(asked.period))
    throw invalid(
      20_155,
      `not entitled to use the period ${asked.period}, can only use a period among [${allowed.join(" ")}]`,
    );
  if (plan === "free" && asked.mitigation_timeout !== 10)
    throw invalid(20_155, "not entitled to use a mitigation timeout different from 10");
  if (asked.mitigation_timeout > longestTimeout[plan])
    throw invalid(20_155, `not entitled to use a mitigation timeout above ${longestTimeout[plan]}`);
  if (action.includes("challenge") && asked.mitigation_timeout !== 0)
    throw invalid(20_155, "the mitigation timeout must be 0 for challenges");
  if (asked.counting_expression !== undefined && rank(plan) < rank("business"))
    throw invalid(20_155, "not entitled to use a counting expression");
}
