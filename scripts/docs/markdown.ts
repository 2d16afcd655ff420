/** Pieces of Markdown, and the marked places in hand-written pages that they go to. Pure. */

/** Text that stands literally in a cell. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

export const code = (text: string | number): string => `\`${text}\``;

/** A table; prettier lines its columns up. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A fenced block. */
export const fenced = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\``;

const marked = /(<!-- generated: ([a-z-]+) -->\n)[^]*?(<!-- end -->)/g;

/** Names of the blocks that a page has places for. */
export const blocksIn = (page: string): string[] =>
  [...page.matchAll(marked)].map(([, , name]) => name ?? "");

/** The page with every marked place filled; a place without a block of its name is a mistake. */
export function fillBlocks(page: string, blocks: Readonly<Record<string, () => string>>): string {
  return page.replace(marked, (_, start: string, name: string, end: string) => {
    const render = blocks[name];
    if (render === undefined)
      throw new Error(`no generated block ${name}; there are ${Object.keys(blocks).join(", ")}`);
    return `${start}\n${render()}\n${end}`;
  });
}
