/** What speaks against a zone and a token as they are, before anything of this stack's stands in it. Pure. */
import { zonePlans } from "../../stacks/settings/edge";
import type { Problem } from "../../stacks/settings/problems";
import { cloudflareNetworks } from "../../stacks/topology/cloudflareNetworks";
import type { ZonePlanned } from "../../stacks/topology/edge/types";
import { ownerOf } from "./shapes";
import type { Permission } from "./zoneApi";
import { permissionOf, type Zone, type ZoneFacts } from "./zoneFacts";

type Scope = readonly [Permission, "Read" | "Edit"];

const words = ([permission, level]: Scope): string => `Zone / ${permission} / ${level}`;
const listed = (scopes: readonly Scope[]): string => scopes.map(words).join(", ");

/** What the token of a stack must be allowed to do in its zone. */
export function scopesOf({ owner, rulesets, certified }: ZonePlanned): Scope[] {
  const phases = new Set(rulesets.map(({ phase }) => permissionOf(phase)));
  return [
    ["Zone", "Read"],
    ["DNS", "Edit"],
    ...(certified.length > 0 ? ([["SSL and Certificates", "Edit"]] as const) : []),
    ...(owner ? ([["Zone Settings", "Edit"]] as const) : []),
    ...[...phases].sort().map((permission) => [permission, "Edit"] as const),
  ];
}

/** Names in the zone's own list of what the token may do; it has no others. */
const listedNames: Partial<Record<Permission, string>> = {
  DNS: "dns_records",
  "Zone Settings": "zone_settings",
  "Zone WAF": "waf",
  "SSL and Certificates": "ssl",
};

/** Whether the zone says of the token that it reads and doesn't edit. That it says nothing proves nothing. */
function readsOnly({ permissions }: Zone, permission: Permission): boolean {
  const name = listedNames[permission];
  const has = (level: string): boolean => permissions?.includes(`#${name ?? ""}:${level}`) === true;
  return has("read") && !has("edit");
}

/** One problem for all that the token lacks. */
export function scopeProblems(planned: ZonePlanned, denied: ReadonlySet<Permission>, zone?: Zone): Problem[] {
  const needed = scopesOf(planned);
  const lacking = needed.filter(
    ([permission, level]) =>
      denied.has(permission) || (level === "Edit" && zone !== undefined && readsOnly(zone, permission)),
  );
  if (lacking.length === 0) return [];
  return [
    {
      key: "muster:cloudflareToken",
      problem: `the token may not do all that this stack does in the zone ${planned.name}`,
      given: `without ${listed(lacking)}`,
      allowed: listed(needed),
      fix: "add what is missing to the token in Cloudflare's dashboard, API Tokens, for this zone; its value stays the same",
    },
  ];
}

export const zoneMissing = ({ name }: ZonePlanned, seen: readonly string[]): Problem => ({
  key: "muster:edge.zone",
  problem: "the token knows no such zone",
  given: name,
  allowed: seen.length === 0 ? "a zone that the token was made for; it sees none" : seen.join(", "),
  fix: "correct muster:edge.zone, add the zone at Cloudflare, or let the token have it (API Tokens, Zone Resources)",
});

/** Whether the zone works at all, and has what its plan in the settings says. */
export function stateProblems({ name, plan }: ZonePlanned, { zone }: ZoneFacts): Problem[] {
  const problems: Problem[] = [];
  if (zone.status !== "active")
    problems.push({
      key: "muster:edge.zone",
      problem: "the zone isn't active at Cloudflare: nobody is sent there",
      given: `${name}: ${zone.status}`,
      allowed: "active",
      fix: `set its name servers at the registrar (${(zone.name_servers ?? []).join(", ")}), and wait until Cloudflare has seen them`,
    });
  if (zone.paused)
    problems.push({
      key: "muster:edge.zone",
      problem: "the zone is paused: nothing passes Cloudflare, and the machine lets nobody else in",
      given: name,
      allowed: "a zone that isn't paused",
      fix: "resume it in Cloudflare's dashboard, Overview, Advanced Actions",
    });
  if (rank(zone) < zonePlans.indexOf(plan))
    problems.push({
      key: "muster:edge.plan",
      problem: "the zone is on a smaller plan, and can't have all its rules",
      given: plan,
      allowed: zone.plan?.legacy_id,
      fix: `set muster:edge.plan to ${zone.plan?.legacy_id ?? "it"}, or take the larger plan at Cloudflare`,
    });
  return problems;
}

/** Place of the zone's plan among those that we know; of another, as if it were right. */
function rank({ plan }: Zone): number {
  const index = (zonePlans as readonly string[]).indexOf(plan?.legacy_id ?? "");
  return index === -1 ? Infinity : index;
}

/**
 * What the zone's owner would break for others, or what would break its apps.
 * @param facts without what is in the stack's own state.
 * @param names where the stack has records of its own.
 */
export function ownerProblems(
  { settings }: ZonePlanned,
  { ssl, bots, records }: ZoneFacts,
  names: readonly string[],
): Problem[] {
  const problems: Problem[] = [];
  const others = records
    .filter(
      ({ name, proxied, comment }) => proxied && !names.includes(name) && ownerOf(comment) === undefined,
    )
    .map(({ name }) => name);
  if (settings["ssl"] === "strict" && ssl !== undefined && !isStrict(ssl) && others.length > 0)
    problems.push({
      key: "muster:edge.zoneOwner",
      problem:
        "other sites of the zone would go down: this stack sets it to strict encryption, and nobody knows whether their machines have certificates for it",
      given: `SSL/TLS mode ${ssl}, with ${some(others)}`,
      allowed: "Full (strict)",
      fix: "give each of their machines a valid certificate, set Full (strict) in Cloudflare's dashboard, SSL/TLS, see that they work, and run it again",
    });
  const [challenge] = challengesOf(bots ?? {});
  if (challenge !== undefined)
    problems.push({
      key: "muster:edge.zone",
      problem: "Cloudflare challenges what isn't a browser, and apps can't answer",
      given: challenge,
      allowed: "off",
      fix: "turn it off in Cloudflare's dashboard, Security, Settings; Muster's rules keep crawlers out",
    });
  return problems;
}

const isStrict = (mode: string): boolean => mode === "strict" || mode === "origin_pull";

const some = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;

function challengesOf(bots: NonNullable<ZoneFacts["bots"]>): string[] {
  const harmless = [undefined, "allow"];
  return [
    ...(bots.fight_mode === true ? ["Bot Fight Mode on"] : []),
    ...(["sbfm_definitely_automated", "sbfm_likely_automated"] as const)
      .filter((setting) => !harmless.includes(bots[setting]))
      .map((setting) => `Super Bot Fight Mode, ${setting}: ${bots[setting] ?? ""}`),
  ];
}

/** What is worth knowing. */
export function zoneWarnings({ plan }: ZonePlanned, { zone, denied, networks }: ZoneFacts): Problem[] {
  const warnings: Problem[] = [];
  const larger = zone.plan?.legacy_id;
  if (Number.isFinite(rank(zone)) && rank(zone) > zonePlans.indexOf(plan))
    warnings.push({
      key: "muster:edge.plan",
      problem: "the zone is on a larger plan, and could have more rules",
      given: plan,
      fix: `set it to ${larger ?? "it"}`,
    });
  if (denied.has("Bot Management"))
    warnings.push({
      key: "muster:cloudflareToken",
      problem: "nobody can see whether Bot Fight Mode is on: it would challenge apps",
      fix: "add Zone / Bot Management / Read to the token, or look in Cloudflare's dashboard, Security, Settings",
    });
  const added = networks.filter((network) => !cloudflareNetworks.includes(network));
  const gone = cloudflareNetworks.filter((network) => !networks.includes(network));
  if (networks.length > 0 && added.length + gone.length > 0)
    warnings.push({
      key: "muster:edge.provider",
      problem: "Cloudflare comes from other networks than this version lets in",
      given: [...added.map((one) => `new: ${one}`), ...gone.map((one) => `gone: ${one}`)].join(", "),
      fix: "take a newer version of Muster; until then some visitors may see errors of Cloudflare's",
    });
  return warnings;
}
