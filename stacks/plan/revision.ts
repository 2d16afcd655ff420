/** All plans of one revision of the project, as one document: what `--json --all` prints and `--diff` compares. */
import { z } from "zod";
import { knownStacks, readStackFile } from "../settings/file";
import { SettingsError } from "../settings/problems";
import { plannedTopology } from "../topology/load";
import { planOf } from "./index";
import { completed } from "./completed";
import { type Plan, planSchema } from "./schema";

const stackName = z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/);

export const revisionSchema = z.strictObject({
  schemaVersion: z.literal(1).describe("Version of this contract."),
  stacks: z.record(stackName, planSchema).describe("Plans by the stack's name."),
  problems: z
    .record(stackName, z.string())
    .describe("What is wrong with settings that can't be read at all, by the stack's name."),
});

/** A revision's plans as plain data. */
export type Revision = z.output<typeof revisionSchema>;

/**
 * The plans of every stack that has a file in the project's folder; nothing but files is read.
 * @param only names of stacks. Default: all.
 */
export function revisionOf(projectDir: string, only: readonly string[] = knownStacks(projectDir)): Revision {
  const stacks: [string, Plan][] = [];
  const problems: [string, string][] = [];
  for (const stack of only) {
    try {
      const raw = readStackFile(projectDir, stack);
      stacks.push([stack, planOf(plannedTopology(projectDir, stack, raw))]);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      problems.push([stack, error.message]);
    }
  }
  return { schemaVersion: 1, stacks: Object.fromEntries(stacks), problems: Object.fromEntries(problems) };
}

/**
 * A revision that another version of the program wrote: lists that it didn't know are empty, keys that only it knows are
 * left out.
 * @returns `undefined` where it is none.
 */
export function readRevision(value: unknown): Revision | undefined {
  const { success, data } = revisionSchema.safeParse(completed(revisionSchema, value));
  return success ? data : undefined;
}
