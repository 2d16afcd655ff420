/** Tables and colours on a terminal. */
import { isatty } from "node:tty";
import Table from "cli-table3";
import { createColors, isColorSupported } from "picocolors";

/** Colour on a terminal only: CI services ask for it in pipes too. */
export const colors = createColors(isColorSupported && isatty(1));

/** A table without lines. */
export function table(head: string[], rows: (string | number)[][]): string {
  const plain = { head: [], border: [], "padding-left": 0, "padding-right": 2 };
  const none = ["top", "bottom", "mid", "left", "right", "middle"].flatMap((side) => [
    [side, ""],
    [`${side}-mid`, ""],
    [`${side}-left`, ""],
    [`${side}-right`, ""],
  ]);
  const view = new Table({
    head: head.map((title) => colors.dim(title)),
    style: plain,
    chars: Object.fromEntries(none) as Record<string, string>,
  });
  view.push(...rows);
  return view
    .toString()
    .split("\n")
    .map((line) => `  ${line.trimEnd()}`)
    .join("\n");
}
