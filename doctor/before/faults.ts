/** What speaks against a first `up`, in the form that checks have. Pure. */
import type { Problem } from "../../stacks/settings/problems";
import type { Seen } from "../check";

/** Something that is wrong or missing, and what to do. */
export interface Fault {
  what: string;
  fix: string;
}

/** All of it as what one check has seen. @param well what there is to say where nothing is wrong. */
export const faultsSeen = (found: readonly Fault[], well: string, severity?: "warning"): Seen =>
  found.length === 0
    ? { ok: true, saw: well }
    : {
        ok: false,
        saw: found.map(({ what }) => what).join("; "),
        fix: [...new Set(found.map(({ fix }) => fix))].join("; "),
        ...(severity === undefined ? {} : { severity }),
      };

/** A problem of the settings, or of what they meet. */
export const faultOf = ({ key, problem, given, fix }: Problem): Fault => ({
  what: `${key}: ${problem}${given === undefined ? "" : ` (${given})`}`,
  fix,
});

/** Problems; where there are none, the warnings. */
export const problemsSeen = (
  problems: readonly Problem[],
  warnings: readonly Problem[],
  well: string,
): Seen =>
  problems.length > 0
    ? faultsSeen(problems.map(faultOf), well)
    : faultsSeen(warnings.map(faultOf), well, "warning");
