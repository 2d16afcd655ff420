/**
 * A comparison as Markdown for a comment. Whatever comes from settings stands in fenced blocks alone: there nothing is
 * markup, nobody is mentioned and nothing becomes a link. Pure.
 */
import type { StackDiff } from "./index";
import type { PreviewDiff } from "./preview";
import { nothingChanges, type Report } from "./report";
import { headline, type Line, previewSections, riskLine, type Section, sectionsOf, visible } from "./words";

/** What GitHub takes in a comment is 65,536 characters; the rest is for what stands around this. */
const limitCharacters = 60_000;

/** How much of each list is shown, from all to the least, until it fits. */
const bounds = [
  { lines: 500, characters: 2_000 },
  { lines: 60, characters: 400 },
  { lines: 20, characters: 240 },
  { lines: 8, characters: 160 },
  { lines: 3, characters: 120 },
] as const;
type Bound = (typeof bounds)[number];

/** @param limit characters at most. Default: what fits into a comment. */
export function diffAsMarkdown(report: Report, limit = limitCharacters): string {
  for (const bound of bounds) {
    const whole = render(report, bound, report.stacks.length);
    if (whole.length <= limit) return whole;
  }
  const least = bounds[bounds.length - 1] ?? bounds[0];
  for (let stacks = report.stacks.length - 1; stacks > 0; stacks = Math.floor(stacks / 2)) {
    const some = render(report, least, stacks);
    if (some.length <= limit) return some;
  }
  return render({ ...report, previews: report.previews.slice(0, 1) }, least, 0).slice(0, limit);
}

/** What an engine would do, alone. */
export function previewAsMarkdown(preview: PreviewDiff, limit = limitCharacters): string {
  for (const bound of bounds) {
    const whole = [riskText(preview, bound), previewText(preview, bound)].join("\n\n");
    if (whole.length <= limit) return whole;
  }
  return riskText(preview, bounds[bounds.length - 1] ?? bounds[0]).slice(0, limit);
}

/** @param count of the stacks that are shown. */
function render(report: Report, bound: Bound, count: number): string {
  const { base, unknownBase, stacks, previews } = report;
  const changed = stacks.filter(({ kind }) => kind !== "same");
  const shown = changed.slice(0, count);
  const same = stacks.length - changed.length;
  const risks = previews.map((preview) => riskText(preview, bound));
  if (unknownBase !== undefined)
    return [
      ...risks,
      fenced("text", visible(unknownBase, bound.characters)),
      ...previews.map((one) => previewText(one, bound)),
    ].join("\n\n");
  return [
    ...risks,
    ...(changed.length === 0 ? [fenced("text", visible(nothingChanges(report), bound.characters))] : []),
    ...previews.map((preview) => previewText(preview, bound)),
    ...shown.map((diff) => stackText(diff, bound)),
    ...(changed.length > shown.length
      ? [
          `${changed.length - shown.length} more stacks change and are left out here: there is too much to show.`,
        ]
      : []),
    ...(changed.length === 0
      ? []
      : [
          fenced(
            "text",
            `Compared with ${visible(base, 200)}.${same === 0 ? "" : ` Nothing changes in ${same === 1 ? "one more stack" : `${same} more stacks`}.`}`,
          ),
        ]),
  ].join("\n\n");
}

function riskText(preview: PreviewDiff, { characters }: Bound): string {
  const line = riskLine(preview);
  const block = fenced(
    "diff",
    `${line.startsWith("DATA") ? "- " : "  "}${visible(line, Math.max(characters, 600))}`,
  );
  return line.startsWith("DATA") ? `> [!CAUTION]\n> Data are at risk.\n\n${block}` : block;
}

const previewText = (preview: PreviewDiff, bound: Bound): string =>
  [
    ...folded("By the engine's preview", previewSections(preview), bound),
    ...(preview.failed ? ["The preview has errors: its job's log says which."] : []),
  ].join("\n\n");

const stackText = (diff: StackDiff, bound: Bound): string =>
  [
    fenced("text", visible(headline(diff), bound.characters)),
    ...folded("All changes", sectionsOf(diff), bound),
  ].join("\n\n");

/** What is urgent in full view; the rest behind one click. */
function folded(title: string, sections: readonly Section[], bound: Bound): string[] {
  const urgent = sections.filter((section) => section.urgent).map((section) => sectionText(section, bound));
  const rest = sections.filter((section) => !section.urgent).map((section) => sectionText(section, bound));
  return [
    ...urgent,
    ...(rest.length === 0
      ? []
      : [
          `<details><summary>${urgent.length === 0 ? title : "All other changes"}</summary>`,
          ...rest,
          "</details>",
        ]),
  ];
}

function sectionText({ title, lines }: Section, bound: Bound): string {
  const shown = lines.slice(0, bound.lines).map((line) => lineText(line, bound));
  const left = lines.length - shown.length;
  const block = fenced(
    "diff",
    [...shown, ...(left === 0 ? [] : [`# and ${left} more, left out here`])].join("\n"),
  );
  return `**${title}**\n\n${block}`;
}

const lineText = ({ mark, text }: Line, { characters }: Bound): string =>
  `${mark} ${visible(text, characters)}`;

/** A block that nothing in it can end. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
