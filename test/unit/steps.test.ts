import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stepsIn } from "../../scripts/steps";
import { digitaloceanScopes, tokens } from "../../stacks/topology/providers";
import { projectDir } from "../helpers/stacks";

const read = (path: string): string => readFileSync(join(projectDir, path), "utf8");
const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
const guide = read("docs/production.md");

describe("the guide to production", () => {
  const steps = stepsIn(guide);
  const commands = steps.flatMap(({ kind, text }) => (kind === "command" ? [text] : []));

  it("takes at most 12 steps, and says so many", () => {
    expect(steps.length).toBeGreaterThan(0);
    expect(steps.length).toBeLessThanOrEqual(12);
    const numbers = [...guide.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
    expect(numbers).toEqual(steps.map((_, index) => index + 1));
    expect(guide).toContain("Twelve steps");
  });

  it("has no command but npm's own and the scripts of package.json", () => {
    const known = (command: string): boolean => {
      const [npm, verb = "", script = "", ...rest] = command.split(/\s+/);
      return (
        command === "npm ci" || (npm === "npm" && verb === "run" && script in scripts && rest[0] === "--")
      );
    };
    expect(commands.filter((command) => !known(command))).toEqual([]);
  });

  it("makes the stack, brings it up, shows the password and prints the sheet, of one stack", () => {
    const verbs = commands.map((command) => command.split(" ").slice(1, 5).join(" "));
    expect(verbs).toEqual([
      "ci",
      "run init -- team",
      "run up -- team",
      "run credentials -- team",
      "run key -- team",
    ]);
  });

  it("makes each token before it is typed, and types each: what isn't counted isn't needed", () => {
    const kinds = (kind: string): number => steps.filter((step) => step.kind === kind).length;
    // The tokens' forms, and DNS.
    expect(kinds("form")).toBe(kinds("value") + 1);
  });

  it("gives flags that the verb has", () => {
    const main = read("cli/main.ts");
    const flags = [...guide.matchAll(/ (--[a-z-]+) /g)].map(([, flag = ""]) => flag);
    expect(flags.length).toBeGreaterThan(5);
    expect(flags.filter((flag) => !main.includes(`"${flag} <`))).toEqual([]);
  });
});

describe("the page about hosts", () => {
  const page = read("docs/hosts.md");

  it("says the scopes that init says", () => {
    for (const scope of digitaloceanScopes) expect(page).toContain(scope);
    const aws = tokens.find(({ secret }) => secret === "awsSecretAccessKey");
    expect(page.replaceAll(/\s+/g, " ")).toContain(aws?.scopes[0]);
  });
});

describe("counting steps", () => {
  const sh = (...lines: string[]): string => ["```sh", ...lines, "```"].join("\n");

  it("counts each command, however they are written", () => {
    const text = ["npm ci && npm start", "  # nothing", "", "npm run up -- a \\", "  --yes; npm stop # why"];
    expect(stepsIn(sh(...text)).map((step) => step.text)).toEqual([
      "npm ci",
      "npm start",
      "npm run up -- a --yes",
      "npm stop",
    ]);
  });

  it("counts values and forms beside them, and nothing that is only shown", () => {
    const text = `1. <!-- form: a token --> Click.\n   <!-- value: the token -->\n\`\`\`yaml\nnpm ci\n\`\`\`\n${sh("npm ci")}`;
    expect(stepsIn(text).map(({ kind }) => kind)).toEqual(["form", "value", "command"]);
  });

  it.each(["", "bash", "console"])("takes no block of the kind %j, which might hide a step", (kind) => {
    expect(() => stepsIn(`\`\`\`${kind}\nnpm ci\n\`\`\``)).toThrow("a block of code of the kind");
  });
});
