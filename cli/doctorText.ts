/** A report for the terminal: what isn't well, each with what it means and what to do; of the rest, how much it is. */
import { groups, type Group, type Result } from "../doctor/check";
import type { Report } from "../doctor/report";
import { colors } from "./table";

const titles: Readonly<Record<Group, string>> = {
  accounts: "Accounts",
  machine: "Machine",
  containers: "Containers",
  sites: "Sites",
  calls: "Calls and relay",
  meetings: "Meetings",
  doors: "Open ports",
  backups: "Backups",
};

const marks = {
  ok: colors.green("✓"),
  warning: colors.yellow("!"),
  error: colors.red("✗"),
  unchecked: colors.dim("?"),
};

/** Pure. @param all shows each check, also those that are well. */
export function doctorText(report: Report, all: boolean): string {
  const shown = groups.flatMap((group) => {
    const results = report.checks.filter((result) => result.group === group);
    return results.length === 0 ? [] : [...section(group, results, all), ""];
  });
  return [...shown, lastLine(report)].join("\n");
}

function section(group: Group, results: readonly Result[], all: boolean): string[] {
  const unwell = results.filter(({ outcome }) => outcome !== "ok");
  const well = results.length - unwell.length;
  const head = `${colors.bold(titles[group])}  ${colors.dim(`${well} of ${results.length} well`)}`;
  return [head, ...(all ? results : unwell).flatMap(lines)];
}

function lines({ outcome, title, saw, means, fix }: Result): string[] {
  const head = `  ${marks[outcome]} ${title}`;
  if (outcome === "ok") return [`${head}  ${colors.dim(saw)}`];
  return [
    head,
    `      saw:   ${saw}`,
    ...(means === undefined ? [] : [`      means: ${means}`]),
    ...(fix === undefined ? [] : [`      fix:   ${fix}`]),
  ];
}

function lastLine({ checks, seconds, stack, ok }: Report): string {
  const count = (outcome: Result["outcome"]): number =>
    checks.filter((result) => result.outcome === outcome).length;
  const parts = [
    `${count("ok")} well`,
    ...(["warning", "error", "unchecked"] as const).flatMap((outcome) =>
      count(outcome) === 0 ? [] : [`${count(outcome)} ${words[outcome]}`],
    ),
  ];
  const text = `${stack}: ${parts.join(", ")}, in ${seconds.toFixed(1)} s`;
  return ok ? text : colors.red(text);
}

const words = { warning: "to look at", error: "wrong", unchecked: "not checked" } as const;
