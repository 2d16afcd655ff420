import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { diffText as colored } from "../../cli/planDiff";
import { UserError } from "../../cli/errors";
import { revisionOf } from "../../stacks/plan/revision";
import { SettingsError } from "../../stacks/settings/problems";
import { previewFile } from "../helpers/previews";
import { projectDir } from "../helpers/stacks";

const diffText = async (...args: Parameters<typeof colored>): Promise<string> =>
  stripVTControlCharacters(await colored(...args));

describe("--diff", () => {
  let folder: string;
  const file = (name: string, content: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  const here = revisionOf(projectDir);

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "muster-diff-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it("compares the files as they stand with a document of another revision", async () => {
    const base = file("base.json", here);
    expect(await diffText([], base)).toBe(`Nothing changes: all plans are as those of ${base}.`);
    const { dev, ...others } = here.stacks;
    expect(dev).toBeDefined();
    const fewer = file("fewer.json", { ...here, stacks: others });
    expect(await diffText([], fewer)).toMatch(/^dev: a new stack, \d+ opened, costs \d+\.\d\d USD a month\n/);
    expect(await diffText(["prod"], fewer)).toMatch(/^Nothing changes/);
    expect(await diffText(["dev"], fewer, { markdown: true })).toMatch(/^```text\ndev: a new stack,/);
  });

  it("has the preview's data at risk before all else, and takes its stack from it", async () => {
    const said = await diffText(["prod"], file("base.json", here), { preview: previewFile("region") });
    expect(said).toMatch(/^DATA AT RISK in cloud: the disk disk-main is replaced by an empty one;/);
    expect(said).toMatch(/Nothing changes: all plans are as those of/);
  });

  it("knows from the plans which volumes hold data", async () => {
    const urn = (name: string): string => `urn:pulumi:prod::muster::docker:index/volume:Volume::${name}`;
    const preview = (name: string): string =>
      file("volume.json", { steps: [{ op: "delete", urn: urn(name) }] });
    const base = file("base.json", here);
    expect(await diffText([], base, { preview: preview("mattermost-data") })).toMatch(
      /^DATA AT RISK in prod: the volume mattermost-data is deleted, with what is in it\./,
    );
    expect(await diffText([], base, { preview: preview("mattermost-logs") })).toMatch(/^No data at risk/);
  });

  it("says what isn't there", async () => {
    const base = file("base.json", here);
    const other = diffText(["prdo"], base);
    await expect(other).rejects.toThrow(SettingsError);
    await expect(other).rejects.toThrow("did you mean prod?");
    const gone = file("gone.json", { ...here, stacks: { ...here.stacks, gone: here.stacks["dev"] } });
    expect(await diffText(["gone"], gone)).toMatch(/^gone: the stack is gone/);
    // Another document must not pass for a preview in which nothing happens.
    await expect(diffText([], base, { preview: base })).rejects.toThrow(/base\.json holds no preview/);
    await expect(diffText([], base, { preview: join(folder, "none") })).rejects.toThrow(UserError);
    await expect(diffText([], base, { preview: join(projectDir, "README.md") })).rejects.toThrow(
      /README\.md holds no preview\.\n {2}allowed: what npm run -s preview -- STACK --json prints/,
    );
  });
});
