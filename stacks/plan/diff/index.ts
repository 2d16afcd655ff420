/** What changes between two revisions, per stack, as data. Pure. */
import type { Revision } from "../revision";
import type { Plan } from "../schema";
import type { Change } from "./change";
import { doorChanges } from "./doors";
import { recordChanges, zoneChanges } from "./edge";
import {
  costChanges,
  dataChanges,
  findingChanges,
  linkChanges,
  machineChanges,
  peopleChanges,
  serviceChanges,
  siteChanges,
} from "./parts";

export type { Change } from "./change";

/** What one stack becomes. */
export interface StackDiff {
  stack: string;
  /** `unknown`: the settings of one revision can't be read. */
  kind: "added" | "removed" | "changed" | "same" | "unknown";
  changes: readonly Change[];
  /** Price of a month in USD; null where nobody knows, `undefined` where there is no such stack. */
  monthly: { before: number | null | undefined; after: number | null | undefined };
  /** Why settings can't be read. */
  problems: { base?: string; head?: string };
}

/** Everything that differs, what opens something first. */
export function diffOf(base: Plan, head: Plan): Change[] {
  const changes = [
    doorChanges,
    dataChanges,
    machineChanges,
    serviceChanges,
    linkChanges,
    siteChanges,
    recordChanges,
    zoneChanges,
    peopleChanges,
    costChanges,
    findingChanges,
  ].flatMap((part) => part(base, head));
  return [...changes.filter(({ opens }) => opens), ...changes.filter(({ opens }) => !opens)];
}

/**
 * Every stack of either revision, those that differ first.
 * @param only names of stacks. Default: all.
 */
export function diffOfRevisions(base: Revision, head: Revision, only?: readonly string[]): StackDiff[] {
  const known = [base.stacks, head.stacks, base.problems, head.problems].flatMap(Object.keys);
  const names = [...new Set(known)].sort().filter((stack) => only?.includes(stack) ?? true);
  const all = names.map((stack) => stackDiff(stack, base, head));
  return [...all.filter(({ kind }) => kind !== "same"), ...all.filter(({ kind }) => kind === "same")];
}

function stackDiff(stack: string, base: Revision, head: Revision): StackDiff {
  const [before, after] = [own(base.stacks, stack), own(head.stacks, stack)];
  const [wasWrong, isWrong] = [own(base.problems, stack), own(head.problems, stack)];
  const problems = {
    ...(wasWrong === undefined ? {} : { base: wasWrong }),
    ...(isWrong === undefined ? {} : { head: isWrong }),
  };
  const monthly = { before: before?.cost.monthly, after: after?.cost.monthly };
  const common = { stack, monthly, problems };
  if (wasWrong !== undefined || isWrong !== undefined)
    return { ...common, kind: wasWrong === isWrong ? "same" : "unknown", changes: [] };
  const one = before ?? after;
  if (one === undefined) return { ...common, kind: "same", changes: [] };
  const changes = diffOf(before ?? nothing(one), after ?? nothing(one));
  if (before === undefined || after === undefined)
    return { ...common, kind: before === undefined ? "added" : "removed", changes };
  return { ...common, kind: changes.length === 0 ? "same" : "changed", changes };
}

const own = <T>(all: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(all, name) ? all[name] : undefined;

/** The same stack with nothing in it: for as many people, of the same edition, by the same prices. */
const nothing = (plan: Plan): Plan => ({
  ...plan,
  hosts: [],
  services: [],
  doors: [],
  links: [],
  sites: [],
  records: [],
  zone: null,
  cost: { ...plan.cost, monthly: plan.cost.monthly === null ? null : 0, parts: [] },
  findings: [],
});
