/**
 * compare.ts BASE FILE [PREVIEW]: what changes between BASE and the files here, as Markdown on the standard output and as
 * a document in FILE, for a job that may comment. With `pulumi preview --json` in PREVIEW.
 */
import { writeFileSync } from "node:fs";
import { basePlans } from "../../cli/planBase";
import { previewFrom, reportOf } from "../../cli/planDiff";
import { projectDir } from "../../cli/project";
import { comparisonOf } from "../../stacks/plan/comparison";
import { diffAsMarkdown } from "../../stacks/plan/diff/markdown";
import { revisionOf } from "../../stacks/plan/revision";
import { argument, runScript } from "./github";

/** @returns what changes, as Markdown. */
async function compare(base: string, file: string, previewFile?: string): Promise<string> {
  const preview = previewFile === undefined ? undefined : previewFrom(previewFile);
  const before = await basePlans(base);
  const head = revisionOf(projectDir);
  writeFileSync(file, JSON.stringify(comparisonOf(before.revision, head, preview)));
  return diffAsMarkdown(reportOf(before, head, preview));
}

runScript(() => compare(argument(0, "base"), argument(1, "file"), process.argv[4]));
