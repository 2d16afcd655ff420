/** A whole comparison: what both renderers are given. */
import type { StackDiff } from "./index";
import type { PreviewDiff } from "./preview";

export interface Report {
  /** What it is compared with, for people. */
  base: string;
  /** Why there is nothing to compare with; `undefined` where there is. */
  unknownBase?: string | undefined;
  stacks: readonly StackDiff[];
  previews: readonly PreviewDiff[];
}

export const nothingChanges = ({ base }: Report): string =>
  `Nothing changes: all plans are as those of ${base}.`;
