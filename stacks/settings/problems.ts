/** What is wrong with the settings: collected, never thrown one by one. */
export interface Problem {
  /** Full key, such as `muster:people.accounts`; for findings about the whole, the stack's file. */
  key: string;
  /** What is wrong. */
  problem: string;
  /** What was given, as it may be shown; left out where there was nothing, or where it is a secret. */
  given?: string | undefined;
  /** What is allowed. */
  allowed?: string | undefined;
  /** How to fix it. */
  fix: string;
}

/** One message for all problems: what, given, allowed, fix. */
export function describeProblems(source: string, problems: readonly Problem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return [`${source}: ${count}`, ...problems.map(describe)].join("\n\n");
}

function describe({ key, problem, given, allowed, fix }: Problem): string {
  const lines = [`  ${key}: ${problem}`];
  if (given !== undefined) lines.push(`    given:   ${given}`);
  if (allowed !== undefined) lines.push(`    allowed: ${allowed}`);
  lines.push(`    fix:     ${fix}`);
  return lines.join("\n");
}

/** Bad settings: the message lists every problem and is meant to be read without a stack trace. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  constructor(
    source: string,
    readonly problems: readonly Problem[],
  ) {
    super(describeProblems(source, problems));
  }
}
