/** What a check of a running stack is, and how all of them are run. */
import { ProbeError, within } from "../probe/error";
import { NoMedia } from "../probe/media/failure";

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
  /**
   * `means` and `fix` where they are others than the check's own. `apart`: others don't fail by it, and are asked all
   * the same.
   */
  | { ok: false; saw: string; severity?: "warning"; means?: string; fix?: string; apart?: true }
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
  /** Ids of the checks of what it asks by: without that, nobody knows. */
  through?: readonly string[];
  /** Ids of checks that find the cause where this one would find a consequence alone. */
  needs?: readonly string[];
  /** Ids of checks that must have ended before, whatever came of them: both at once would be in each other's way. */
  after?: readonly string[];
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
 * @param options.allSeconds for all of them; what isn't done then stays unchecked. Default: as long as they take.
 * @param options.onResult told as they come.
 * @returns in the order of the checks
 */
export async function runChecks(
  checks: readonly Check[],
  {
    limitSeconds = 12,
    allSeconds = Infinity,
    onResult = () => undefined,
  }: { limitSeconds?: number; allSeconds?: number; onResult?: (result: Result) => void } = {},
): Promise<Result[]> {
  const end = performance.now() + allSeconds * 1000;
  const known = new Map(checks.map((check) => [check.id, check]));
  const begun = new Map<string, Promise<Examined>>();
  const examined = (check: Check): Promise<Examined> => {
    const running = begun.get(check.id) ?? examine(check);
    begun.set(check.id, running);
    return running;
  };
  const before = async (ids: readonly string[]): Promise<Examined[]> =>
    Promise.all(ids.flatMap((id) => known.get(id) ?? []).map(examined));
  const examine = async (check: Check): Promise<Examined> => {
    const began = performance.now();
    const ways = (await before(check.through ?? [])).filter(isUnwell);
    const causes = (await before(check.needs ?? [])).filter(({ explains }) => explains);
    const blocking = [...ways, ...causes];
    if (blocking.length === 0) await before(check.after ?? []);
    const seen: Seen =
      blocking.length > 0
        ? { ok: "unchecked", saw: `because of: ${blocking.map(({ result }) => result.title).join("; ")}` }
        : await inTime(check);
    const result = resultOf(check, seen, (performance.now() - began) / 1000);
    onResult(result);
    const isCause = result.outcome === "error" && !("apart" in seen);
    return { result, explains: isCause || causes.length > 0 };
  };
  const inTime = async (check: Check): Promise<Seen> => {
    const left = (end - performance.now()) / 1000;
    const cut: Seen = {
      ok: "unchecked",
      saw: "there was no time left: other checks had to wait for answers",
    };
    // Timers may be early by a millisecond.
    if (left < 0.01) return cut;
    const late: Seen = left < limitSeconds ? cut : { ok: false, saw: `no end after ${limitSeconds} s` };
    return within(Math.min(left, limitSeconds), attempt(check), late);
  };
  return (await Promise.all(checks.map(examined))).map(({ result }) => result);
}

interface Examined {
  result: Result;
  /** Whether it is why others would fail: a fault, or the consequence of one. What nobody could ask explains nothing. */
  explains: boolean;
}

const isUnwell = ({ result: { outcome } }: Examined): boolean =>
  outcome === "error" || outcome === "unchecked";

function resultOf(check: Check, seen: Seen, seconds: number): Result {
  const { id, group, title } = check;
  const told = { id, group, title, saw: seen.saw, seconds };
  if (seen.ok === true) return { ...told, outcome: "ok" };
  if (seen.ok === "unchecked") return { ...told, outcome: "unchecked", fix: seen.fix };
  const { severity = "error", means = check.means, fix = check.fix } = seen;
  return { ...told, outcome: severity, means, fix };
}

/** What a probe throws says what was wrong, and what to do; where nothing comes through, the check knows by which door. */
async function attempt({ run }: Check): Promise<Seen> {
  try {
    return await run();
  } catch (error) {
    const saw = (error as Error).message.split("\n")[0] ?? "";
    const known = error instanceof ProbeError && !(error instanceof NoMedia);
    return { ok: false, saw, ...(known ? { fix: error.problem.fix } : {}) };
  }
}
