/** Golden files: what a person reviews when the program's effect changes. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { mapLeaves } from "./graph";

export const goldenDir = join(__dirname, "../graph/__golden__");

/** Compares a text with its golden file, or writes it with UPDATE_GOLDENS=1 (`npm run goldens`). */
export function expectGolden(file: string, text: string): void {
  const path = join(goldenDir, file);
  if (process.env["UPDATE_GOLDENS"] === "1") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return;
  }
  if (!existsSync(path)) throw new Error(`no ${path}: npm run goldens writes it`);
  // Jest shows the lines that differ. When they are as intended: npm run goldens.
  expect(text).toBe(readFileSync(path, "utf8"));
}

/** JSON in which scripts and configuration files can be read line by line. */
export const readableJson = (value: unknown): string =>
  `${JSON.stringify(
    mapLeaves(value, (leaf) =>
      typeof leaf === "string" && leaf.includes("\n") ? { lines: leaf.split("\n") } : leaf,
    ),
    null,
    2,
  )}\n`;

/** The value as a preview sees it: wherever the preview doesn't know a value yet, neither does the result. */
export function asPreviewed(value: unknown, preview: unknown): unknown {
  if (preview === "[unknown]") return preview;
  if (Array.isArray(value) && Array.isArray(preview))
    return value.map((item, index) => asPreviewed(item, preview[index]));
  if (isMap(value) && isMap(preview))
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, asPreviewed(item, preview[key])]),
    );
  return value;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
