/** Rules at Cloudflare, from the services' declarations and the settings. None of ours ever asks for a challenge. */
import type { WebPort } from "../../../components/services/service";
import type { EdgeSettings } from "../../settings/edge";
import type { Settings } from "../../settings/schema";
import { type Expression, longestExpression, render } from "./expression";
import { zoneLimits } from "./plans";
import type { RulePlan, RulesetPlan } from "./types";

export type CloudflareSettings = Extract<EdgeSettings, { provider: "cloudflare" }>;

/** A site in the zone, of whichever stack. */
export interface ZoneSite extends Pick<
  WebPort,
  "healthPath" | "machinePaths" | "signInPaths" | "adminPaths" | "freeTextPaths"
> {
  host: string;
  crawlers: Settings["web"]["crawlers"];
  /** People active at once. */
  active: number;
}

/** All rulesets of a zone with these sites: one for each phase that has rules. */
export function rulesetsOf(edge: CloudflareSettings, sites: readonly ZoneSite[]): RulesetPlan[] {
  if (sites.length === 0) return [];
  const all: RulesetPlan[] = [
    { phase: "http_config_settings", rules: [calmRule(sites)] },
    { phase: "http_request_firewall_custom", rules: fitting(customRules(edge, sites), edge) },
    { phase: "http_ratelimit", rules: signInRules(edge, sites) },
    { phase: "http_request_firewall_managed", rules: managedRules(edge, sites) },
  ];
  return all.filter(({ rules }) => rules.length > 0);
}

const path = "http.request.uri.path" as const;
const hosts = (sites: readonly ZoneSite[]): Expression => ({
  field: "http.host",
  in: [...new Set(sites.map(({ host }) => host))].sort(),
});
const pathsOf = (
  sites: readonly ZoneSite[],
  key: "machinePaths" | "signInPaths" | "adminPaths" | "freeTextPaths",
): string[] => [...new Set(sites.flatMap((site) => site[key] ?? []))].sort();

/** What Cloudflare would do by itself to requests that look odd: apps get lost in it. */
const calmRule = (sites: readonly ZoneSite[]): RulePlan => ({
  ref: "muster-calm",
  description: "Apps are not challenged, pages not rewritten",
  action: "set_config",
  expression: render(hosts(sites)),
  config: { bic: false, securityLevel: "essentially_off", emailObfuscation: false, rocketLoader: false },
});

/** Machines knock from anywhere, and whoever asks whether a site is well. */
function machines(sites: readonly ZoneSite[]): Expression {
  const exact = [...new Set(["/robots.txt", ...sites.map(({ healthPath }) => healthPath)])]
    .filter((one) => one !== "/")
    .sort();
  const starts = ["/.well-known/", ...pathsOf(sites, "machinePaths")];
  return { any: [...starts.map(startingWith), { field: path, in: exact }] };
}

/** A rule of ours before it is written out. */
interface Block {
  ref: string;
  description: string;
  when: Expression;
}

function customRules(
  edge: CloudflareSettings,
  sites: readonly ZoneSite[],
): { ours: Block[]; own: RulePlan[] } {
  const { countries, adminFrom, rules } = edge;
  const ours: Block[] = [];
  if (countries !== undefined) {
    const listed: Expression = { field: "ip.src.country", in: [...new Set(countries.codes)].sort() };
    ours.push({
      ref: "muster-countries",
      description: `Countries: ${countries.mode === "allow" ? "only these get in" : "all others get in"}`,
      when: {
        all: [hosts(sites), countries.mode === "allow" ? { not: listed } : listed, { not: machines(sites) }],
      },
    });
  }
  const hidden = sites.filter(({ crawlers }) => crawlers === "out");
  if (hidden.length > 0)
    ours.push({
      ref: "muster-crawlers",
      description: "Crawlers stay out",
      when: { all: [hosts(hidden), { flag: "cf.client.bot" }, { not: machines(sites) }] },
    });
  const admin = pathsOf(sites, "adminPaths");
  if (adminFrom.length > 0 && admin.length > 0)
    ours.push({
      ref: "muster-administrators",
      description: "Paths for administrators: from their networks only",
      when: {
        all: [hosts(sites), { any: admin.map(atPath) }, { not: { field: "ip.src", inNetworks: adminFrom } }],
      },
    });
  const others = render({ not: hosts(sites) });
  const own = rules.map<RulePlan>(({ name, action, expression }) => ({
    ref: name,
    description: name,
    action,
    // Apps can't answer a challenge.
    expression: action === "managed_challenge" ? `(${expression}) and ${others}` : expression,
  }));
  return { ours, own };
}

const startingWith = (start: string): Expression => ({ field: path, startsWith: start });

/** A path; with `*` at its end, whatever starts so. */
const atPath = (pattern: string): Expression =>
  pattern.endsWith("*") ? startingWith(pattern.slice(0, -1)) : { field: path, in: [pattern] };

/** As many rules as the plan has room for: ours all block, so they can be one. */
function fitting({ ours, own }: ReturnType<typeof customRules>, { plan }: CloudflareSettings): RulePlan[] {
  const each = ours.map(({ when, ...rule }) => ({
    ...rule,
    action: "block" as const,
    expression: render(when),
  }));
  if (each.length < 2 || each.length + own.length <= zoneLimits[plan].customRules) return [...each, ...own];
  const merged = render({ any: ours.map(({ when }) => when) });
  if (merged.length > longestExpression) return [...each, ...own];
  const description = ours.map(({ description: one }) => one).join("; ");
  return [{ ref: "muster-all", description, action: "block", expression: merged }, ...own];
}

/** Sign-ins of one address at once: an office's morning behind one address passes, guessing doesn't. */
function signInRules({ plan }: CloudflareSettings, sites: readonly ZoneSite[]): RulePlan[] {
  const paths = pathsOf(sites, "signInPaths");
  if (paths.length === 0) return [];
  const { byHost, periodSeconds, blockedSeconds } = zoneLimits[plan].rateLimit;
  const at: Expression = { field: path, in: paths };
  const active = Math.max(...sites.map((site) => site.active));
  return [
    {
      ref: "muster-sign-in",
      description: "Sign-ins of one address",
      action: "block",
      expression: render(byHost ? { all: [hosts(sites), at] } : at),
      rateLimit: { requests: Math.max(20, Math.ceil(active / 10)), periodSeconds, blockedSeconds },
    },
  ];
}

/** Cloudflare's own ruleset. Source: its id, in the reference of managed rulesets. On Free, Cloudflare deploys one by itself. */
const managedRuleset = "efb7b8c949ac4650a09736fc376e9aee";

/** Not where people write: a message may hold any code, and would be taken for an attack. */
function managedRules({ plan }: CloudflareSettings, sites: readonly ZoneSite[]): RulePlan[] {
  if (!zoneLimits[plan].managedRules) return [];
  const free = pathsOf(sites, "freeTextPaths");
  const expression: Expression =
    free.length === 0 ? hosts(sites) : { all: [hosts(sites), { not: { any: free.map(startingWith) } }] };
  return [
    {
      ref: "muster-managed",
      description: "Cloudflare's managed rules",
      action: "execute",
      expression: render(expression),
      executes: managedRuleset,
    },
  ];
}
