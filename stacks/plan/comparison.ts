/** Two revisions' plans, and a preview, as one document: how a job without rights hands them to one that may comment. */
import { z } from "zod";
import { completed } from "./completed";
import { type Preview, previewSchema } from "./diff/preview";
import { type Revision, revisionSchema } from "./revision";

const comparisonSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Null where the base's code makes no such plans yet. */
  base: revisionSchema.nullable(),
  head: revisionSchema,
  /** Null without one. */
  preview: previewSchema.nullable(),
});
export type Comparison = z.output<typeof comparisonSchema>;

export const comparisonOf = (
  base: Revision | undefined,
  head: Revision,
  preview: Preview | undefined,
): Comparison => ({
  schemaVersion: 1,
  base: base ?? null,
  head,
  preview: preview ?? null,
});

/**
 * A comparison that anybody may have written.
 * @returns `undefined` where it is none.
 */
export function readComparison(text: string): Comparison | undefined {
  try {
    const { success, data } = comparisonSchema.safeParse(completed(comparisonSchema, JSON.parse(text)));
    return success ? data : undefined;
  } catch {
    return undefined;
  }
}
