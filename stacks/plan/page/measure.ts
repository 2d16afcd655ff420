/** How wide a text is at most. No font is known where the page is made. Pure. */

/** Widths in parts of the font's size: a little more than those of Arial, Segoe UI, Roboto and the like. */
const narrow = new Set("ijl.,:;'|!()[]/- ftrI");
const wide = new Set("mwMW@%—");

function widthOfLetter(letter: string): number {
  if (wide.has(letter)) return 0.92;
  if (narrow.has(letter)) return 0.36;
  if (letter > "~") return 1.05;
  return letter >= "A" && letter <= "Z" ? 0.74 : 0.58;
}

/** Width in pixels at a size of the font in pixels. */
export const textWidth = (text: string, sizePx: number, bold = false): number =>
  [...text].reduce((sum, letter) => sum + widthOfLetter(letter), 0) * sizePx * (bold ? 1.08 : 1);

/** A text that is no wider than that: its middle gives way, since names differ at both ends. */
export function shortened(text: string, mostPx: number, sizePx: number, bold = false): string {
  if (textWidth(text, sizePx, bold) <= mostPx) return text;
  const letters = [...text];
  for (let kept = Math.min(letters.length - 1, Math.floor((mostPx / sizePx) * 3)); kept > 1; kept--) {
    const head = Math.ceil(kept / 2);
    const short = `${letters.slice(0, head).join("")}…${letters.slice(letters.length - (kept - head)).join("")}`;
    if (textWidth(short, sizePx, bold) <= mostPx) return short;
  }
  return "…";
}
