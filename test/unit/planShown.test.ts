import fc from "fast-check";
import { diffOfRevisions } from "../../stacks/plan/diff";
import { topics } from "../../stacks/plan/diff/change";
import { diffAsMarkdown, previewAsMarkdown } from "../../stacks/plan/diff/markdown";
import { previewDiff, readPreview } from "../../stacks/plan/diff/preview";
import type { Report } from "../../stacks/plan/diff/report";
import { diffAsText } from "../../stacks/plan/diff/text";
import { visible } from "../../stacks/plan/diff/words";
import type { Plan } from "../../stacks/plan";
import { hostile, markup, revisionWith, shippedPlan } from "../helpers/plans";
import { type PreviewName, previewText } from "../helpers/previews";

const commentCharacters = 65_536;
const same = (text: string): string => text;
const noPaint = { bold: same, red: same, green: same, yellow: same };
const prod = shippedPlan("prod");
const bare = shippedPlan("prod", { edge: { provider: "none", email: "ops@example.org" } });

const engineDiff = (name: PreviewName) => {
  const preview = readPreview(previewText(name));
  if (preview === undefined) throw new Error(`${name} can't be read`);
  return previewDiff(preview);
};
const report = (
  base: Record<string, Plan>,
  head: Record<string, Plan>,
  more: Partial<Report> = {},
): Report => ({
  base: "main",
  stacks: diffOfRevisions(revisionWith(base), revisionWith(head)),
  previews: [],
  ...more,
});

/** Lines that stand in no fenced block, as CommonMark tells them apart; a block that never ends is a failure. */
function outside(markdown: string): string[] {
  let fence: string | undefined;
  const found: string[] = [];
  for (const line of markdown.split(/\r\n|\r|\n/)) {
    const [, run = "", rest = ""] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (fence === undefined && run !== "" && !rest.includes("`")) fence = run;
    else if (fence === undefined) found.push(line);
    else if (run.startsWith(fence) && rest.trim() === "") fence = undefined;
  }
  expect(fence).toBeUndefined();
  return found;
}

/** All that may stand outside of blocks: our own words. */
const ownWords = new RegExp(
  `^(|\\*\\*(${[
    ...Object.values(topics),
    "Opened",
    "Settings that can't be read(, before)?",
    "Data at risk",
    "Containers",
    "Everything else",
    "Machines and data that stay",
  ].join(
    "|",
  )})\\*\\*|<details><summary>(All changes|All other changes|By the engine's preview)</summary>|</details>|> \\[!CAUTION\\]|> Data are at risk\\.|The preview has errors: its job's log says which\\.|\\d+ more stacks change and are left out here: there is too much to show\\.)$`,
);

describe("a comparison as Markdown", () => {
  it("has nothing of the settings outside of blocks, and every block ends", () => {
    fc.assert(
      fc.property(hostile(prod), hostile(bare), markup, markup, (base, head, name, problem) => {
        const stacks = diffOfRevisions(
          revisionWith({ prod: base, other: head }, { broken: problem }),
          revisionWith({ prod: head, fresh: base }),
        );
        const previews = [{ ...engineDiff("region"), stack: name }];
        const markdown = diffAsMarkdown({ base: name, stacks, previews });
        for (const line of outside(markdown)) expect(line).toMatch(ownWords);
        expect(markdown.replaceAll("\n", "")).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 60 },
    );
  });

  it("folds what isn't urgent, and every fold ends", () => {
    const lines = outside(diffAsMarkdown(report({ prod }, { prod: bare })));
    expect(lines.filter((line) => line.startsWith("<details>"))).toHaveLength(1);
    expect(lines.filter((line) => line === "</details>")).toHaveLength(1);
    expect(lines.indexOf("**Opened**")).toBeLessThan(lines.findIndex((line) => line.startsWith("<details>")));
  });

  it("fits into a comment, however much there is, and says what it leaves out", () => {
    const many = (count: number, plan: Plan): Record<string, Plan> =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`stack-${at}`, plan]));
    const long: Plan = {
      ...bare,
      findings: Array.from({ length: 3_000 }, (_, at) => ({
        severity: "warning" as const,
        key: `muster:${at}`,
        problem: "`".repeat(500),
        fix: "x".repeat(500),
      })),
    };
    for (const [base, head] of [
      [{ prod }, { prod: long }],
      [many(300, prod), many(300, bare)],
      [many(40, prod), many(40, long)],
    ] as const) {
      const markdown = diffAsMarkdown(report(base, head, { previews: [engineDiff("drift")] }));
      expect(markdown.length).toBeLessThan(commentCharacters - 1_000);
      expect(markdown).toMatch(/left out here/);
      for (const line of outside(markdown)) expect(line).toMatch(ownWords);
      expect(markdown).toMatch(/^> \[!CAUTION\]/);
    }
  });

  it("says in one line that nothing changes", () => {
    expect(diffAsMarkdown(report({ prod }, { prod }))).toBe(
      "```text\nNothing changes: all plans are as those of main.\n```",
    );
  });

  it("says first what data are at risk", () => {
    expect(diffAsMarkdown(report({ prod }, { prod: bare }, { previews: [engineDiff("region")] }))).toMatch(
      /^> \[!CAUTION\]\n> Data are at risk\.\n\n```diff\n- DATA AT RISK in cloud: the disk disk-main/,
    );
    expect(previewAsMarkdown(engineDiff("same"))).toMatch(/^```diff\n {2}No data at risk in cloud\./);
  });

  it("says why there is nothing to compare with, in a block that it can't end", () => {
    const said = (unknownBase: string): string =>
      diffAsMarkdown({ base: "main", unknownBase, stacks: [], previews: [] });
    expect(said("Nothing: @octocat")).toBe("```text\nNothing: @octocat\n```");
    expect(said("`````")).toBe("``````text\n`````\n``````");
  });
});

describe("a comparison for the terminal", () => {
  it("has data at risk as its first line, then what is opened, marked as what comes, goes or changes", () => {
    const text = diffAsText(report({ prod }, { prod: bare }, { previews: [engineDiff("region")] }), noPaint);
    const lines = text.split("\n");
    expect(lines[0]).toMatch(/^DATA AT RISK in cloud: the disk disk-main is replaced by an empty one/);
    expect(lines).toContain("  ! 443/tcp of the host main, to caddy: open to Cloudflare → everyone");
    expect(lines.indexOf("Opened")).toBeLessThan(lines.indexOf("DNS records"));
    expect(lines.at(-1)).toBe("Compared with main.");
  });

  it("says in one line that nothing changes, and which stacks are as they were", () => {
    const dev = shippedPlan("dev");
    expect(diffAsText(report({ prod }, { prod }), noPaint)).toBe(
      "Nothing changes: all plans are as those of main.",
    );
    expect(diffAsText(report({ prod, dev }, { prod: bare, dev }), noPaint)).toMatch(
      /Compared with main; nothing changes in dev\.$/,
    );
  });

  it("lets no control character through to the terminal", () => {
    fc.assert(
      fc.property(hostile(prod), hostile(bare), markup, (base, head, name) => {
        const text = diffAsText({ ...report({ prod: base }, { prod: head }), base: name }, noPaint);
        expect(text.replaceAll("\n", "")).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 40 },
    );
  });

  it("shows what is hidden in a text, and cuts long ones", () => {
    expect(visible("a\u202Eb\nc")).toBe("a\\u{202e}b\\u{a}c");
    expect(visible("x".repeat(50), 10)).toBe(`${"x".repeat(9)}…`);
  });
});
