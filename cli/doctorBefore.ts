/** All that is checked before a first `up`, from the settings: only what this stack will use, and nothing is changed. */
import { type Fault, faultOf, faultsSeen } from "../doctor/before/faults";
import { secretSeen } from "../doctor/before/secrets";
import type { Check, Seen } from "../doctor/check";
import type { Problem } from "../stacks/settings/problems";
import { type SecretSetting, secretSettings } from "../stacks/settings/secrets";
import { upProblems } from "../stacks/topology/load";
import { cloudChecks } from "./doctorBefore.clouds";
import { hostChecks } from "./doctorBefore.hosts";
import { wayChecks } from "./doctorBefore.ways";
import { type Outlook, outlookOf, Unreadable } from "./doctorOutlook";
import { UserError } from "./errors";
import { changeFindings } from "./load";
import { missingTools } from "./preflight";

/** @throws SettingsError where the settings can't be read at all. */
export async function checksBefore(stack: string): Promise<Check[]> {
  const outlook = outlookOf(stack);
  // The first time, it fetches the Pulumi CLI: no check has so much time.
  const tools = await missingTools();
  return [
    ...planChecks(outlook, tools),
    ...secretChecks(outlook),
    ...cloudChecks(outlook),
    ...hostChecks(outlook),
    ...wayChecks(outlook),
  ].map((check) => forPeople(check, stack));
}

/** Id of a secret's check, which others need. */
export const secretId = (key: SecretSetting): string => `secret.${key}`;

function planChecks({ topology, backend, state }: Outlook, tools: readonly Fault[]): Check[] {
  const { stack } = topology;
  return [
    {
      id: "settings",
      group: "accounts",
      title: `Pulumi.${stack}.yaml`,
      means: "an up is refused",
      fix: "npm run plan -- STACK shows all of it",
      run: () => {
        const rest = upProblems(topology).filter((problem) => missingSecret(problem, topology) === undefined);
        const warnings = topology.findings.filter(({ severity }) => severity === "warning").length;
        const well =
          warnings === 0 ? "no problem" : `no problem; npm run plan -- STACK warns of ${warnings} things`;
        return Promise.resolve(faultsSeen(rest.map(faultOf), well));
      },
    },
    {
      id: "tools",
      group: "accounts",
      title: "Node and the Pulumi CLI",
      means: "nothing can be brought up from this machine",
      fix: "install what is named",
      run: () => Promise.resolve(faultsSeen(tools, `Node ${process.version}, Pulumi CLI`)),
    },
    {
      id: "state",
      group: "accounts",
      title: "state backend",
      means: "nobody remembers what was made",
      fix: "look at muster:state",
      run: backend,
    },
    {
      id: "changes",
      group: "accounts",
      title: "what is there already",
      means: "an up is refused",
      fix: "see above",
      run: async () => {
        const known = await state();
        if (known === undefined) return { ok: true, saw: "nothing: it is the first up" };
        const found = changeFindings(topology, known).filter(({ severity }) => severity === "error");
        return faultsSeen(found.map(faultOf), `${known.resources.length} things in the state`);
      },
    },
  ];
}

/** The secret that a problem misses; `undefined` for any other problem. */
function missingSecret({ key }: Problem, { secrets }: Outlook["topology"]): SecretSetting | undefined {
  const name = key.replace("muster:", "");
  return Object.hasOwn(secretSettings, name) && !secrets.has(name as SecretSetting)
    ? (name as SecretSetting)
    : undefined;
}

/** Each secret that an `up` needs, and each that the file has. */
function secretChecks({ topology, secret, key: keyOf }: Outlook): Check[] {
  const missing = new Map(
    upProblems(topology).flatMap((problem) => {
      const name = missingSecret(problem, topology);
      return name === undefined ? [] : [[name, problem] as const];
    }),
  );
  return [...new Set([...missing.keys(), ...topology.secrets])].sort().map((key) => ({
    id: secretId(key),
    group: "accounts",
    title: `secret ${key}`,
    means: "an up is refused, or what the secret is for doesn't work",
    fix: `npm run secret -- STACK ${key}`,
    run: async (): Promise<Seen> => {
      const problem = missing.get(key);
      if (problem !== undefined) return { ok: false, saw: problem.problem, fix: problem.fix };
      const seen = secretSeen(key, await secret(key), new Date());
      if (seen.ok !== true || (key !== "sshKey" && key !== "backupSshKey")) return seen;
      const { publicLine } = await keyOf(key);
      return { ok: true, saw: `readable: ${publicLine.split(" ")[0] ?? ""}` };
    },
  }));
}

/** With this stack's name in the commands, and errors for people in their parts. */
const forPeople = (check: Check, stack: string): Check => ({
  ...check,
  fix: named(check.fix, stack),
  run: async () => {
    const seen = await check.run().catch(seenOf);
    const { saw } = seen;
    return {
      ...seen,
      saw: named(saw, stack),
      ...("fix" in seen ? { fix: named(seen.fix, stack) } : {}),
    };
  },
});

const named = (text: string, stack: string): string => text.replaceAll(/-- STACK\b/g, `-- ${stack}`);

/** @throws what is no error for people. */
function seenOf(error: unknown): Seen {
  if (error instanceof Unreadable) return { ok: "unchecked", saw: error.message };
  if (!(error instanceof UserError)) throw error;
  const [what = "", ...lines] = error.message.split("\n");
  const part = (name: string): string | undefined =>
    lines
      .find((line) => line.trim().startsWith(`${name}:`))
      ?.trim()
      .slice(name.length + 1)
      .trim();
  const fix = part("fix");
  const told = lines.filter((line) => !/^\s*(given|allowed|fix):/.test(line)).map((line) => line.trim());
  const given = part("given");
  return {
    ok: false,
    saw: [what, ...told, ...(given === undefined ? [] : [`given: ${given}`])]
      .filter((line) => line !== "")
      .join(" "),
    ...(fix === undefined ? {} : { fix }),
  };
}
