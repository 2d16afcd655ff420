/** What the double of Cloudflare's API keeps, and how it says no. */
import type { ZonePlan } from "../../../stacks/settings/edge";
import { Refusal } from "../apiDouble";

export type { Answer, Call, Handler, Routes } from "../apiDouble";

export interface DnsRecord {
  readonly id: string;
  /** Whole name, in lower case, without a dot at its end. */
  name: string;
  type: string;
  content: string;
  data: Readonly<Record<string, unknown>> | undefined;
  priority: number | undefined;
  proxied: boolean;
  ttl: number;
  comment: string | null;
  readonly createdOn: string;
  modifiedOn: string;
}

export interface Rule {
  readonly id: string;
  readonly ref: string;
  readonly version: number;
  readonly action: string;
  readonly action_parameters?: unknown;
  readonly ratelimit?: unknown;
  readonly expression: string;
  readonly description: string;
  readonly enabled: boolean;
}

export interface Ruleset {
  readonly id: string;
  readonly name: string;
  readonly phase: string;
  description: string;
  version: number;
  rules: readonly Rule[];
  lastUpdated: string;
}

export interface Certificate {
  readonly id: string;
  readonly zone: string;
  readonly csr: string;
  /** In the API's order, not in the one that was asked for. */
  readonly hostnames: readonly string[];
  readonly requestType: string;
  readonly days: number;
  readonly certificate: string;
  readonly expiresOn: string;
  revoked: boolean;
}

export interface Zone {
  readonly id: string;
  readonly name: string;
  status: "active" | "pending" | "initializing" | "moved";
  /** Cloudflare answers for the names, and passes nothing through its proxy. */
  paused: boolean;
  plan: ZonePlan;
  readonly settings: Map<string, unknown>;
  readonly records: Map<string, DnsRecord>;
  readonly rulesets: Map<string, Ruleset>;
  bots: Record<string, unknown>;
}

/** A permission of a token, in the dashboard's words. Edit has Read in it. */
export type Permission =
  "Zone" | "DNS" | "Zone Settings" | "Zone WAF" | "Config Rules" | "SSL and Certificates" | "Bot Management";
export type Scope = `${Permission} ${"Read" | "Edit"}`;

/** An error in the API's own form. */
export class ApiError extends Refusal {
  /** @param code undefined where the API gives none. */
  constructor(status: number, code: number | undefined, message: string, more: Record<string, unknown> = {}) {
    super(status, message, {
      result: null,
      success: false,
      errors: [{ ...(code === undefined ? {} : { code }), message, ...more }],
      messages: [],
    });
  }
}

export const invalid = (code: number, message: string, more: Record<string, unknown> = {}): ApiError =>
  new ApiError(400, code, message, more);

/** What an answer has around its result. */
export const success = (result: unknown): { body: Record<string, unknown> } => ({
  body: { result, success: true, errors: [], messages: [] },
});
