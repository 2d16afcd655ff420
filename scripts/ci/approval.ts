/**
 * approval.ts ENVIRONMENT: fails unless somebody must approve what is deployed there. GitHub makes an environment that
 * isn't there, and then it has no rules at all.
 */
import { z } from "zod";
import { UserError } from "../../cli/errors";
import { argument, GitHub, runScript } from "./github";

const environment = z.object({ protection_rules: z.array(z.object({ type: z.string() })).default([]) });

/** @throws UserError where nobody must approve. */
export async function needsApproval(name: string, env = process.env): Promise<string> {
  const { protection_rules: rules } = await GitHub.fromEnvironment(env).ask(
    "GET",
    `/environments/${encodeURIComponent(name)}`,
    environment,
  );
  if (!rules.some(({ type }) => type === "required_reviewers"))
    throw new UserError(
      `Nobody must approve what goes to the environment ${name}: nothing is deployed.\n  fix: Settings, Environments, ${name}, Required reviewers (docs/pull-requests.md)`,
    );
  return `Somebody must approve what goes to the environment ${name}.`;
}

if (require.main === module) runScript(() => needsApproval(argument(0, "environment")));
