import { mkdirSync } from "node:fs";
import { join } from "node:path";
import project from "../../../package.json";
import { contentOf, keptBackups, unpack } from "./kept";
import type { Stage } from "./stage";

/**
 * The backup of every release, restored by this one as a person would do it: its repository in a folder, its key as a
 * secret. Comes last: it replaces what the stage's stack holds.
 */
export function releasedBackups(stage: Stage): void {
  const { stack } = stage;
  const all = keptBackups();

  describe("the backup of a release", () => {
    it("is kept of this one", () => {
      expect(all.map(({ version }) => version)).toContain(project.version);
    });

    it.each(all.map((kept) => [kept.version, kept] as const))(
      "%s comes back whole: every row and file",
      async (version, kept) => {
        const path = join(stack.dir, "released", version);
        mkdirSync(path, { recursive: true });
        await unpack(version, path);
        stack.write({ ...stage.settings(), backup: { target: { kind: "folder", path } } }, kept.stack);
        await stack.store("backupKey", kept.key, kept.stack);
        await stack.must([...["restore", kept.stack, "--to", stack.name, "--overwrite", stack.name]]);
        const server = await stage.sql("SHOW server_version_num");
        expect(Number(server.slice(0, 2))).toBeGreaterThan(kept.postgres);
        const { tables, files } = kept;
        expect(await contentOf(stack, kept)).toEqual({ tables, files });
        expect(tables["posts"]?.rows).toBeGreaterThan(20);
        expect(Object.keys(files).length).toBeGreaterThan(20);
        expect(await stack.unwell()).toEqual([]);
      },
    );
  });
}
