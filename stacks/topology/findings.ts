/** What is wrong with a plan, and what is worth knowing before paying for it. */
import { tlsMode } from "../../components/services/caddy";
import { isRolling } from "../../components/services/images";
import { editionProblems, entryMessageLimit } from "../settings/editions";
import type { Problem } from "../settings/problems";
import type { Settings } from "../settings/schema";
import type { Finding, Topology } from "./types";
import { backupProblems, backupWarnings } from "./backup";
import { machineProblems, machineWarnings, missingMachineSecrets } from "./machine";
import { mediaProblems, mediaWarnings } from "./media";
import { portProblems } from "./ports";
import { stateProblems, stateWarnings } from "./state";
import { unbuiltParts } from "./unbuilt";
import { versionProblems } from "./upgrades";

type Plan = Omit<Topology, "findings">;

/** All findings, errors first. */
export function findingsOf(plan: Plan): Finding[] {
  const errors = [
    ...editionProblems(plan.settings, plan.secrets),
    ...peopleProblems(plan),
    ...domainProblems(plan),
    ...secretProblems(plan),
    ...imageProblems(plan),
    ...portProblems(plan),
    ...mediaProblems(plan),
    ...capacityProblems(plan),
    ...backupProblems(plan),
    ...machineProblems(plan),
    ...stateProblems(plan),
  ];
  return inOrder([
    ...errors.map((problem) => ({ ...problem, severity: "error" as const })),
    ...warnings(plan).map((problem) => ({ ...problem, severity: "warning" as const })),
    ...notes(plan).map((problem) => ({ ...problem, severity: "note" as const })),
    ...versionProblems(
      plan.services.map(({ image }) => image),
      plan.settings.images.overrides,
    ),
  ]);
}

const severities = ["error", "warning", "note"] as const;

/** Errors first, then warnings, then notes; otherwise as they were. */
export const inOrder = (findings: readonly Finding[]): Finding[] =>
  severities.flatMap((wanted) => findings.filter(({ severity }) => severity === wanted));

function peopleProblems({ settings: { people } }: Plan): Problem[] {
  const parts = [
    ["active", people.active, "accounts", people.accounts],
    ["inCalls", people.inCalls, "active", people.active],
    ["inMeetings", people.inMeetings, "active", people.active],
  ] as const;
  return parts
    .filter(([, part, , whole]) => part > whole)
    .map(([key, part, wholeKey, whole]) => ({
      key: `muster:people.${key}`,
      problem: `more than people.${wholeKey}`,
      given: String(part),
      allowed: `at most people.${wholeKey}, which is ${whole}`,
      fix: `lower people.${key} or raise people.${wholeKey}`,
    }));
}

function domainProblems({ settings }: Plan): Problem[] {
  const { domain, edge, web } = settings;
  const local = domain === "localhost" || domain.endsWith(".localhost");
  const problems: Problem[] = siteProblems(settings);
  if (edge.provider === "cloudflare" && domain !== edge.zone && !domain.endsWith(`.${edge.zone}`))
    problems.push({
      key: "muster:domain",
      problem: "not in the zone",
      given: domain,
      allowed: `${edge.zone}, or a name that ends in .${edge.zone}`,
      fix: "change muster:domain or muster:edge.zone",
    });
  if (edge.provider === "none" && edge.tls === "acme" && local)
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
  return problems;
}

/** Sites have names of their own, and the edge's certificate covers one level below the zone. */
function siteProblems({ domain, edge, sites, meetings }: Settings): Problem[] {
  const running = Object.entries(sites).filter(([site]) => site !== "meet" || meetings !== "off");
  const same = running.filter(([, name], index) => running.findIndex(([, other]) => other === name) < index);
  const deep =
    edge.provider === "cloudflare" && domain !== edge.zone && domain.endsWith(`.${edge.zone}`) ? running : [];
  return [
    ...same.map(([site, name]) => ({
      key: `muster:sites.${site}`,
      problem: "another site has this name",
      given: name,
      allowed: "a name of its own for each site",
      fix: `change muster:sites.${site}`,
    })),
    ...deep.map(([site, name]) => ({
      key: `muster:sites.${site}`,
      problem: "the edge's certificate doesn't cover this site: only one level below the zone",
      given: `${name}.${domain} in the zone ${edge.provider === "cloudflare" ? edge.zone : ""}`,
      allowed: `names such as ${name}.${edge.provider === "cloudflare" ? edge.zone : domain}`,
      fix: "set muster:domain to the zone and choose another muster:sites name, or make a zone of that domain",
    })),
  ];
}

function secretProblems({ stack, settings: { mail }, secrets }: Plan): Problem[] {
  const problems: Problem[] = [];
  if (mail?.username !== undefined && !secrets.has("mailPassword"))
    problems.push({
      key: "muster:mailPassword",
      problem: "missing, but muster:mail.username is there",
      allowed: "an encrypted value",
      fix: `npm run secret -- ${stack} mailPassword, or remove mail.username`,
    });
  if (mail?.username === undefined && secrets.has("mailPassword"))
    problems.push({
      key: "muster:mailPassword",
      problem: "without muster:mail.username nobody uses it",
      fix: "set muster:mail.username, or remove the password",
    });
  return problems;
}

function imageProblems({ settings }: Plan): Problem[] {
  const overrides = Object.entries(settings.images.overrides)
    .filter(([name, reference]) => isRolling(reference, name))
    .map(([name, reference]) => ({
      key: `muster:images.overrides.${name}`,
      problem: "a rolling tag: it may move back to an older version and take the data with it",
      given: reference,
      allowed: "an exact version, better with @sha256:...",
      fix: "name the exact version",
    }));
  const ids = settings.chat.plugins.map(({ id }) => id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  return [
    ...overrides,
    ...twice.map((id) => ({
      key: "muster:chat.plugins",
      problem: "a plugin named twice",
      given: id,
      allowed: "one version of each plugin",
      fix: "remove one",
    })),
  ];
}

function capacityProblems({ hosts }: Plan): Problem[] {
  return hosts.flatMap(({ provider, capacity, demand }) => {
    if (capacity === undefined) return [];
    const key = provider === "digitalocean" || provider === "aws" ? "size" : "memoryMiB";
    const problems: Problem[] = [];
    if (demand.memoryMiB > capacity.memoryMiB)
      problems.push({
        key: `muster:host.${key}`,
        problem: "too little memory for these people",
        given: `${capacity.memoryMiB} MiB`,
        allowed: `at least ${demand.memoryMiB} MiB`,
        fix: "choose a larger machine, or lower muster:people",
      });
    if (demand.cpus > capacity.cpus)
      problems.push({
        key: key === "size" ? "muster:host.size" : "muster:host.cpus",
        problem: "too few CPUs for these people",
        given: String(capacity.cpus),
        allowed: `at least ${Math.ceil(demand.cpus)}`,
        fix: "choose a larger machine, or lower muster:people",
      });
    if (capacity.diskGiB !== undefined && demand.diskGiB > capacity.diskGiB)
      problems.push({
        key: "muster:host.dataDiskGiB",
        problem: "too small a data disk for a year of these people",
        given: `${capacity.diskGiB} GiB`,
        allowed: `at least ${demand.diskGiB} GiB`,
        fix: "raise muster:host.dataDiskGiB, or lower muster:people",
      });
    return problems;
  });
}

const warnings = (plan: Plan): Problem[] => [
  ...ownWarnings(plan),
  ...mediaWarnings(plan),
  ...backupWarnings(plan),
  ...machineWarnings(plan),
  ...stateWarnings(plan),
];

function ownWarnings({ stack, settings, offering, secrets }: Plan): Problem[] {
  const found: Problem[] = [];
  if (offering === "team" && secrets.has("licence"))
    found.push({
      key: "muster:licence",
      problem: "the Team Edition ignores a licence silently",
      given: "edition: team",
      fix: "nothing, or set muster:edition to enterprise",
    });
  if (offering === "entry")
    found.push({
      key: "muster:licence",
      problem: `the enterprise edition without a licence shows only the newest ${entryMessageLimit} messages`,
      fix: `npm run secret -- ${stack} licence, or set muster:edition to team`,
    });
  if (settings.mail === undefined)
    found.push({
      key: "muster:mail",
      problem: "no outgoing mail: invitations are links, and an administrator resets passwords",
      fix: "set muster:mail, or leave it so",
    });
  return found;
}

function notes(plan: Plan): Problem[] {
  const unbuilt = unbuiltParts(plan.settings).map(({ key, given }) => ({
    key,
    problem: "planned only: this version can't build it yet, so an up refuses",
    given,
    fix: "nothing for the plan; for an up, use a stack with edge.provider: none",
  }));
  return [...unbuilt, ...missingMachineSecrets(plan)];
}
