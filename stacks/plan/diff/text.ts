/** A comparison for the terminal. Pure. */
import { nothingChanges, type Report } from "./report";
import { headline, type Line, previewSections, riskLine, type Section, sectionsOf, visible } from "./words";

/** Colours; none of them where there is no terminal. */
export interface Paint {
  bold: (text: string) => string;
  red: (text: string) => string;
  green: (text: string) => string;
  yellow: (text: string) => string;
}

export function diffAsText(report: Report, paint: Paint): string {
  const { base, unknownBase, stacks, previews } = report;
  const changed = stacks.filter(({ kind }) => kind !== "same");
  const same = stacks.filter(({ kind }) => kind === "same").map(({ stack }) => stack);
  const risks = previews.map((preview) => {
    const line = visible(riskLine(preview));
    return line.startsWith("DATA") ? paint.bold(paint.red(line)) : line;
  });
  const engine = previews.flatMap((preview) =>
    previewSections(preview).map((section) =>
      sectionText(
        { ...section, title: `${section.title}, by the preview of ${preview.stack ?? "the stack"}` },
        paint,
      ),
    ),
  );
  if (unknownBase !== undefined) return [...risks, visible(unknownBase), ...engine].join("\n\n");
  return [
    ...risks,
    ...engine,
    ...changed.flatMap((diff) => [
      paint.bold(visible(headline(diff))),
      ...sectionsOf(diff).map((section) => sectionText(section, paint)),
    ]),
    changed.length === 0
      ? visible(nothingChanges(report))
      : same.length === 0
        ? `Compared with ${visible(base)}.`
        : `Compared with ${visible(base)}; nothing changes in ${same.join(", ")}.`,
  ].join("\n\n");
}

const sectionText = ({ title, urgent, lines }: Section, paint: Paint): string =>
  [
    urgent ? paint.yellow(visible(title)) : visible(title),
    ...lines.map((line) => lineText(line, paint)),
  ].join("\n");

function lineText({ mark, text }: Line, paint: Paint): string {
  const line = `  ${mark} ${visible(text)}`;
  return mark === "+"
    ? paint.green(line)
    : mark === "-"
      ? paint.red(line)
      : mark === "!"
        ? paint.yellow(line)
        : line;
}
