import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ProjectCopy } from "../helpers/projectCopy";

describe("a stack's passphrase", () => {
  let copy: ProjectCopy;
  beforeEach(() => {
    copy = new ProjectCopy((project) =>
      project.write(
        "prepare.ts",
        'import { prepareProject } from "./cli/project";\ntry { prepareProject("local"); } catch (error) { console.log((error as Error).message); }\n',
      ),
    );
  });
  afterEach(() => copy.remove());

  const prepared = (env: NodeJS.ProcessEnv = {}): string => {
    const { stdout, stderr } = spawnSync(process.execPath, [require.resolve("tsx/cli"), "prepare.ts"], {
      cwd: copy.folder,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], HOME: copy.folder, ...env },
    });
    expect(stderr).toBe("");
    return stdout;
  };
  const file = (): string => join(copy.folder, ".muster/passphrase");
  const withSalt = (): void =>
    copy.edit("Pulumi.local.yaml", (text) => `encryptionsalt: v1:c2FsdA==:v1:x:y\n${text}`);

  it("is made on the first start, once", () => {
    expect(prepared()).toBe("");
    const first = readFileSync(file(), "utf8");
    expect(first.length).toBeGreaterThanOrEqual(32);
    withSalt();
    expect(prepared()).toBe("");
    expect(readFileSync(file(), "utf8")).toBe(first);
  });

  it("isn't made where the stack has another one already: that is asked for, and nothing is left behind", () => {
    withSalt();
    const said = prepared();
    expect(said).toContain("The passphrase of stack local isn't here.");
    expect(said).toMatch(/fix: .*\.muster\/passphrase, or .*PULUMI_CONFIG_PASSPHRASE.*; nothing was changed/);
    expect(existsSync(join(copy.folder, ".muster"))).toBe(false);
    expect(prepared({ PULUMI_CONFIG_PASSPHRASE: "given" })).toBe("");
    expect(existsSync(file())).toBe(false);
  });
});
