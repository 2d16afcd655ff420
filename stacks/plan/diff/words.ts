/** What a diff says, line by line, for the terminal and for Markdown alike. Pure. */
import { type Change, type Topic, topics } from "./change";
import { atRisk, type Fate, fateWords, type Planned, type PreviewDiff } from "./preview";
import type { StackDiff } from "./index";
import { money } from "./parts";

/** `!` is what has changed, `+` what comes, `-` what goes. */
export interface Line {
  mark: "+" | "-" | "!" | " ";
  text: string;
}

export interface Section {
  title: string;
  /** What people must see before all else. */
  urgent: boolean;
  lines: readonly Line[];
}

/** All that differs of one stack, the urgent first. */
export function sectionsOf({ changes, problems }: StackDiff): Section[] {
  const opened = changes.filter(({ opens }) => opens);
  const other = changes.filter(({ opens }) => !opens);
  return [
    section("Settings that can't be read, before", problemLines(problems.base)),
    section("Settings that can't be read", problemLines(problems.head)),
    { ...section("Opened", opened.map(lineOf)), urgent: true },
    ...(Object.keys(topics) as Topic[]).map((topic) =>
      section(topics[topic], other.filter((change) => change.topic === topic).map(lineOf)),
    ),
  ].filter(({ lines }) => lines.length > 0);
}

const section = (title: string, lines: readonly Line[]): Section => ({ title, urgent: false, lines });

const problemLines = (problem: string | undefined): Line[] =>
  problem === undefined ? [] : problem.split("\n").map((text) => ({ mark: " ", text }));

function lineOf({ topic, subject, before, after, opens }: Change): Line {
  const open = topic === "ports" ? "open to " : "";
  if (before === null) return { mark: "+", text: `${subject}: ${open}${after ?? ""}` };
  if (after === null) {
    const was = topic === "ports" ? "closed; it was open to " : opens ? "removed: " : "";
    return { mark: "-", text: `${subject}: ${was}${before}` };
  }
  return { mark: "!", text: `${subject}: ${open}${before} → ${after}` };
}

/** What becomes of a stack, in a few words. */
export function headline({ stack, kind, changes, monthly: { before, after } }: StackDiff): string {
  const opened = changes.filter(({ opens }) => opens).length;
  const closed = changes.filter(({ opens, closes }) => closes && !opens).length;
  return [
    `${stack}: ${{ added: "a new stack", removed: "the stack is gone", changed: "changes", same: "nothing changes", unknown: "can't be compared" }[kind]}`,
    ...(opened === 0 ? [] : [`${opened} opened`]),
    ...(closed === 0 ? [] : [`${closed} closed`]),
    ...costWords(before, after),
  ].join(", ");
}

function costWords(before: number | null | undefined, after: number | null | undefined): string[] {
  if (before === after || (before === undefined && after === null)) return [];
  if (before === undefined) return [`costs ${money(after ?? null)} a month`];
  if (after === undefined) return before === null ? [] : [`cost down by ${money(before)} a month`];
  if (before === null || after === null) return [`cost from ${money(before)} to ${money(after)} a month`];
  const [more, words] = after > before ? [after - before, "up"] : [before - after, "down"];
  return [`cost ${words} by ${money(more)} a month, from ${money(before)} to ${money(after)}`];
}

/** The first line where a preview is given: whether any data may be lost. */
export function riskLine(preview: PreviewDiff): string {
  const risks = atRisk(preview);
  const name = preview.stack ?? "the stack";
  const unsure = preview.failed ? " The preview has errors, and may not show all." : "";
  if (risks.length === 0) return `No data at risk in ${name}.${unsure}`;
  const all = risks.map((one) => `the ${one.title} ${one.name} ${fateWords(one)}`);
  const shown = all.slice(0, 5).join("; ");
  return `DATA AT RISK in ${name}: ${shown}${all.length > 5 ? `; and ${all.length - 5} more` : ""}.${unsure}`;
}

const marks: Readonly<Record<Fate, Line["mark"]>> = {
  deleted: "-",
  replaced: "!",
  gone: "!",
  left: "-",
  created: "+",
  changed: "!",
  kept: " ",
};

/** What the engine would do to machines, data, containers, and everything else. */
export function previewSections(preview: PreviewDiff): Section[] {
  const risks = atRisk(preview);
  const of = (wanted: (one: Planned) => boolean): Line[] =>
    preview.resources.filter((one) => !risks.includes(one) && wanted(one)).map(plannedLine);
  return [
    { ...section("Data at risk", risks.map(plannedLine)), urgent: true },
    {
      ...section(
        "Machines",
        of((one) => one.kind === "machine" && moves(one)),
      ),
      urgent: true,
    },
    section(
      "Data",
      of((one) => one.kind === "data" && moves(one)),
    ),
    section(
      "Containers",
      of((one) => one.kind === "container" && moves(one)),
    ),
    section(
      "Everything else",
      of((one) => one.kind === "other" && moves(one)),
    ),
    section(
      "Machines and data that stay",
      of((one) => ["machine", "data"].includes(one.kind) && !moves(one)),
    ),
  ].filter(({ lines }) => lines.length > 0);
}

const moves = ({ fate }: Planned): boolean => fate !== "kept";

const plannedLine = (one: Planned): Line => ({
  mark: marks[one.fate],
  text: `${one.title} ${one.name} ${fateWords(one)}${one.because.length === 0 ? "" : `, for ${one.because.join(", ")}`}`,
});

const hidden = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * Text from settings as one line that shows all that is in it: no control character reaches a terminal, and none turns
 * the direction of what people read.
 */
export function visible(text: string, length = Number.POSITIVE_INFINITY): string {
  const shown = text.replaceAll(hidden, (one) => `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`);
  return shown.length <= length ? shown : `${shown.slice(0, length - 1)}…`;
}
