/** Takes the answers of `npm run init` from flags and from a person. */
import type { Problem } from "../stacks/settings/problems";
import { type Answers, badForm, type Known, type Question, questions, sizeProblem } from "./init.questions";
import { backupTarget, stateSettings } from "./init.target";

/** Asks a person; `wrong` says what was the matter with the answer before. */
export type Ask = (question: Question, known: Known, wrong: Problem | undefined) => Promise<string>;

/** Answers from flags, and from a person where somebody is there to be asked. */
export interface Collected {
  answers: Known;
  /** Flags that are wrong, or missing where nobody can be asked. */
  problems: Problem[];
}

/**
 * Goes through the questions in order: takes the flag, else asks, else takes what stands in for an answer. What is wrong
 * with an answer is asked again; flags that are wrong end it.
 * @param flags by the answers' names.
 * @param ask left out where nobody is there.
 */
export async function collect(
  flags: Readonly<Record<string, string | undefined>>,
  ask?: Ask,
): Promise<Collected> {
  const problems: Problem[] = [];
  let known: Known = {};
  const take = (name: string, value: string): void => void (known = { ...known, [name]: value });
  for (const question of questions) {
    const { name, flag, when, fallback, problem } = question;
    const given = flags[name];
    const wanted = when(known);
    if (given !== undefined) {
      // Without a provider nobody can tell what belongs to it.
      if (!wanted && known.provider === undefined) continue;
      const wrong = wanted
        ? problem(given, known)
        : badForm(flag, given, `nothing with --provider ${known.provider ?? ""}`);
      if (wrong === undefined) take(name, given);
      else problems.push({ ...wrong, key: `--${flag}` });
    } else if (wanted && ask === undefined) {
      const usual = fallback(known);
      if (usual === undefined) problems.push(missingFlag(question, known));
      else take(name, usual);
    } else if (wanted && ask !== undefined && problems.length === 0)
      take(name, await askUntilGood(question, known, ask));
  }
  const { size } = flags;
  const wrong = size === undefined || known.provider === undefined ? undefined : sizeProblem(size, known);
  if (wrong !== undefined) problems.push({ ...wrong, key: "--size" });
  return { answers: size === undefined ? known : { ...known, size }, problems };
}

async function askUntilGood(question: Question, known: Known, ask: Ask): Promise<string> {
  let wrong: Problem | undefined;
  for (;;) {
    const typed = (await ask(question, known, wrong)).trim();
    const answer = typed === "" ? (question.fallback(known) ?? "") : typed;
    wrong = question.problem(answer, known);
    if (wrong === undefined) return answer;
  }
}

const missingFlag = ({ flag, text }: Question, known: Known): Problem => ({
  key: `--${flag}`,
  problem: "missing, and nobody is there to be asked",
  allowed: text(known),
  fix: `--${flag} ...`,
});

/** Answers that say where something is lost, in words. */
export function cautions({ provider, backup, state }: Answers): string[] {
  if (provider === "local") return [];
  const folder = backupTarget(backup)?.["kind"] === "folder";
  const file = stateSettings(state)?.backend.startsWith("file:") ?? true;
  return [
    ...(folder ? ["Backups on the host itself: who loses the host loses them."] : []),
    ...(file
      ? ["The state on this machine alone: nobody else can change the stack. A copy of it is in each backup."]
      : []),
  ];
}
