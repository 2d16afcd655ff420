/** What is wrong with names, certificates and rules, found before anything is built. */
import { BlockList } from "node:net";
import { relaysOverTls } from "../../../components/services/coturn.tls";
import { isLocalDomain, tlsMode } from "../../../components/services/tls";
import type { Problem } from "../../settings/problems";
import type { Settings } from "../../settings/schema";
import type { Topology } from "../types";
import { longestExpression } from "./expression";
import { zoneLimits } from "./plans";
import type { CloudflareSettings } from "./waf";
import { zoneProblems } from "./zone";

type Plan = Omit<Topology, "findings">;

/** What an `up` would fail on, or what nobody could reach. */
export function edgeProblems(plan: Plan): Problem[] {
  const { settings, secrets } = plan;
  const { edge } = settings;
  const unused =
    edge.provider !== "cloudflare" && secrets.has("cloudflareToken")
      ? [
          {
            key: "muster:cloudflareToken",
            problem: "with muster:edge.provider none nobody uses it",
            fix: "set muster:edge, or remove the secret",
          },
        ]
      : [];
  return [
    ...unused,
    ...nameProblems(settings),
    ...tlsProblems(settings),
    ...(edge.provider === "cloudflare"
      ? [
          ...domainProblems(settings, edge),
          ...reachProblems(settings, edge),
          ...ruleProblems(plan, edge),
          ...zoneProblems(plan, edge),
        ]
      : []),
  ];
}

/** Secrets without which the edge can't be brought up; a plan needs none of them. */
export function missingEdgeSecrets({ stack, settings: { edge }, secrets }: Plan): Problem[] {
  if (edge.provider !== "cloudflare" || secrets.has("cloudflareToken")) return [];
  return [
    {
      key: "muster:cloudflareToken",
      problem: "an up needs it: muster:edge.provider is cloudflare",
      allowed: "an encrypted value",
      fix: `npm run secret -- ${stack} cloudflareToken; what the token must be allowed to do stands in docs/edge.md`,
    },
  ];
}

/** Names of a stack below its domain, by the setting that gives them. */
export function namesOf({ sites, media, meetings }: Settings): { key: string; name: string }[] {
  return [
    ...Object.entries(sites)
      .filter(([site]) => site !== "meet" || meetings !== "off")
      .map(([site, name]) => ({ key: `muster:sites.${site}`, name })),
    { key: "muster:media.name", name: media.name },
  ];
}

function nameProblems(settings: Settings): Problem[] {
  const names = namesOf(settings);
  return names
    .filter(({ name }, index) => names.findIndex((other) => other.name === name) < index)
    .map(({ key, name }) => ({
      key,
      problem: "another site or machine has this name",
      given: name,
      allowed: "a name of its own for each",
      fix: `change ${key}`,
    }));
}

function tlsProblems(settings: Settings): Problem[] {
  const { domain, edge, web } = settings;
  const problems: Problem[] = [];
  if (edge.provider === "none" && edge.tls === "acme" && isLocalDomain(domain))
    problems.push({
      key: "muster:edge.tls",
      problem: "no public authority certifies a local name",
      given: `acme for ${domain}`,
      allowed: "internal",
      fix: "leave muster:edge.tls out, or set a public muster:domain",
    });
  if (tlsMode(settings) === "acme" && (web.httpPort !== 80 || web.httpsPort !== 443))
    problems.push({
      key: "muster:web",
      problem: "the certificate authority asks on port 80 or 443 only",
      given: `httpPort ${web.httpPort}, httpsPort ${web.httpsPort}`,
      allowed: "80 and 443 with edge.tls: acme",
      fix: "leave muster:web out, or set muster:edge.tls to internal",
    });
  if (edge.authority !== undefined && tlsMode(settings) !== "acme" && !relaysOverTls(settings))
    problems.push({
      key: "muster:edge.authority",
      problem: "nobody asks it for a certificate",
      given: edge.authority.directory,
      allowed: "with edge.provider: none and edge.tls: acme, or with turn: tls",
      fix: "remove it, or set one of these",
    });
  return problems;
}

/** Cloudflare's own certificate covers one level below the zone. */
function domainProblems(settings: Settings, { zone }: CloudflareSettings): Problem[] {
  const { domain } = settings;
  if (domain === zone) return [];
  if (!domain.endsWith(`.${zone}`))
    return [
      {
        key: "muster:domain",
        problem: "not in the zone",
        given: domain,
        allowed: zone,
        fix: "change muster:domain or muster:edge.zone",
      },
    ];
  return namesOf(settings)
    .filter(({ key }) => key.startsWith("muster:sites."))
    .map(({ key, name }) => ({
      key,
      problem: "the edge's certificate doesn't cover this site: only one level below the zone",
      given: `${name}.${domain} in the zone ${zone}`,
      allowed: `names such as ${name}.${zone}`,
      fix: "set muster:domain to the zone and choose another muster:sites name, or make a zone of that domain",
    }));
}

const privateNetworks = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["224.0.0.0", 3],
] as const)
  privateNetworks.addSubnet(network, bits);
const isPrivate = (address: string): boolean => privateNetworks.check(address);

/** Whether Cloudflare gets through to the machine, and people through Cloudflare. */
function reachProblems({ host, web, chat }: Settings, { plan }: CloudflareSettings): Problem[] {
  const problems: Problem[] = [];
  if (host.provider === "local")
    problems.push({
      key: "muster:edge.provider",
      problem:
        "Cloudflare comes from outside, and this machine's own firewall isn't Muster's: nothing would keep others away",
      given: "cloudflare with muster:host.provider local",
      allowed: "edge.provider: none",
      fix: "leave muster:edge out, or set muster:host.provider to existing, digitalocean or aws",
    });
  if (host.provider === "existing" && isPrivate(host.address))
    problems.push({
      key: "muster:host.address",
      problem: "Cloudflare can't reach a private address, and takes none",
      given: host.address,
      allowed: "the address at which the world reaches the server",
      fix: "set the public address (muster:host.privateAddress takes the server's own), or leave muster:edge out",
    });
  if (web.httpPort !== 80 || web.httpsPort !== 443)
    problems.push({
      key: "muster:web",
      problem: "people and Cloudflare come to the same port, and people come to 443",
      given: `httpPort ${web.httpPort}, httpsPort ${web.httpsPort}`,
      allowed: "80 and 443 with edge.provider: cloudflare",
      fix: "leave muster:web out",
    });
  const { bodyMB } = zoneLimits[plan];
  const mostMiB = Math.floor((bodyMB * 1e6) / 2 ** 20);
  if (chat.maxFileSizeMiB > mostMiB)
    problems.push({
      key: "muster:chat.maxFileSizeMiB",
      problem: `Cloudflare takes no larger requests on the ${plan} plan than ${bodyMB} MB`,
      given: String(chat.maxFileSizeMiB),
      allowed: `at most ${mostMiB}`,
      fix: "lower muster:chat.maxFileSizeMiB, or take a larger plan (muster:edge.plan)",
    });
  return problems;
}

/** Whether the rules fit the zone's plan. */
function ruleProblems({ edge: { zone } }: Plan, { plan, rules }: CloudflareSettings): Problem[] {
  const limits = zoneLimits[plan];
  const planned = zone?.rulesets ?? [];
  const custom = planned.find(({ phase }) => phase === "http_request_firewall_custom")?.rules ?? [];
  const problems: Problem[] = planned
    .flatMap((ruleset) => ruleset.rules)
    .filter(({ expression }) => expression.length > longestExpression)
    .map(({ ref, expression }) => ({
      key: "muster:edge",
      problem: `the rule ${ref} is too long for Cloudflare`,
      given: `${expression.length} characters`,
      allowed: `at most ${longestExpression}`,
      fix: "shorten muster:edge.countries, adminFrom or rules",
    }));
  if (custom.length > limits.customRules)
    problems.push({
      key: "muster:edge.rules",
      problem: `more custom rules than the ${plan} plan has, with Muster's already made one where that is possible`,
      given: `${custom.length}: ${custom.map(({ ref }) => ref).join(", ")}`,
      allowed: `at most ${limits.customRules}`,
      fix: "join rules of yours with or, remove some, or take a larger plan (muster:edge.plan)",
    });
  const names = rules.map(({ name }) => name);
  for (const [index, { name, action }] of rules.entries()) {
    if (names.indexOf(name) < index || name.startsWith("muster-"))
      problems.push({
        key: `muster:edge.rules[${index}].name`,
        problem: "this name is another rule's",
        given: name,
        allowed: "a name of its own for each rule, and none that starts with muster-",
        fix: "rename it",
      });
    if (action === "log" && !limits.logAction)
      problems.push({
        key: `muster:edge.rules[${index}].action`,
        problem: `the ${plan} plan has no such action`,
        given: action,
        allowed: "block, managed_challenge",
        fix: "choose one of these, or take the enterprise plan",
      });
  }
  return problems;
}
