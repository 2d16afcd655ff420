/** The contract of `npm run doctor -- STACK --json`. Versioned: keys may be added, never renamed or removed. */
import { z } from "zod";
import { groups, type Result } from "./check";

const resultSchema = z.strictObject({
  id: z.string().describe("The check, for good, such as `chat.certificate`."),
  group: z.enum(groups).describe("What it is about."),
  title: z.string().describe("What is checked, for people."),
  outcome: z
    .enum(["ok", "warning", "error", "unchecked"])
    .describe("`unchecked`: nobody could look; `saw` says why."),
  saw: z.string().describe("What was seen."),
  means: z.string().optional().describe("What it means for people; of warnings and errors."),
  fix: z.string().optional().describe("What to do."),
  seconds: z.number().min(0).describe("How long it took."),
});

export const reportSchema = z.strictObject({
  schemaVersion: z.literal(1).describe("Version of this contract."),
  stack: z.string().describe("Name of the stack."),
  when: z
    .enum(["running", "before"])
    .describe("Whether a running stack was checked, or what a first up needs."),
  at: z.iso.datetime().describe("When it was checked."),
  seconds: z.number().min(0).describe("How long all of it took."),
  ok: z.boolean().describe("Whether there is no error; the exit code says the same."),
  checks: z.array(resultSchema).describe("Every check."),
});

export type Report = z.output<typeof reportSchema>;

/** Pure. */
export const reportOf = (
  stack: string,
  when: Report["when"],
  checks: readonly Result[],
  { at, seconds }: { at: Date; seconds: number },
): Report => ({
  schemaVersion: 1,
  stack,
  when,
  at: at.toISOString(),
  seconds,
  ok: checks.every(({ outcome }) => outcome !== "error"),
  checks: [...checks],
});
