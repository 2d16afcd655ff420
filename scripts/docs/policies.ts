/** What the policies ask for, and where each is judged. Pure. */
import type { Rule } from "../../policy/graph";
import { policyName, rules } from "../../policy/rules";
import { code, table } from "./markdown";

/** Where a rule is judged, in words. */
function judged({ unseen = [], scope = "resource" }: Rule): string {
  if (unseen.length > 0) return `by the tests: ${unseen.map(code).join(", ")}`;
  return scope === "graph" ? "all at once" : "one by one";
}

export const policiesTable = (): string =>
  table(
    ["Policy", "Without it", "How to mend it", "Judged"],
    rules.map((rule) => [code(policyName(rule.name)), rule.why, rule.fix, judged(rule)]),
  );
