/** Records and rules as Cloudflare's provider takes them. Pure. */
import type { DnsRecordArgs } from "@pulumi/cloudflare/dnsRecord";
import type { input } from "@pulumi/cloudflare/types";
import type { DnsRecord, RulePlan } from "../../stacks/topology/edge/types";
import { type Addresses, resolve } from "../platform/late";

/** By it, what is ours in a zone is told from what others have put there. */
export const markOf = (stack: string): string => `Muster ${stack}`;

/** The stack that a record's comment or a ruleset's description names; undefined for what isn't Muster's. */
export const ownerOf = (mark: string | null | undefined): string | undefined =>
  /^Muster ([^\s:]+)(?::|$)/.exec(mark ?? "")?.[1];

/** What the rules of a phase are called in the stack. */
export const rulesetName = (phase: string): string => `rules-${phase.replaceAll("_", "-")}`;

/** Most characters of a record's comment, on the smallest plan. */
const longestComment = 100;

/** What the record is called in the stack: its type and name, and the authority where several are named. */
export function recordName(record: DnsRecord): string {
  const name = `${record.type.toLowerCase()}-${record.name}`;
  if (record.kind !== "authority") return name;
  return `${name}-${record.issuer === ";" ? "nobody" : record.issuer}`;
}

/** Everything but the zone and the time to live. */
export function recordArgs(
  record: DnsRecord,
  stack: string,
  addresses: Addresses,
): Omit<DnsRecordArgs, "zoneId" | "ttl"> {
  const { name, type, why } = record;
  const base = { name, type, comment: `${markOf(stack)}: ${why}`.slice(0, longestComment) };
  switch (record.kind) {
    case "site":
      return { ...base, content: resolve(record.address, addresses), proxied: record.proxied };
    case "media":
      return { ...base, content: resolve(record.address, addresses), proxied: false };
    case "authority":
      return { ...base, data: { flags: 0, tag: "issue", value: record.issuer } };
    case "text":
      return { ...base, content: `"${record.text}"` };
  }
}

export function ruleArgs({
  ref,
  description,
  action,
  expression,
  executes,
  config,
  rateLimit,
}: RulePlan): input.RulesetRule {
  const parameters = { ...config, ...(executes === undefined ? {} : { id: executes }) };
  return {
    ref,
    description,
    action,
    expression,
    enabled: true,
    ...(Object.keys(parameters).length === 0 ? {} : { actionParameters: parameters }),
    ...(rateLimit === undefined
      ? {}
      : {
          ratelimit: {
            // Counted at each of Cloudflare's places for itself: a rule must say so.
            characteristics: ["cf.colo.id", "ip.src"],
            period: rateLimit.periodSeconds,
            requestsPerPeriod: rateLimit.requests,
            mitigationTimeout: rateLimit.blockedSeconds,
          },
        }),
  };
}
