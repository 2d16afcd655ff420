import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { knownStacks, readStackFile } from "../../stacks/settings/file";
import { SettingsError } from "../../stacks/settings/problems";

describe("a stack's file", () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "muster-settings-"))));
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });
  const write = (stack: string, text: string): void => {
    writeFileSync(join(dir, `Pulumi.${stack}.yaml`), text);
  };
  const refused = (stack: string): SettingsError => {
    try {
      readStackFile(dir, stack);
    } catch (error) {
      if (error instanceof SettingsError) return error;
      throw error;
    }
    throw new Error("nothing was refused");
  };

  it("gives Muster's own keys, the encrypted ones by name alone, and leaves others be", () => {
    write(
      "good",
      `encryptionsalt: v1:abc
config:
  muster:domain: example.org
  muster:people: { accounts: 5 }
  muster:licence: { secure: v1:ciphertext }
  aws:region: eu-central-1
`,
    );
    expect(readStackFile(dir, "good")).toEqual({
      source: "Pulumi.good.yaml",
      values: { domain: "example.org", people: { accounts: 5 } },
      encrypted: ["licence"],
    });
  });

  it("may have no settings at all: what is missing is for the schema to say", () => {
    write("empty", "encryptionsalt: v1:abc\n");
    expect(readStackFile(dir, "empty")).toMatchObject({ values: {}, encrypted: [] });
  });

  it.each([
    ["a bracket that stays open", "config:\n  muster:people: { accounts: 5\n"],
    ["a key twice", "config:\n  muster:domain: a\n  muster:domain: b\n"],
    ["tabs", "config:\n\tmuster:domain: a\n"],
    ["two documents", "config: {}\n---\nconfig: {}\n"],
    ["an alias of nothing", "config: *nowhere\n"],
  ])("with %s is one error that names the file", (_what, text) => {
    write("bad", text);
    const { problems, message } = refused("bad");
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      key: "Pulumi.bad.yaml",
      problem: expect.stringMatching(/^not valid YAML: ./),
    });
    expect(message).toMatch(/^Pulumi\.bad\.yaml: 1 problem/);
  });

  it("says at which line the YAML breaks", () => {
    write("bad", "config:\n  muster:domain: a\n  muster:domain: b\n");
    expect(refused("bad").message).toContain("at line 3");
  });

  it.each([
    ["a list", "- a\n"],
    ["a text", "hello\n"],
    ["nothing", ""],
    ["a list of settings", "config:\n  - muster:domain\n"],
  ])("that is %s instead of a map says what is allowed", (_what, text) => {
    write("odd", text);
    expect(refused("odd").problems).toMatchObject([{ key: "Pulumi.odd.yaml", problem: "no settings" }]);
  });

  it("that isn't there is an error with the nearest stack", () => {
    write("prod", "config: {}\n");
    write("dev", "config: {}\n");
    write("README", "config: {}\n");
    expect(knownStacks(dir)).toEqual(["dev", "prod"]);
    expect(refused("prd").problems).toEqual([
      {
        key: "Pulumi.prd.yaml",
        problem: "no such stack",
        given: '"prd"',
        allowed: "dev, prod",
        fix: "did you mean prod?",
      },
    ]);
    expect(refused("staging-west").problems[0]?.fix).toBe("name one that has a file, or write the file");
  });

  it.each(["../../etc/passwd", "", ".", "a/b"])("of the impossible name %j is no such stack", (stack) => {
    write("dev", "config: {}\n");
    expect(refused(stack).problems[0]?.problem).toBe("no such stack");
  });
});
