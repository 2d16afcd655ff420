/** Whether this stack's Mattermost can go on with a database from elsewhere. Pure. */
import { lastNumbered, schemaMarks } from "../components/services/mattermost.migrations";
import { describeProblems } from "../stacks/settings/problems";
import { upgradeProblems } from "../stacks/topology/upgrades";

/** One migration of a database. */
interface Migration {
  number: number;
  name: string;
}

/** What a database says that it was written by. */
export interface Written {
  migrations: readonly Migration[];
  /** Of servers before 6.4. */
  version?: string;
}

/** Reads the lines of import.sh: `migration<tab>number<tab>name` and `version<tab>value`, after a word or none. */
export function writtenBy(output: string, before = ""): Written {
  const lines = output
    .split("\n")
    .filter((line) => line.startsWith(before))
    .map((line) => line.slice(before.length).split("\t"));
  const version = lines.find(([kind]) => kind === "version")?.[1];
  return {
    migrations: lines.flatMap(([kind, number = "", name = ""]) =>
      kind === "migration" ? [{ number: Number(number), name }] : [],
    ),
    ...(version === undefined ? {} : { version }),
  };
}

/** The version that a database stands for: exact where it says so, else the newest line whose migrations it has. */
export function versionOf({ migrations, version }: Written): string | undefined {
  if (migrations.length === 0) return version;
  const last = Math.max(...migrations.map(({ number }) => number));
  return `${schemaMarks.filter(({ migration }) => migration <= last).at(-1)?.line ?? ""}.0`;
}

/** Migrations that this stack's Mattermost has not made. Where it says nothing of its own, none can be told. */
function unknownMigrations(from: Written, here: Written): Migration[] {
  if (here.migrations.length === 0) return [];
  const numbers = new Set(here.migrations.map(({ number }) => number));
  const names = new Set(here.migrations.map(({ name }) => name));
  return from.migrations.filter(({ number, name }) =>
    number <= lastNumbered ? !numbers.has(number) : !names.has(name),
  );
}

/** What speaks against it, in words; `undefined` where nothing does. */
export function importProblem(from: Written, here: Written, reference: string): string | undefined {
  const version = versionOf(from);
  if (version === undefined)
    return "The dump says nowhere which Mattermost has written it: is it a dump of Mattermost's own database?";
  const [newer] = unknownMigrations(from, here).slice(-1);
  if (newer !== undefined)
    return `The dump is from a newer Mattermost than the one of this stack.\n  given:   a database with the migration ${newer.number} ${newer.name}\n  allowed: what ${reference} knows\n  fix:     name a newer version in muster:images.overrides, and bring the stack up`;
  const problems = upgradeProblems({ mattermost: `mattermost:${version}` }, { mattermost: reference }).filter(
    ({ severity }) => severity === "error",
  );
  return problems.length === 0
    ? undefined
    : describeProblems(
        "The dump",
        problems.map((problem) => ({
          ...problem,
          key: "--dump",
          given: `a database of Mattermost ${version}${from.migrations.length > 0 ? ", by its migrations" : ""}`,
          fix: "bring the old server to the next of these versions, one after the other, and dump it anew",
        })),
      );
}
