import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programDigest, requirePolicies, verdictIn } from "../../cli/policy";
import { capturePulumi, withPolicies } from "../../cli/pulumi";
import { projectDir } from "../helpers/stacks";

jest.mock("../../cli/pulumi", () => ({
  ...jest.requireActual<object>("../../cli/pulumi"),
  capturePulumi: jest.fn(),
}));

const output = `Previewing update (local):
 +  docker:index:Container caddy create

Policies:
    ❌ muster@v0.1.0 (local: policy)
        - [mandatory]  exact-image  (docker:index:Container: caddy)

Diagnostics:
  pulumi:pulumi:Stack (muster-local):
    error: preview failed

Resources:
    + 82 to create
`;

describe("the policies before an up", () => {
  let dir: string;
  const write = (file: string, text: string): void => {
    mkdirSync(join(dir, file, ".."), { recursive: true });
    writeFileSync(join(dir, file), text);
  };
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "muster-policy-"));
    for (const file of ["index.ts", "components/a/b.ts", "stacks/c.ts", "policy/d.ts", "Pulumi.local.yaml"])
      write(file, "1");
    jest.mocked(capturePulumi).mockReset().mockResolvedValue({ code: 0, stdout: "", stderr: "" });
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it("stop it with what the engine says of them, and nothing else", async () => {
    jest.mocked(capturePulumi).mockResolvedValue({ code: 255, stdout: output, stderr: "" });
    await expect(requirePolicies("local", dir)).rejects.toThrow(
      /^Policies:\n[^]*exact-image[^]*preview failed\n\nThe stack local isn't brought up[^]*Nothing was changed\.$/,
    );
    expect(verdictIn(output)).not.toContain("82 to create");
    expect(verdictIn("error: no such stack\n")).toBe("error: no such stack");
    // A refusal isn't remembered.
    await expect(requirePolicies("local", dir)).rejects.toThrow("exact-image");
  });

  it("aren't asked again for the same program with the same settings; for any other they are", async () => {
    const asked = async (stack = "local"): Promise<boolean> => {
      jest.mocked(capturePulumi).mockClear();
      await requirePolicies(stack, dir);
      return jest.mocked(capturePulumi).mock.calls.length > 0;
    };
    expect([await asked(), await asked()]).toEqual([true, false]);
    expect([await asked("other"), await asked("other")]).toEqual([true, false]);
    const changes = [
      ...["index.ts", "components/a/b.ts", "components/new.ts", "policy/d.ts", "policy/images.json"],
      ...["Pulumi.local.yaml", "Pulumi.yaml", "Pulumi.neighbour.yaml", "package-lock.json", "tsconfig.json"],
    ];
    for (const file of changes) {
      write(file, "2");
      expect({ file, asked: await asked() }).toEqual({ file, asked: true });
      expect(await asked()).toBe(false);
    }
    write("README.md", "2");
    expect(await asked()).toBe(false);
    rmSync(join(dir, "policy/d.ts"));
    expect(await asked()).toBe(true);
  });

  it("know a file from another with the same text", () => {
    const before = programDigest(dir, "local");
    write("stacks/c.ts", "");
    write("stacks/d.ts", "1");
    expect(programDigest(dir, "local")).not.toBe(before);
  });
});

describe("the engine's arguments", () => {
  it("name the policy pack wherever the engine takes one", () => {
    const pack = ["--policy-pack", join(projectDir, "policy")];
    expect(withPolicies(["up", "-s", "a"])).toEqual(["up", ...pack, "-s", "a"]);
    expect(withPolicies(["preview", "-s", "a"])).toEqual(["preview", ...pack, "-s", "a"]);
    for (const verb of ["refresh", "destroy", "stack", "config"])
      expect(withPolicies([verb, "up"])).toEqual([verb, "up"]);
    expect(withPolicies([])).toEqual([]);
  });
});
