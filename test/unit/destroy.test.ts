import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { destroy } from "../../cli/destroy";
import { capturePulumi, runPulumi } from "../../cli/pulumi";

jest.mock("../../cli/pulumi");
jest.mock("../../cli/project", () => ({
  ...jest.requireActual<object>("../../cli/project"),
  prepareProject: () => undefined,
}));

let target: Record<string, unknown>;
let encrypted: string[];
jest.mock("../../stacks/settings/file", () => ({
  ...jest.requireActual<object>("../../stacks/settings/file"),
  readStackFile: () => ({
    source: "Pulumi.prod.yaml",
    values: {
      domain: "localhost",
      host: { provider: "local" },
      calls: "off",
      meetings: "off",
      backup: { target },
    },
    encrypted,
  }),
}));

const s3 = { kind: "s3", endpoint: "https://s3.example.org", bucket: "team-backups", accessKeyId: "HOST" };
const sftp = {
  kind: "sftp",
  host: "backups.example.org",
  user: "muster",
  hostKey: "ssh-ed25519 AAAAC3Nza",
  path: "/srv/backups",
};
const resources = [
  {
    urn: "urn:pulumi:prod::muster::random:index/randomPassword:RandomPassword::backup-key",
    type: "random:index/randomPassword:RandomPassword",
    outputs: { result: { plaintext: '"the-generated-key"' } },
  },
];

describe("removing a stack with its data", () => {
  let dir: string;
  /** What Pulumi was asked for, with what it was given, in order. */
  let asked: string[];
  let said: string[];
  let storing: number;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "muster-state-"));
    process.env["PULUMI_BACKEND_URL"] = `file://${dir}`;
    [asked, said, storing, encrypted] = [[], [], 0, []];
    jest.spyOn(console, "log").mockImplementation((line: string) => void said.push(line));
    jest.mocked(capturePulumi).mockImplementation((_stack, args, input) => {
      const [, verb] = args;
      if (verb !== "ls" && verb !== "export") asked.push([...args, input].join(" "));
      const answer = verb === "ls" ? [{ name: "prod" }] : { deployment: { resources } };
      const code = args[0] === "config" ? storing : 0;
      return Promise.resolve({ code, stdout: JSON.stringify(answer), stderr: "read-only file system" });
    });
    jest.mocked(runPulumi).mockImplementation((_stack, args) => {
      asked.push(args.join(" "));
      return Promise.resolve(0);
    });
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
    delete process.env["PULUMI_BACKEND_URL"];
    jest.restoreAllMocks();
  });
  const remove = (): Promise<void> => destroy("prod", { yes: false, removeData: "prod" }, []);
  const storedKey = "config set --secret muster:backupKey -s prod the-generated-key";

  it.each([
    [s3, ["backupS3Secret"], "s3:https://s3.example.org/team-backups/prod"],
    [sftp, ["backupSshKey"], "sftp://muster@backups.example.org:22/srv/backups"],
    [{ kind: "folder", path: "/mnt/disk" }, [], "/mnt/disk"],
  ])(
    "keeps the generated key of backups that stay, before anything goes: $kind",
    async (place, secrets, where) => {
      [target, encrypted] = [place, secrets];
      await remove();
      expect(asked[0]).toBe(storedKey);
      expect(asked.at(-1)).toMatch(/^destroy -s prod/);
      expect(said.join("\n")).toContain(where);
      expect(said.join("\n")).toContain("npm run key -- prod");
      expect(said.join("\n")).not.toContain("the-generated-key");
    },
  );

  it("removes nothing where the key can't be kept", async () => {
    [target, encrypted, storing] = [s3, ["backupS3Secret"], 1];
    await expect(remove()).rejects.toThrow(/backupKey can't be stored[^]*read-only file system/);
    expect(asked).toEqual([storedKey]);
  });

  it.each([
    ["whose backups go with it", { kind: "folder" }, []],
    ["that has a key of its own already", s3, ["backupS3Secret", "backupKey"]],
  ])("stores nothing for one %s", async (_, place, secrets) => {
    [target, encrypted] = [place, secrets];
    await remove();
    expect(asked.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "stack import",
      "destroy -s",
    ]);
  });
});
