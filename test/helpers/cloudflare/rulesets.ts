/** Rulesets: one entry point for each phase of a zone, and in it rules that keep their ids by their refs. */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { newId, now, parse, type Account } from "./account";
import { phases, refuseRules } from "./rules";
import {
  type Answer,
  ApiError,
  invalid,
  type Routes,
  type Rule,
  type Ruleset,
  success,
  type Zone,
} from "./types";

const ruleSchema = z.object({
  id: z.string().optional(),
  ref: z.string().min(1).optional(),
  action: z.string(),
  action_parameters: z.record(z.string(), z.unknown()).optional(),
  ratelimit: z.record(z.string(), z.unknown()).optional(),
  expression: z.string(),
  description: z.string().default(""),
  enabled: z.boolean().default(true),
});
export type RuleBody = z.infer<typeof ruleSchema>;

const rulesetSchema = z.object({
  name: z.string().min(1).optional(),
  kind: z.string().optional(),
  phase: z.string().optional(),
  description: z.string().default(""),
  rules: z.array(ruleSchema).default([]),
});
type Body = z.infer<typeof rulesetSchema>;

export const rulesetRoutes = (account: Account): Routes => {
  /** The scope hangs on the phase. */
  const need = (phase: string, level: "Read" | "Edit"): void => {
    account.need(phases[phase]?.permission ?? "Zone WAF", level);
  };
  const find = (zone: Zone, id: string | undefined, level: "Read" | "Edit"): Ruleset => {
    const ruleset = zone.rulesets.get(id ?? "");
    if (ruleset === undefined)
      throw new ApiError(
        404,
        10_001,
        `could not find ruleset (zone id: ${zone.id}, ruleset id: ${id ?? ""})`,
      );
    need(ruleset.phase, level);
    return ruleset;
  };
  const change = (zone: Zone, ruleset: Ruleset, body: Body): void => {
    for (const [field, now] of Object.entries({ kind: "zone", phase: ruleset.phase })) {
      const asked = body[field as "kind" | "phase"];
      if (asked !== undefined && asked !== now) throw invalid(20_021, `${field} cannot be changed`);
    }
    const rules = merged(ruleset, body.rules);
    refuseRules(zone, ruleset.phase, body.rules);
    Object.assign(ruleset, { description: body.description, rules, lastUpdated: now() });
    ruleset.version += 1;
  };
  const base = "/client/v4/zones/:zone/rulesets";
  return {
    [`GET ${base}/phases/:phase/entrypoint`]: ({ params: [zone, phase = ""] }) => {
      need(phase, "Read");
      const found = entryPoint(account.zone(zone), phase);
      if (found === undefined)
        throw new ApiError(404, 10_003, `could not find entrypoint ruleset in the ${phase} phase`);
      return success(rulesetBody(found));
    },
    [`PUT ${base}/phases/:phase/entrypoint`]: ({ params: [zoneId, phase = ""], body, tell }) => {
      need(phase, "Edit");
      const zone = account.zone(zoneId);
      const asked = parse(rulesetSchema, body, 20_021);
      const found = entryPoint(zone, phase);
      tell(`${found === undefined ? "create" : "change"} ruleset ${phase}`);
      if (found === undefined)
        return success(rulesetBody(addRuleset(zone, { name: "default", ...asked, phase, kind: "zone" })));
      change(zone, found, asked);
      return success(rulesetBody(found));
    },
    [`GET ${base}`]: ({ params: [zone] }) => {
      need("http_request_firewall_custom", "Read");
      const all = [...account.zone(zone).rulesets.values()].map(rulesetBody);
      return success(all.map((listed) => ({ ...listed, rules: undefined })));
    },
    [`POST ${base}`]: ({ params: [zone], body, tell }): Answer => {
      const asked = parse(rulesetSchema, body, 20_021);
      need(asked.phase ?? "", "Edit");
      const made = addRuleset(account.zone(zone), asked);
      tell(`create ruleset ${made.phase}`);
      return success(rulesetBody(made));
    },
    [`GET ${base}/:id`]: ({ params: [zone, id] }) =>
      success(rulesetBody(find(account.zone(zone), id, "Read"))),
    [`PUT ${base}/:id`]: ({ params: [zoneId, id], body, tell }) => {
      const zone = account.zone(zoneId);
      const ruleset = find(zone, id, "Edit");
      change(zone, ruleset, parse(rulesetSchema, body, 20_021));
      tell(`change ruleset ${ruleset.phase}`);
      return success(rulesetBody(ruleset));
    },
    [`DELETE ${base}/:id`]: ({ params: [zoneId, id], tell }) => {
      const zone = account.zone(zoneId);
      const ruleset = find(zone, id, "Edit");
      zone.rulesets.delete(ruleset.id);
      tell(`delete ruleset ${ruleset.phase}`);
      return {};
    },
  };
};

export const entryPoint = (zone: Zone, phase: string): Ruleset | undefined =>
  [...zone.rulesets.values()].find((ruleset) => ruleset.phase === phase);

/** A ruleset as the API or somebody in the dashboard makes it. */
export function addRuleset(zone: Zone, given: unknown): Ruleset {
  const { name, kind, phase = "", description, rules } = parse(rulesetSchema, given, 20_021);
  if (name === undefined) throw invalid(20_021, "name is required");
  if (phases[phase] === undefined)
    throw invalid(20_128, `'${phase}' is not a valid value for phase because it is unknown to the double`);
  const refused = (because: string): ApiError =>
    invalid(20_217, `'${kind ?? ""}' is not a valid value for kind because ${because}`, {
      source: { pointer: "/kind" },
    });
  if (kind !== "zone") throw refused("a zone has entry points only");
  if (entryPoint(zone, phase) !== undefined)
    throw refused(`exceeded maximum number of zone rulesets for phase ${phase}`);
  refuseRules(zone, phase, rules);
  const made: Ruleset = {
    ...{ id: newId(), name, phase, description, version: 1, rules: [], lastUpdated: now() },
  };
  made.rules = merged(made, rules);
  zone.rulesets.set(made.id, made);
  return made;
}

/** The rules that are to be there: who was there before, by its id or else by its ref, keeps its id. */
function merged({ rules: before }: Ruleset, asked: readonly RuleBody[]): Rule[] {
  return asked.map(({ id, ref, ...body }) => {
    const known = before.find((rule) => (id === undefined ? rule.ref === ref : rule.id === id));
    if (id !== undefined && known === undefined) throw invalid(20_118, `could not find rule ${id}`);
    const newOne = known?.id ?? newId();
    const rule = { id: newOne, ref: ref ?? known?.ref ?? newOne, ...body };
    if (known === undefined) return { ...rule, version: 1 };
    const { version, ...same } = known;
    return { ...rule, version: isDeepStrictEqual(same, rule) ? version : version + 1 };
  });
}

const rulesetBody = ({ id, name, phase, description, version, rules, lastUpdated }: Ruleset) => ({
  ...{ id, name, description, kind: "zone", phase, version: String(version), last_updated: lastUpdated },
  // One without rules says nothing of them.
  ...(rules.length === 0
    ? {}
    : {
        rules: rules.map((rule) => ({ ...rule, version: String(rule.version), last_updated: lastUpdated })),
      }),
});
