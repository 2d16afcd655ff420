/** Shapes of the edge: plain data. */
import type { PlainText } from "../../../components/services/text";
import type { ZonePlan } from "../../settings/edge";

interface RecordBase {
  /** Whole name. */
  name: string;
  why: string;
}
/** A site that people visit, through its proxy where there is one. */
export interface SiteRecord extends RecordBase {
  kind: "site";
  type: "A";
  address: PlainText;
  proxied: boolean;
}
/** A machine that media go to. A proxy would stop them: there is no field that could ask for one. */
export interface MediaRecord extends RecordBase {
  kind: "media";
  type: "A";
  address: PlainText;
}
/** Who alone may certify the name; `;` is nobody. */
export interface AuthorityRecord extends RecordBase {
  kind: "authority";
  type: "CAA";
  issuer: string;
}
/** What the domain says of itself. */
export interface TextRecord extends RecordBase {
  kind: "text";
  type: "TXT";
  text: string;
}
export type DnsRecord = SiteRecord | MediaRecord | AuthorityRecord | TextRecord;

/** One rule of a ruleset; the order within it counts. */
export interface RulePlan {
  /** Its name in the ruleset, for good: by it the rule is known again. */
  ref: string;
  description: string;
  action: "block" | "managed_challenge" | "log" | "execute" | "set_config";
  expression: string;
  /** For `execute`: id of the ruleset. */
  executes?: string;
  /** For `set_config`. */
  config?: Readonly<Record<string, string | boolean>>;
  /** For a rule that counts requests, by visitor. */
  rateLimit?: { requests: number; periodSeconds: number; blockedSeconds: number };
}

/** All rules of one phase: a zone has one list of them, and no more. */
export interface RulesetPlan {
  phase: RulesetPhase;
  rules: readonly RulePlan[];
}
export type RulesetPhase =
  | "http_config_settings"
  | "http_request_firewall_custom"
  | "http_ratelimit"
  | "http_request_firewall_managed";

/** What a stack holds in a zone at Cloudflare. */
export interface ZonePlanned {
  name: string;
  plan: ZonePlan;
  /** Whether it holds the zone's rules and settings. */
  owner: boolean;
  /** The owner's; of others none. */
  rulesets: readonly RulesetPlan[];
  /** The owner's; of others none. */
  settings: Readonly<Record<string, string>>;
  /** Names in the certificate between Cloudflare and the machine. */
  certified: readonly string[];
}

/** What stands before the sites. */
export interface EdgePlan {
  records: readonly DnsRecord[];
  /** Where Cloudflare is the edge. */
  zone?: ZonePlanned;
}
