/** A zone is looked at before anything is made: nothing in it is trampled, and what can't work is said at once. */
import { type Problem, SettingsError } from "../../stacks/settings/problems";
import type { EdgePlan } from "../../stacks/topology/edge/types";
import { collisions } from "./collisions";
import { idsInState } from "./state";
import { ApiProblem, ZoneApi } from "./zoneApi";
import { findZone, readZone, type ZoneFacts } from "./zoneFacts";
import { ownerProblems, scopeProblems, stateProblems, zoneMissing, zoneWarnings } from "./zoneProblems";

export interface OpenZone {
  /** The zone's id at Cloudflare. */
  id: string;
  warnings: readonly Problem[];
}

interface Options {
  /** Ids of what is in the stack's own state already. Default: the engine is asked. */
  known?: () => Promise<ReadonlySet<string>>;
  /** How long Cloudflare may take for one answer. Default: 20 000. */
  timeoutMs?: number;
}

/**
 * Looks a stack's zone up, and all in it that the stack would meet. It only reads.
 * @throws SettingsError with everything that speaks against bringing the stack up.
 */
export async function openZone(
  { stack, edge }: { stack: string; edge: EdgePlan },
  token: string,
  { known = () => idsInState(stack), timeoutMs }: Options = {},
): Promise<OpenZone> {
  const { zone } = edge;
  if (zone === undefined) throw new Error(`stack ${stack} has no zone`);
  const source = `Zone ${zone.name} at Cloudflare`;
  try {
    const api = new ZoneApi(token, timeoutMs);
    const found = await findZone(api, zone.name);
    if (found === "denied") throw new SettingsError(source, scopeProblems(zone, new Set(["Zone"])));
    if ("seen" in found) throw new SettingsError(source, [zoneMissing(zone, found.seen)]);
    const facts = await readZone(api, found.zone, zone);
    const theirs = await strange(facts, known);
    const names = edge.records.map(({ name }) => name);
    const problems = [
      ...scopeProblems(zone, facts.denied, found.zone),
      ...stateProblems(zone, facts),
      ...ownerProblems(zone, theirs, names),
      ...collisions(stack, edge, zone, theirs),
    ];
    if (problems.length > 0) throw new SettingsError(source, problems);
    return { id: found.zone.id, warnings: zoneWarnings(zone, facts) };
  } catch (error) {
    if (error instanceof ApiProblem) throw new SettingsError(source, [error.problem]);
    throw error;
  }
}

/** What of a zone isn't in the stack's own state. */
async function strange(facts: ZoneFacts, known: () => Promise<ReadonlySet<string>>): Promise<ZoneFacts> {
  const { records, rulesets } = facts;
  if (records.length + rulesets.length === 0) return facts;
  const own = await known();
  const isStrange = ({ id }: { id: string }): boolean => !own.has(id);
  return { ...facts, records: records.filter(isStrange), rulesets: rulesets.filter(isStrange) };
}
