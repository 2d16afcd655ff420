/** What a check of a running stack is, and how all of them are run. */
import { within } from "../probe/error";

/** What people look for; the order is that of the report. */
export const groups = [
  "accounts",
  "machine",
  "containers",
  "sites",
  "calls",
  "meetings",
  "doors",
  "backups",
] as const;
export type Group = (typeof groups)[number];

/** What a check has seen. */
export type Seen =
  | { ok: true; saw: string }
  /** `means` and `fix` where they are others than the check's own. */
  | { ok: false; saw: string; severity?: "warning"; means?: string; fix?: string }
  | { ok: "unchecked"; saw: string; fix?: string };

/** One thing that holds in a stack that is well. */
export interface Check {
  /** For machines, for good: `meet.certificate`. */
  id: string;
  group: Group;
  /** What is checked, in a few words. */
  title: string;
  /** What it means for people where it doesn't hold. */
  means: string;
  /** What to do then. */
  fix: string;
  /** Ids of checks that find the cause where this one would find a consequence alone. */
  needs?: readonly string[];
  run: () => Promise<Seen>;
}

/** What came of a check. */
export interface Result {
  id: string;
  group: Group;
  title: string;
  outcome: "ok" | "warning" | "error" | "unchecked";
  /** What was seen, or why nothing was. */
  saw: string;
  /** Of those that aren't well. */
  means?: string | undefined;
  fix?: string | undefined;
  seconds: number;
}

/**
 * Runs all checks at once, each after those that it needs.
 * @param options.limitSeconds for each; what takes longer has failed. Default 12.
 * @param options.onResult told as they come.
 * @returns in the order of the checks
 */
export function runChecks(
  checks: readonly Check[],
  {
    limitSeconds = 12,
    onResult = () => undefined,
  }: { limitSeconds?: number; onResult?: (result: Result) => void } = {},
): Promise<Result[]> {
  const known = new Map(checks.map((check) => [check.id, check]));
  const begun = new Map<string, Promise<Result>>();
  const resultOf = (check: Check): Promise<Result> => {
    const running = begun.get(check.id) ?? start(check);
    begun.set(check.id, running);
    return running;
  };
  const start = async (check: Check): Promise<Result> => {
    const needed = (check.needs ?? []).flatMap((id) => known.get(id) ?? []);
    const causes = (await Promise.all(needed.map(resultOf))).filter(isCause);
    const result = await examine(check, causes, limitSeconds);
    onResult(result);
    return result;
  };
  return Promise.all(checks.map(resultOf));
}

/** A warning is no reason not to look further. */
const isCause = ({ outcome }: Result): boolean => outcome === "error" || outcome === "unchecked";

async function examine(check: Check, causes: readonly Result[], limitSeconds: number): Promise<Result> {
  const began = performance.now();
  const seen: Seen =
    causes.length > 0
      ? { ok: "unchecked", saw: `because of: ${causes.map(({ title }) => title).join("; ")}` }
      : await within(limitSeconds, attempt(check), { ok: false, saw: `no end after ${limitSeconds} s` });
  const { id, group, title } = check;
  const told = { id, group, title, saw: seen.saw, seconds: (performance.now() - began) / 1000 };
  if (seen.ok === true) return { ...told, outcome: "ok" };
  if (seen.ok === "unchecked")
    return { ...told, outcome: "unchecked", ...(seen.fix === undefined ? {} : { fix: seen.fix }) };
  const { severity = "error", means = check.means, fix = check.fix } = seen;
  return { ...told, outcome: severity, means, fix };
}

/** What a probe throws says what was wrong. */
async function attempt({ run }: Check): Promise<Seen> {
  try {
    return await run();
  } catch (error) {
    return { ok: false, saw: (error as Error).message.split("\n")[0] ?? "" };
  }
}
