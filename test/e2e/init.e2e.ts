import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { decrypt } from "../../cli/decrypt";
import { readEncrypted, readStackFile } from "../../stacks/settings/file";
import { parseSettings } from "../../stacks/settings/parse";
import { errorsOf, topologyOf } from "../../stacks/topology";
import { projectDir } from "../helpers/stacks";

// Each start of the CLI takes a second or two, and there are six.
jest.setTimeout(240_000);

const { version } = JSON.parse(
  readFileSync(join(projectDir, "node_modules/pulumi/package.json"), "utf8"),
) as { version: string };
const home = process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi");
const found = existsSync(join(home, "versions", version, "bin", "pulumi"));
if (!found)
  console.warn(
    `SKIPPED: no Pulumi CLI ${version} in ${home}, so npm run init isn't run against the real one`,
  );

const tokens = {
  MUSTER_DIGITALOCEAN_TOKEN: `dop_v1_${"7".repeat(64)}`,
  MUSTER_BACKUP_S3_SECRET: "backup-secret-that-nobody-may-see",
};
const passphrase = "a passphrase that nobody may see";

(found ? describe : describe.skip)("npm run init, with the real Pulumi CLI and a state in a folder", () => {
  const dir = mkdtempSync(join(tmpdir(), "muster-init-"));
  const state = join(dir, "the-state");
  beforeAll(() => {
    for (const part of ["cli", "stacks", "components", "package.json", "tsconfig.json", "Pulumi.yaml"])
      cpSync(join(projectDir, part), join(dir, part), { recursive: true });
    symlinkSync(join(projectDir, "node_modules"), join(dir, "node_modules"));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  const flags = (backend: string): string[] => [
    ...["--provider", "digitalocean", "--domain", "example.org", "--email", "ops@example.org"],
    ...["--backup", "s3://AKIAHOST@team-backups?region=eu-central-1", "--state", backend],
  ];
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(dir, "node_modules/tsx/dist/cli.mjs"), "cli/main.ts", "init", ...args],
      {
        cwd: dir,
        encoding: "utf8",
        input: "",
        timeout: 100_000,
        env: {
          ...process.env,
          ...tokens,
          PULUMI_CONFIG_PASSPHRASE: passphrase,
          PULUMI_BACKEND_URL: undefined,
        },
      },
    );
    return { status, said: stdout + stderr };
  };
  const file = (stack: string): string => join(dir, `Pulumi.${stack}.yaml`);

  it("makes a stack whose secrets only the passphrase opens, shows the plan, and shows no secret", () => {
    const { status, said } = run("prod", ...flags(`file://${state}`));
    expect({ status, said }).toMatchObject({ status: 0, said: expect.stringContaining("Open to whom") });
    const raw = readStackFile(dir, "prod");
    expect(raw.encrypted.toSorted()).toEqual(["backupS3Secret", "digitaloceanToken", "sshKey"]);
    expect(errorsOf(topologyOf("prod", parseSettings(raw)))).toEqual([]);
    expect(existsSync(join(state, ".pulumi/stacks/muster/prod.json"))).toBe(true);
    expect(existsSync(join(dir, ".muster/state"))).toBe(false);
    const secret = (key: string): string => {
      const { value = "", salt = "" } = readEncrypted(dir, "prod", key);
      return decrypt(value, salt, passphrase);
    };
    expect(secret("digitaloceanToken")).toBe(tokens.MUSTER_DIGITALOCEAN_TOKEN);
    expect(secret("backupS3Secret")).toBe(tokens.MUSTER_BACKUP_S3_SECRET);
    const key = secret("sshKey");
    expect(key).toMatch(/^-----BEGIN OPENSSH PRIVATE KEY-----\n[^]*-----END OPENSSH PRIVATE KEY-----$/);
    const visible = said + readFileSync(file("prod"), "utf8");
    for (const value of [...Object.values(tokens), passphrase, key, key.split("\n")[2] ?? ""])
      expect(visible).not.toContain(value);
  });

  it("refuses a stack that has a file, and leaves it as it is", () => {
    const before = readFileSync(file("prod"), "utf8");
    expect(run("prod", ...flags(`file://${state}`))).toMatchObject({
      status: 1,
      said: expect.stringContaining("Pulumi.prod.yaml is there already"),
    });
    expect(readFileSync(file("prod"), "utf8")).toBe(before);
  });

  it("leaves nothing where the state's backend can't be opened", () => {
    const { status, said } = run("other", ...flags(`file://${join(dir, "package.json/state")}`));
    expect({ status, said }).toEqual({
      status: 1,
      said: expect.stringContaining("The folder of the state can't be made"),
    });
    expect(existsSync(file("other"))).toBe(false);
  });

  it("says all that is missing at once where nobody can be asked, and makes nothing", () => {
    const { status, said } = run("other", "--provider", "existing", "--people", "none");
    expect(status).toBe(1);
    for (const flag of ["people", "domain", "place", "server", "email", "backup", "state"])
      expect(said).toContain(`--${flag}: `);
    expect(existsSync(file("other"))).toBe(false);
  });
});
