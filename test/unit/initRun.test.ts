import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { init } from "../../cli/init";
import { makeSshKey, readSshKey } from "../../cli/init.keys";
import { missingTools } from "../../cli/preflight";
import { capturePulumi } from "../../cli/pulumi";

let dir: string;
jest.mock("../../cli/pulumi");
jest.mock("../../cli/preflight", () => ({
  ...jest.requireActual<object>("../../cli/preflight"),
  missingTools: jest.fn(),
}));
jest.mock("../../cli/project", () => ({
  ...jest.requireActual<object>("../../cli/project"),
  get projectDir() {
    return dir;
  },
  prepareProject: () => undefined,
}));
jest.mock("../../cli/plan");

const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample";
const flags = {
  provider: "existing",
  domain: "example.org",
  place: "root@203.0.113.10",
  server: `2 4096 ${hostKey}`,
  email: "ops@example.org",
  backup: `sftp://muster@backups.example.org/srv/backups ${hostKey}`,
  state: "pulumi",
};

describe("npm run init", () => {
  let asked: string[][];
  let said: string[];
  /** Verb of the CLI that fails, and at which call of it. */
  let failing: [string, number];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "muster-init-"));
    [asked, said, failing] = [[], [], ["", 0]];
    jest.spyOn(console, "log").mockImplementation((line: string) => void said.push(line));
    jest.mocked(missingTools).mockResolvedValue([]);
    jest.mocked(capturePulumi).mockImplementation((_stack, args) => {
      asked.push([...args]);
      const verb = args.slice(0, 2).join(" ");
      const calls = asked.filter((call) => call.slice(0, 2).join(" ") === verb).length;
      const code = verb === failing[0] && calls === failing[1] ? 1 : 0;
      return Promise.resolve({ code, stdout: "", stderr: "the backend is gone" });
    });
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
    jest.restoreAllMocks();
  });
  const file = (): string => join(dir, "Pulumi.prod.yaml");
  const verbs = (): string[] => asked.map((args) => args.slice(0, 2).join(" "));

  it("makes the stack with the secrets provider that was chosen, then its secrets, and says where the keys belong", async () => {
    await init("prod", { ...flags, secrets: "awskms://alias/muster" });
    expect(asked[0]).toEqual([
      "stack",
      "init",
      "prod",
      "--no-select",
      "--secrets-provider",
      "awskms://alias/muster",
    ]);
    expect(verbs()).toEqual(["stack init", "config set", "config set"]);
    expect(readFileSync(file(), "utf8")).toContain("203.0.113.10");
    const text = said.join("\n");
    expect(text).toMatch(/authorized_keys of root at 203\.0\.113\.10:\n {4}ssh-ed25519 \S+ muster-prod\n/);
    expect(text).toMatch(
      /authorized_keys at muster@backups\.example\.org:\n {4}ssh-ed25519 \S+ muster-prod-backup\n/,
    );
    expect(text).not.toContain("PRIVATE KEY");
  });

  it.each<[string, string, number, boolean]>([
    ["the stack can't be made", "stack init", 1, false],
    ["the first secret can't be stored", "config set", 1, true],
    ["the last secret can't be stored", "config set", 2, true],
  ])("leaves nothing where %s", async (_, verb, call, wasMade) => {
    failing = [verb, call];
    await expect(init("prod", flags)).rejects.toThrow("the backend is gone");
    expect(existsSync(file())).toBe(false);
    expect(verbs().includes("stack rm")).toBe(wasMade);
  });

  it("overwrites no file", async () => {
    writeFileSync(file(), "config: {}\n");
    await expect(init("prod", flags)).rejects.toThrow("Pulumi.prod.yaml is there already");
    expect(readFileSync(file(), "utf8")).toBe("config: {}\n");
    expect(asked).toEqual([]);
  });

  it.each(["Prod", "a b", "../x", "-x", ""])("refuses %j as a name", async (name) => {
    await expect(init(name, flags)).rejects.toThrow("No name for a stack.");
  });

  it("takes an SSH key that is there, but none with a passphrase", async () => {
    const { privateKey, publicLine } = makeSshKey("mine");
    const path = join(dir, "key");
    writeFileSync(path, `${privateKey}\n`, { mode: 0o600 });
    expect(readSshKey(path)).toEqual({ privateKey, publicLine });
    await init("prod", { ...flags, sshKey: path });
    expect(said.join("\n")).toContain(publicLine);
    expect(() => readSshKey(join(dir, "no-such-key"))).toThrow(/ssh-keygen refuses/);
  });
});
