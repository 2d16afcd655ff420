import { type ProgramRun, runProgram } from "../helpers/engine";
import { known } from "../helpers/hosts";
import { engineConfig, projectDir, secretValues, stackConfig } from "../helpers/stacks";

// A run takes a second, but the machine may be busy.
jest.setTimeout(60_000);

interface Case {
  name: string;
  stack: string;
  /** Changes to the stack's file. */
  change?: Record<string, unknown>;
  encrypted?: string[];
  /** Values of encrypted settings. */
  secrets?: Record<string, string>;
  /** Each must stand in the one error. */
  says: string[];
}

const cases: Case[] = [
  {
    name: "prod, without the keys of its host and its edge",
    stack: "prod",
    encrypted: ["licence"],
    says: [
      "Pulumi.prod.yaml: 3 problems",
      "muster:sshKey",
      "muster:digitaloceanToken",
      "muster:cloudflareToken",
    ],
  },
  {
    name: "unknown keys, a domain that isn't one, fewer than nobody, and a secret in plain text",
    stack: "local",
    change: {
      poeple: { accounts: 1 },
      domain: "not a domain",
      constructor: "x",
      people: { accounts: -3 },
      licence: secretValues["licence"],
      license: secretValues["licence"],
    },
    says: [
      "6 problems",
      "did you mean muster:people?",
      "muster:domain: not a domain name",
      'given:   "not a domain"',
      "muster:constructor: unknown key",
      "muster:people.accounts: too small",
      "muster:licence: a secret in plain text",
      "it is called muster:licence now",
    ],
  },
  {
    name: "absurd numbers of people and a machine that can't hold the services",
    stack: "local",
    change: { people: { accounts: 100, active: 90 }, host: { provider: "local", memoryMiB: 512, cpus: 1 } },
    says: ["2 problems", "muster:host.memoryMiB: too little memory for these people", "given:   512 MiB"],
  },
  {
    name: "a relay's secret that its file can't hold",
    stack: "local",
    change: { turn: "on" },
    encrypted: ["turnSecret"],
    secrets: { turnSecret: "has a space and a #" },
    says: [
      "1 problem",
      "muster:turnSecret: has characters that its file can't hold",
      "allowed: 16 to 128 letters",
    ],
  },
];

describe("the program refuses, before anything is made", () => {
  it.each(cases)("$name", async ({ stack, change, encrypted, secrets, says }) => {
    const config = engineConfig(stackConfig(stack, change, encrypted), secrets);
    const run: ProgramRun = await runProgram({ projectDir, project: "muster", stack, ...config, known });
    expect(run.exitCode).not.toBe(0);
    expect(run.resources.map(({ type }) => type)).toEqual(["pulumi:pulumi:Stack"]);
    expect(run.outputs).toEqual({});
    expect(run.errors).toHaveLength(1);
    for (const text of says) expect(run.errors[0]).toContain(text);
    // An error for a person: no stack trace, here or beside it.
    expect(run.errors[0]).not.toMatch(/^\s+at /m);
    expect(run.stdout + run.stderr).toBe("");
    // Node 20 takes half a gigabyte to format one of the SDK's stack frames; see index.ts.
    if (process.platform === "linux") expect(run.maxRssMiB).toBeLessThan(350);
    for (const value of Object.values(secretValues)) expect(JSON.stringify(run)).not.toContain(value);
  });
});
