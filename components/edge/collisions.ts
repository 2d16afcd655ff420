/** What stands in a zone where this stack's would stand. Pure. */
import type { Problem } from "../../stacks/settings/problems";
import type { DnsRecord, EdgePlan, ZonePlanned } from "../../stacks/topology/edge/types";
import { ownerOf, recordName, rulesetName } from "./shapes";
import type { ZoneFacts, ZoneRecord, ZoneRuleset } from "./zoneFacts";

interface Place {
  stack: string;
  zone: ZonePlanned;
  zoneId: string;
}

/**
 * Everything that is where it can't be.
 * @param facts without what is in the stack's own state.
 */
export function collisions(
  stack: string,
  { records }: EdgePlan,
  zone: ZonePlanned,
  facts: ZoneFacts,
): Problem[] {
  const place = { stack, zone, zoneId: facts.zone.id };
  const taken = new Set<DnsRecord>();
  return [
    ...facts.records.flatMap((theirs) => {
      const ours = records.filter((one) => collides(one, theirs, zone.name));
      if (ours[0] === undefined) return [];
      // What is in another's place can become one of ours, and no two the same.
      const heir = heirOf(ours, theirs, taken);
      if (heir !== undefined) taken.add(heir);
      return [recordProblem(place, theirs, ours[0], heir)];
    }),
    ...facts.rulesets.map((theirs) => rulesetProblem(place, theirs)),
  ];
}

/** Whether two records can't stand side by side, or say different things of the same. */
export function collides(ours: DnsRecord, { name, type, content }: ZoneRecord, zone: string): boolean {
  if (ours.name !== name) return false;
  // Answered for elsewhere: by an alias, or by other servers. The zone itself may have both, beside others.
  if (type === "CNAME" || type === "NS") return name !== zone;
  switch (ours.kind) {
    case "site":
    case "media":
      return type === "A" || type === "AAAA";
    case "authority":
      return type === "CAA";
    case "text":
      return type === "MX" || (type === "TXT" && versionOf(content) === versionOf(ours.text));
  }
}

/** A domain has one text of each kind: `v=spf1`, `v=dmarc1`. */
const versionOf = (text: string): string =>
  /^"?\s*(v=[a-z0-9]+)/i.exec(text)?.[1]?.toLowerCase() ?? `another: ${text}`;

function heirOf(
  ours: readonly DnsRecord[],
  { type, content }: ZoneRecord,
  taken: ReadonlySet<DnsRecord>,
): DnsRecord | undefined {
  const free = ours.filter((one) => one.type === type && !taken.has(one));
  return free.find((one) => one.kind === "authority" && content.includes(`"${one.issuer}"`)) ?? free[0];
}

function recordProblem(
  { stack, zoneId }: Place,
  theirs: ZoneRecord,
  ours: DnsRecord,
  heir: DnsRecord | undefined,
): Problem {
  const { type, name, content, comment, id } = theirs;
  const owner = ownerOf(comment);
  const takeOver =
    heir === undefined
      ? ""
      : `; or take it over: ${importCommand(stack, "dnsRecord:DnsRecord", recordName(heir), `${zoneId}/${id}`)}`;
  const remove = "delete it in Cloudflare's dashboard, DNS";
  const base = { given: `${type} ${name} ${content}` };
  if (owner === stack)
    return {
      ...base,
      key: "muster:edge.zone",
      problem: `a record that stack ${stack} has made, and knows nothing of: an up broke off, or its state is another`,
      fix: `${remove}${takeOver}`,
    };
  if (owner !== undefined)
    return {
      ...base,
      key: "muster:edge.zone",
      problem: `a record of stack ${owner} stands where this stack's would`,
      fix: `choose another name in one of the two (muster:sites, muster:media.name, muster:domain)`,
    };
  if (ours.kind === "text")
    return {
      ...base,
      key: "muster:edge.domainMail",
      problem: `the domain has to do with mail, and this stack would say of it: ${ours.why}`,
      allowed: "none, where the domain sends no mail; elsewhere",
      fix: `set muster:edge.domainMail to elsewhere; where it sends none, ${remove}${takeOver}`,
    };
  return {
    ...base,
    key: "muster:edge.zone",
    problem: `a record that isn't Muster's stands where this stack's would: ${ours.type} ${ours.name}, ${ours.why}`,
    fix: `${remove}, or choose another name (muster:sites, muster:media.name)${takeOver}`,
  };
}

function rulesetProblem(
  { stack, zone, zoneId }: Place,
  { id, phase, description, rules }: ZoneRuleset,
): Problem {
  const owner = ownerOf(description);
  const command = importCommand(stack, "ruleset:Ruleset", rulesetName(phase), `zones/${zoneId}/${id}`);
  const key = "muster:edge.zoneOwner";
  const shown = rules.map((rule) => (rule.description === "" ? rule.expression : rule.description));
  const given = `${phase}: ${shown.length === 0 ? "a list without rules" : shown.join("; ")}`;
  if (owner === stack)
    return {
      ...{ key, given },
      problem: `a list of rules that stack ${stack} has made, and knows nothing of: an up broke off, or its state is another`,
      fix: `take it over: ${command}`,
    };
  if (owner !== undefined)
    return {
      ...{ key, given },
      problem: `stack ${owner} holds the rules of the zone ${zone.name}`,
      allowed: "one owner of a zone",
      fix: `set it to false for one of the two; where stack ${owner} is no more, take its rules over: ${command}`,
    };
  return {
    ...{ key, given },
    problem:
      shown.length === 0
        ? `the zone ${zone.name} has this list already, and Cloudflare takes no second one of a kind`
        : `the zone ${zone.name} has rules of its own, and this stack would replace them: Cloudflare keeps one list of a kind`,
    allowed: "rules of Muster's, with those in muster:edge.rules",
    fix: `${shown.length === 0 ? "" : "move what is to stay into muster:edge.rules of its owner, then "}take the list over: ${command}`,
  };
}

/** With the token, since the CLI knows of no provider of the stack's yet. */
const importCommand = (stack: string, type: string, name: string, id: string): string =>
  `CLOUDFLARE_API_TOKEN=... npx pulumi import -s ${stack} --protect=false --generate-code=false cloudflare:index/${type} ${name} ${id}`;
