/**
 * Expressions of Cloudflare's rules language, of the few kinds that our rules need: every text is quoted here.
 * Source: developers.cloudflare.com/ruleset-engine/rules-language.
 */

/** Fields that hold text, addresses, or yes and no. */
type TextField = "http.host" | "http.request.uri.path" | "ip.src.country";
type AddressField = "ip.src";
type Flag = "cf.client.bot";

export type Expression =
  | { readonly any: readonly Expression[] }
  | { readonly all: readonly Expression[] }
  | { readonly not: Expression }
  | { readonly field: TextField; readonly in: readonly string[] }
  | { readonly field: TextField; readonly startsWith: string }
  | { readonly field: AddressField; readonly inNetworks: readonly string[] }
  | { readonly flag: Flag };

/** Most characters of one rule's expression, on every plan. */
export const longestExpression = 4096;

const quoted = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

/** The expression as Cloudflare reads it. Empty lists are mistakes: `any` of none matches nothing, and is refused. */
export function render(expression: Expression): string {
  if ("any" in expression) return joined(expression.any, "or");
  if ("all" in expression) return joined(expression.all, "and");
  if ("not" in expression) return `not ${grouped(expression.not)}`;
  if ("flag" in expression) return expression.flag;
  if ("startsWith" in expression) return `starts_with(${expression.field}, ${quoted(expression.startsWith)})`;
  if ("inNetworks" in expression) return `${expression.field} in {${listed(expression.inNetworks)}}`;
  return `${expression.field} in {${listed(expression.in.map(quoted))}}`;
}

function listed(items: readonly string[]): string {
  if (items.length === 0) throw new Error("an empty list in a rule's expression");
  return items.join(" ");
}

function joined(parts: readonly Expression[], operator: "or" | "and"): string {
  const [only, ...more] = parts;
  if (only === undefined) throw new Error(`nothing to join with ${operator} in a rule's expression`);
  return more.length === 0 ? render(only) : parts.map(grouped).join(` ${operator} `);
}

const grouped = (expression: Expression): string => `(${render(expression)})`;
