import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { parse } from "yaml";
import { generatedFiles, outOfDate, projectDir } from "../../scripts/docs/files";
import { blocksIn, fillBlocks } from "../../scripts/docs/markdown";
import { sampleSettings } from "../../scripts/docs/sample";
import { exceptions } from "../../scripts/docs/services";
import { prepareSandbox, shipSandbox } from "../../components/platform/prepare";
import { services } from "../../components/services";
import { allPins } from "../../components/services/images";
import { describeSettings } from "../../stacks/settings/describe";
import { parseSettings } from "../../stacks/settings/parse";
import { secretSettings } from "../../stacks/settings/secrets";

const read = (path: string): string => readFileSync(join(projectDir, path), "utf8");
const readme = read("README.md");

describe("generated files", () => {
  it("are what npm run generate would write", async () => {
    expect(outOfDate(await generatedFiles()).map(({ path }) => path)).toEqual([]);
  });

  it("include the README and every page with a marked place", async () => {
    expect((await generatedFiles()).map(({ path }) => path).sort()).toEqual([
      "Pulumi.README.yaml",
      "README.md",
      "docs/doctor.md",
      "docs/doctor.schema.json",
      "docs/outputs.md",
      "docs/outputs.schema.json",
      "docs/plan.md",
      "docs/plan.schema.json",
      "docs/policy.md",
      "docs/services.md",
      "docs/settings.md",
      "docs/sizing.md",
    ]);
  });

  it("leave what is written by hand alone, also between two places", () => {
    const page = (first: string, second: string): string =>
      `by hand\n<!-- generated: one -->${first}<!-- end -->\nbetween\n<!-- generated: two -->${second}<!-- end -->\n`;
    const filled = fillBlocks(page("\n", "\nold\n"), { one: () => "1", two: () => "2" });
    expect(filled).toBe(page("\n\n1\n", "\n\n2\n"));
    expect(blocksIn(filled)).toEqual(["one", "two"]);
    expect(() => fillBlocks(page("\n", "\n"), { one: () => "1" })).toThrow(
      "no generated block two; there are one",
    );
  });
});

describe("the sandbox's exceptions", () => {
  const page = read("docs/services.md");
  const declared = [
    prepareSandbox,
    shipSandbox,
    ...services.flatMap(({ sandbox, jobs }) => [sandbox, ...jobs.map((job) => job.sandbox ?? {})]),
  ].flatMap((sandbox) => Object.values(sandbox) as { reason: string }[]);

  it("are all in the docs, each with its reason", () => {
    expect(exceptions()).toHaveLength(declared.length);
    for (const { of, field, value, reason } of exceptions()) {
      const row = page
        .split("\n")
        .map((line) => line.split("|").map((cell) => cell.trim()))
        .find((cells) => cells[1] === of && cells[2] === field);
      expect(row?.slice(3, 5)).toEqual([value, reason]);
    }
    for (const { reason } of declared) expect(page).toContain(reason);
  });
});

describe("Pulumi.README.yaml", () => {
  const sample = sampleSettings();
  const prefix = "muster:";

  /** What stands under `config:`, as the settings' own reader sees it. */
  const settingsIn = (yaml: string): Record<string, unknown> => {
    const { config } = parse(yaml) as { config: Record<string, unknown> };
    return Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key.slice(prefix.length), value]),
    );
  };
  const parsed = (yaml: string) =>
    parseSettings({ source: "Pulumi.README.yaml", values: settingsIn(yaml), encrypted: [] });
  const uncomment = (lines: readonly string[]): string[] =>
    lines.map((line) => line.replace(/^( *)# (?!#)/, "$1"));

  /** Blocks between blank lines, such as one variant of `muster:host`. */
  const blocks = sample
    .slice(sample.indexOf("config:\n") + "config:\n".length)
    .split("\n\n")
    .map((block) => block.split("\n"))
    .filter((lines) => !lines.some((line) => line.includes("secure:")));
  const keyOf = (lines: readonly string[]): string =>
    uncomment(lines)
      .map((line) => /^ {2}(muster:[A-Za-z]+):/.exec(line)?.[1])
      .find((key) => key !== undefined) ?? "";

  it("is a stack's file that works as it is, with every default", () => {
    expect(parsed(sample).settings).toEqual(
      parseSettings({
        source: "",
        values: { domain: "localhost", host: { provider: "local" } },
        encrypted: [],
      }).settings,
    );
  });

  it("shows every key of the schema", () => {
    const shown = (path: readonly string[]): boolean => {
      const [top = "", ...rest] = path;
      const own = blocks
        .filter((lines) => keyOf(lines) === `${prefix}${top}`)
        .map((lines) => uncomment(lines));
      return own.some((lines) => {
        const value = rest.reduce<unknown>(
          (inner, key) => {
            const child = (inner as Record<string, unknown> | undefined)?.[key.replace("[]", "")];
            return key.endsWith("[]") ? (child as unknown[] | undefined)?.[0] : child;
          },
          (parse(lines.join("\n")) as Record<string, unknown>)[`${prefix}${top}`],
        );
        return value !== undefined;
      });
    };
    const open = describeSettings().filter(({ secret }) => !secret);
    expect(open.length).toBeGreaterThan(40);
    expect(open.map(({ key }) => key).filter((key) => !shown(key.split(".")))).toEqual([]);
    for (const secret of Object.keys(secretSettings))
      expect(sample).toContain(`npm run secret -- <stack> ${secret}`);
  });

  const titled = blocks.map((lines) => {
    const block = uncomment(lines).join("\n");
    return [`${keyOf(lines)} ${/provider: (\w+)/.exec(block)?.[1] ?? ""}`.trimEnd(), block] as const;
  });
  it.each(titled)("works with %s uncommented", (_, block) => {
    const required = ["muster:domain: localhost", "muster:host: { provider: local }"]
      .filter((line) => !new RegExp(`^ *${line.split(": ")[0] ?? ""}:`, "m").test(block))
      .map((line) => `  ${line}`);
    expect(() => parsed(["config:", ...required, block].join("\n"))).not.toThrow();
  });

  it("shows defaults as they are: uncommented, they change nothing", () => {
    // These have no default to show, and an example stands in its place.
    const examples = [
      "domain",
      "host",
      "machine",
      "edge",
      "mail",
      "images",
      "backup",
      "monitoring",
      "state",
    ].map((key) => prefix + key);
    const shown = blocks.filter((lines) => !examples.includes(keyOf(lines)));
    expect(shown.map(keyOf)).toContain("muster:people");
    const all = ["config:", "  muster:domain: localhost", "  muster:host: { provider: local }"];
    const { chat, ...settings } = parsed([...all, ...shown.flatMap(uncomment)].join("\n")).settings;
    const defaults = parsed(sample).settings;
    expect({ ...settings, chat: { ...chat, plugins: [] } }).toEqual(defaults);
  });
});

describe("renovate.json", () => {
  const { customManagers } = JSON.parse(read("renovate.json")) as {
    customManagers: { managerFilePatterns: string[]; matchStrings: string[] }[];
  };
  const [manager] = customManagers;

  it("finds every pinned image, with its name and its version", () => {
    const file = "components/services/images.ts";
    const [pattern = ""] = manager?.managerFilePatterns ?? [];
    expect(new RegExp(pattern.slice(1, -1)).test(file)).toBe(true);
    const [expression = ""] = manager?.matchStrings ?? [];
    const found = [...read(file).matchAll(new RegExp(expression, "g"))].map(({ groups }) => ({ ...groups }));
    // Jitsi's four have one tag, which stands once.
    const pins = allPins().filter(({ name }) => !name.startsWith("jitsi-") || name === "jitsi-web");
    const named = new Set(found.map(({ depName, currentValue }) => `${depName} ${currentValue}`));
    expect(named).toEqual(new Set(pins.map(({ key, tag }) => `${key.slice(0, -tag.length - 1)} ${tag}`)));
    expect(found).toHaveLength(pins.length);
  });
});

describe("the README", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };

  it("names every script of package.json", () => {
    const named = (script: string): boolean =>
      new RegExp(`npm (run )?${script}(?![a-z:-])`).test(readme) && script in scripts;
    expect(Object.keys(scripts).filter((script) => !named(script))).toEqual([]);
  });

  it("names no script that isn't there", () => {
    const named = [...readme.matchAll(/npm run ([a-z0-9:]+)/g)].map(([, script]) => script ?? "");
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });

  it("links to files that are there", () => {
    const pages = ["README.md", ...readdirSync(join(projectDir, "docs")).map((file) => `docs/${file}`)];
    const broken = pages
      .filter((page) => page.endsWith(".md"))
      .flatMap((page) =>
        [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)(#[^)]*)?\)/g)].map(([, target = ""]) => ({
          page,
          target: join(page, "..", target),
        })),
      )
      .filter(({ target }) => {
        try {
          read(target);
          return false;
        } catch {
          return true;
        }
      });
    expect(broken).toEqual([]);
  });

  /** Texts of the Docker Engine, its provider and the Pulumi engine. */
  const notOurs = [
    /^error: getting stack configuration: get stack secrets manager: incorrect passphrase$/,
    /^error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables$/,
    /^unable to pull image \S+$/,
    /^container failed to be in healthy state$/,
  ];
  const quoted = readme
    .slice(readme.indexOf("## Troubleshooting"), readme.indexOf("## Development"))
    .split("\n")
    .map((line) => /^\| (`+) ?(.+?) ?\1 +\|/.exec(line)?.[2])
    .filter((error): error is string => error !== undefined);

  it("quotes errors in its troubleshooting", () => {
    expect(quoted.length).toBeGreaterThan(10);
  });

  it.each(quoted)("quotes an error as it is written: %s", (error) => {
    const ours = literals().some((pattern) => pattern.test(error));
    const theirs = notOurs.some((pattern) => pattern.test(error));
    const scripts = shellScripts().includes(error);
    expect({ error, known: ours || theirs || scripts }).toEqual({ error, known: true });
  });
});

/** The backup's scripts: what they say stands in them up to its first value. */
const shellScripts = (): string => {
  const folder = join(projectDir, "components/services/backup");
  const files = readdirSync(folder).filter((file) => file.endsWith(".sh"));
  return files.map((file) => read(join("components/services/backup", file))).join("\n");
};

let cache: RegExp[] | undefined;
/** Every text in the program's own code, as a pattern with a gap for each value in it. */
function literals(): RegExp[] {
  cache ??= ["cli", "stacks", "components"].flatMap((folder) =>
    readdirSync(join(projectDir, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => textsIn(join(folder, file)))
      .flatMap(patternsOf),
  );
  return cache;
}

/** Marks the place of a value. */
const gap = "\0";
const leastLetters = 10;

function textsIn(path: string): string[] {
  const source = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest);
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) texts.push(node.text);
    if (ts.isTemplateExpression(node))
      texts.push(node.head.text + node.templateSpans.map(({ literal }) => gap + literal.text).join(""));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return texts;
}

/** A quote is a whole line of an error, or the whole of what stands behind a key. */
function patternsOf(text: string): RegExp[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.replaceAll(gap, "").length >= leastLetters)
    .map((line) => {
      const body = line.split(gap).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
      return new RegExp(`^(muster:[A-Za-z.]+: )?${body.join(".+")}$`);
    });
}
