/** The words of the rules language that the double knows. */

export type Kind = "string" | "ip" | "number" | "bool" | "strings" | "bools";

/** The fields that the double knows; the real API has many more. */
export const fields: Readonly<Record<string, Kind>> = {
  "http.cookie": "string",
  "http.host": "string",
  "http.referer": "string",
  "http.request.full_uri": "string",
  "http.request.method": "string",
  "http.request.uri": "string",
  "http.request.uri.path": "string",
  "http.request.uri.path.extension": "string",
  "http.request.uri.query": "string",
  "http.request.version": "string",
  "http.user_agent": "string",
  "http.x_forwarded_for": "string",
  "http.request.headers": "strings",
  "ip.src": "ip",
  "ip.src.asnum": "number",
  "ip.src.continent": "string",
  "ip.src.country": "string",
  "cf.client.bot": "bool",
  "cf.bot_management.verified_bot": "bool",
  "cf.verified_bot_category": "string",
  "cf.threat_score": "number",
  ssl: "bool",
};

export const functions: Readonly<Record<string, { takes: readonly Kind[]; gives: Kind }>> = {
  lower: { takes: ["string"], gives: "string" },
  upper: { takes: ["string"], gives: "string" },
  url_decode: { takes: ["string"], gives: "string" },
  len: { takes: ["string"], gives: "number" },
  starts_with: { takes: ["string", "string"], gives: "bool" },
  ends_with: { takes: ["string", "string"], gives: "bool" },
  any: { takes: ["bools"], gives: "bool" },
  all: { takes: ["bools"], gives: "bool" },
};

export const symbols: Readonly<Record<string, string>> = {
  "==": "eq",
  "!=": "ne",
  "<": "lt",
  "<=": "le",
  ">": "gt",
  ">=": "ge",
  "~": "matches",
  "&&": "and",
  "||": "or",
  "^^": "xor",
  "!": "not",
};
export const ordering = ["lt", "le", "gt", "ge"];
export const ofStrings = ["contains", "matches", "wildcard"];
