/** `--diff BASE`: what changes between another revision and the files as they stand here. */
import { existsSync, readFileSync } from "node:fs";
import { diffOfRevisions } from "../stacks/plan/diff";
import { diffAsMarkdown } from "../stacks/plan/diff/markdown";
import { type Preview, previewDiff, readPreview } from "../stacks/plan/diff/preview";
import type { Report } from "../stacks/plan/diff/report";
import { diffAsText } from "../stacks/plan/diff/text";
import { type Revision, revisionOf } from "../stacks/plan/revision";
import { readStackFile } from "../stacks/settings/file";
import { UserError } from "./errors";
import { type Base, basePlans } from "./planBase";
import { projectDir } from "./project";
import { colors } from "./table";

export interface DiffOptions {
  /** File with what `npm run -s preview -- STACK --json` prints. */
  preview?: string | undefined;
  /** As Markdown for a comment, instead of for the terminal. */
  markdown?: boolean | undefined;
}

/**
 * What changes, as text.
 * @param stacks names; none for all of either revision.
 * @param base a git revision, or a file that `--json --all` has written.
 * @throws UserError where base, preview or a stack isn't there; SettingsError for a stack that neither revision has.
 */
export async function diffText(
  stacks: readonly string[],
  base: string,
  { preview, markdown = false }: DiffOptions = {},
): Promise<string> {
  const given = preview === undefined ? undefined : previewFrom(preview);
  const before = await basePlans(base);
  const head = revisionOf(projectDir);
  for (const stack of stacks)
    if (before.revision === undefined || !has(before.revision, stack))
      if (!has(head, stack)) readStackFile(projectDir, stack);
  const report = reportOf(before, head, given, stacks);
  return markdown ? diffAsMarkdown(report) : diffAsText(report, colors);
}

/** A comparison, ready to be shown. Pure. */
export function reportOf(
  { name, revision }: Base,
  head: Revision,
  preview: Preview | undefined,
  stacks: readonly string[] = [],
): Report {
  const only = stacks.length === 0 ? undefined : stacks;
  return {
    base: name,
    ...(revision === undefined
      ? {
          unknownBase: `Nothing to compare with: the code of ${name} is from before plans were documents.`,
          stacks: [],
        }
      : { stacks: diffOfRevisions(revision, head, only) }),
    previews: preview === undefined ? [] : [previewDiff(preview, backedUpIn(revision, head))],
  };
}

/** Volumes that backups take, in any plan, as the engine's resources are named. */
export const backedUpIn = (...revisions: (Revision | undefined)[]): ReadonlySet<string> =>
  new Set(
    revisions
      .flatMap((revision) => Object.values(revision?.stacks ?? {}))
      .flatMap(({ services }) =>
        services.flatMap(({ name, volumes }) =>
          volumes.filter(({ backup }) => backup !== "none").map((volume) => `${name}-${volume.name}`),
        ),
      ),
  );

const has = ({ stacks, problems }: Revision, stack: string): boolean =>
  Object.hasOwn(stacks, stack) || Object.hasOwn(problems, stack);

/** @throws UserError where the file is missing, or holds no preview. */
export function previewFrom(file: string): Preview {
  const preview = existsSync(file) ? readPreview(readFileSync(file, "utf8")) : undefined;
  if (preview === undefined)
    throw new UserError(
      `${file} holds no preview.\n  allowed: what npm run -s preview -- STACK --json prints\n  fix:     run that into the file first`,
    );
  return preview;
}
