/** `npm run doctor -- STACK --before` as people run it: the real CLI, doubles of the clouds, a real SSH server. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { makeSshKey } from "../../cli/init.keys";
import { reportSchema, type Report } from "../../doctor/report";
import { AwsApi } from "../helpers/aws/api";
import { CloudflareApi } from "../helpers/cloudflare/api";
import { addRecord } from "../helpers/cloudflare/records";
import { DigitalOceanApi } from "../helpers/digitalocean/api";
import { hosts } from "../helpers/hosts";
import { projectDir } from "../helpers/stacks";
import { hasSshd, SshServer } from "./sshd";

const { version } = JSON.parse(
  readFileSync(join(projectDir, "node_modules/pulumi/package.json"), "utf8"),
) as { version: string };
const home = process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi");
const found = existsSync(join(home, "versions", version, "bin", "pulumi"));
if (!found) console.warn(`SKIPPED: no Pulumi CLI ${version} in ${home}, so doctor --before isn't run`);

const passphrase = "a passphrase that nobody may see";
const dir = mkdtempSync(join(tmpdir(), "muster-before-"));
const ends: (() => unknown)[] = [];
afterAll(async () => {
  for (const end of ends) await end();
  rmSync(dir, { recursive: true });
});

/** Runs a verb in the copy; the doubles in this process answer meanwhile. */
function run(
  args: readonly string[],
  { input = "", env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(
    process.execPath,
    [join(dir, "node_modules/tsx/dist/cli.mjs"), "cli/main.ts", ...args],
    {
      cwd: dir,
      env: {
        ...process.env,
        PULUMI_CONFIG_PASSPHRASE: passphrase,
        PULUMI_BACKEND_URL: undefined,
        MUSTER_BUCKET_ACCESS_KEY_ID: undefined,
        ...env,
      },
    },
  );
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (said.stdout += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (said.stderr += chunk.toString("utf8")));
  child.stdin.end(input);
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, ...said })));
}

const write = (stack: string, values: Record<string, unknown>): void =>
  writeFileSync(
    join(dir, `Pulumi.${stack}.yaml`),
    stringify({
      config: Object.fromEntries(Object.entries(values).map(([key, value]) => [`muster:${key}`, value])),
    }),
  );
async function store(stack: string, secrets: Record<string, string>): Promise<void> {
  for (const [key, input] of Object.entries(secrets)) {
    const { code, stderr } = await run(["secret", stack, key], { input });
    if (code !== 0) throw new Error(stderr);
  }
}

/** Every file of the copy, by its content. */
function files(folder = dir): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => !name.startsWith("node_modules") && statSync(join(folder, name)).isFile())
      .map((name) => [
        name,
        createHash("sha256")
          .update(readFileSync(join(folder, name)))
          .digest("hex"),
      ]),
  );
}

interface Looked {
  code: number | null;
  report: Report;
  /** Outcomes by id. */
  outcomes: Record<string, string>;
  saw: (id: string) => string | undefined;
}
async function look(stack: string, env: NodeJS.ProcessEnv = {}): Promise<Looked> {
  const before = files();
  const { code, stdout, stderr } = await run(["doctor", stack, "--before", "--json"], { env });
  expect(stderr).toBe("");
  expect(files()).toEqual(before);
  expect(stdout).not.toContain(passphrase);
  const report = reportSchema.parse(JSON.parse(stdout));
  return {
    ...{ code, report },
    outcomes: Object.fromEntries(report.checks.map(({ id, outcome }) => [id, outcome])),
    saw: (id) => report.checks.find((check) => check.id === id)?.saw,
  };
}

/** A storage with a bucket, or without; it answers questions alone. */
async function storage(bucket: { there: boolean; asked: string[] }): Promise<string> {
  const server: Server = createServer((request, response) => {
    bucket.asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
    const refuse = (status: number, code: string): void => {
      response.writeHead(status, { "content-type": "application/xml" });
      response.end(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
    };
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://x");
    if (!bucket.there) refuse(404, "NoSuchBucket");
    else if (searchParams.has("list-type")) response.end("<ListBucketResult/>");
    else if (searchParams.has("versioning") || searchParams.has("object-lock")) refuse(403, "AccessDenied");
    else refuse(404, pathname.endsWith("/config") ? "NoSuchKey" : "NoSuchBucket");
  });
  ends.push(() => server.close());
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A mail server that greets, and does without TLS. */
async function mailServer(): Promise<number> {
  const server = createTcpServer((socket) => {
    socket.write("220 mail\r\n");
    socket.on("data", () => void socket.write("250 mail\r\n")).on("error", () => undefined);
  });
  ends.push(() => server.close());
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return (server.address() as AddressInfo).port;
}

(found ? describe : describe.skip)("npm run doctor -- STACK --before", () => {
  const bucket = { there: true, asked: [] as string[] };
  let digitalocean: DigitalOceanApi;
  let cloudflare: CloudflareApi;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    const parts = [
      "cli",
      "components",
      "doctor",
      "policy",
      "probe",
      "stacks",
      "package.json",
      "tsconfig.json",
    ];
    for (const part of [...parts, "Pulumi.yaml"])
      cpSync(join(projectDir, part), join(dir, part), { recursive: true });
    symlinkSync(join(projectDir, "node_modules"), join(dir, "node_modules"));
    digitalocean = await DigitalOceanApi.start();
    cloudflare = await CloudflareApi.start();
    ends.push(
      () => digitalocean.stop(),
      () => cloudflare.stop(),
    );
    env = { DIGITALOCEAN_API_URL: digitalocean.url, CLOUDFLARE_BASE_URL: cloudflare.url };
    write("prod", {
      domain: "example.org",
      host: { ...hosts.digitalocean.host },
      edge: { provider: "cloudflare", zone: "example.org" },
      machine: { sshFrom: "everyone" },
      mail: { host: "127.0.0.1", port: await mailServer(), security: "none", from: "chat@example.org" },
      backup: {
        target: { kind: "s3", endpoint: await storage(bucket), bucket: "team-backups", accessKeyId: "HOST" },
      },
    });
    await store("prod", {
      sshKey: makeSshKey("test").privateKey,
      digitaloceanToken: digitalocean.token,
      cloudflareToken: cloudflare.token,
      backupS3Secret: "backup-secret-that-nobody-may-see",
    });
    // As in a fresh clone: the secrets stand in the file, and no state knows the stack.
    rmSync(join(dir, ".muster"), { recursive: true });
  });

  it("finds nothing wrong where all is there, asks questions alone, and writes nothing", async () => {
    const { code, report, outcomes } = await look("prod", env);
    expect(report).toMatchObject({ stack: "prod", when: "before", ok: true });
    expect(code).toBe(0);
    expect(outcomes).toEqual({
      ...{ settings: "ok", tools: "ok", state: "ok", changes: "ok" },
      ...{ "secret.sshKey": "ok", "secret.digitaloceanToken": "ok" },
      ...{ "secret.cloudflareToken": "ok", "secret.backupS3Secret": "ok" },
      ...{ "digitalocean.account": "ok", "digitalocean.scopes": "ok", "digitalocean.limits": "ok" },
      ...{ "digitalocean.place": "ok", "digitalocean.names": "ok", "cloudflare.zone": "ok" },
      ...{ "backup.target": "ok", "backup.protection": "unchecked", "backup.repository": "ok" },
      "mail.server": "ok",
    });
    expect(existsSync(join(dir, ".muster"))).toBe(false);
    for (const asked of [...digitalocean.calls, ...cloudflare.calls, ...bucket.asked])
      expect(asked).toMatch(/^GET /);
    expect(digitalocean.calls.length * cloudflare.calls.length * bucket.asked.length).toBeGreaterThan(0);
    const said = JSON.stringify(report);
    for (const secret of [digitalocean.token, cloudflare.token, "backup-secret-that-nobody-may-see"])
      expect(said).not.toContain(secret);
  });

  it("says all that is wrong at once, each with what to do", async () => {
    const { account } = digitalocean;
    account.firewalls.set("1", {
      ...{
        id: "1",
        name: "muster-prod-main",
        inbound: [],
        outbound: [],
        tags: [],
        dropletIds: [],
        createdAt: "",
      },
    });
    account.standing = { ...account.standing, droplets: 0 };
    addRecord(cloudflare.zone, { name: "chat", type: "A", content: "203.0.113.9", ttl: 1 });
    bucket.there = false;
    const { code, report, outcomes, saw } = await look("prod", {
      ...env,
      PULUMI_BACKEND_URL: `file://${dir}/package.json/state`,
    });
    expect(code).toBe(1);
    expect(report.ok).toBe(false);
    expect(outcomes).toMatchObject({
      ...{ "digitalocean.limits": "error", "digitalocean.names": "error" },
      ...{ "cloudflare.zone": "error", "backup.target": "error", "backup.repository": "unchecked" },
    });
    expect(saw("state")).toBe(`${dir}/package.json/state can't be written`);
  });

  it("asks AWS with the stack's own key, and makes nothing there", async () => {
    const aws = await AwsApi.start();
    ends.push(() => aws.stop());
    const edge = { provider: "none" };
    write("aws", { domain: "example.org", host: { ...hosts.aws.host, accessKeyId: aws.key.id }, edge });
    await store("aws", { sshKey: makeSshKey("test").privateKey, awsSecretAccessKey: aws.key.secret });
    const { report, outcomes } = await look("aws", { AWS_ENDPOINT_URL: aws.url });
    expect(outcomes).toMatchObject({
      ...{
        "aws.account": "ok",
        "aws.rights": "ok",
        "aws.quotas": "ok",
        "aws.place": "ok",
        "aws.names": "ok",
      },
    });
    expect([aws.calls.length > 0, aws.changes]).toEqual([true, []]);
    expect(JSON.stringify(report)).not.toContain(aws.key.secret);
  });

  it("can't open secrets with another passphrase, and says what hangs on it", async () => {
    const { outcomes, saw } = await look("prod", { ...env, PULUMI_CONFIG_PASSPHRASE: "another" });
    expect(saw("secret.digitaloceanToken")).toContain("incorrect passphrase");
    expect(outcomes).toMatchObject({ "digitalocean.account": "unchecked", "cloudflare.zone": "unchecked" });
  });

  it("says which settings and secrets are missing, and goes on with the others", async () => {
    write("bare", {
      domain: "example.org",
      host: hosts.digitalocean.host,
      people: { accounts: 1, active: 2 },
    });
    const { code, outcomes, saw } = await look("bare", env);
    expect(code).toBe(1);
    expect(outcomes).toMatchObject({
      settings: "error",
      "secret.sshKey": "error",
      "secret.digitaloceanToken": "error",
    });
    expect(outcomes).toMatchObject({
      tools: "ok",
      "digitalocean.names": "unchecked",
      "dns.chat.example.org": expect.anything(),
    });
    expect(saw("settings")).toContain("muster:people.active");
    expect(saw("settings")).not.toContain("sshKey");
  });

  (hasSshd() ? it : it.skip)(
    "meets a server and a place for backups over SSH, with the pinned keys alone",
    async () => {
      const server = await SshServer.start({ address: "127.0.0.1" }, 23_222, true);
      ends.push(() => server.stop());
      const root = server.user === "root";
      const host = {
        ...{ provider: "existing", address: "127.0.0.1", port: server.port, user: server.user },
        ...{ hostKey: server.hostKey, memoryMiB: 8192, cpus: 4 },
      };
      const target = {
        ...{ kind: "sftp", host: "127.0.0.1", port: server.port, user: server.user },
        ...{ hostKey: server.hostKey, path: server.backups },
      };
      const settings = { domain: "localhost", host, machine: { sshFrom: "everyone" }, backup: { target } };
      write("there", { ...settings, domain: "example.org", edge: { provider: "none" } });
      await store("there", { sshKey: server.privateKey, backupSshKey: server.privateKey });
      const own = readFileSync(join(dir, "Pulumi.there.yaml"), "utf8");
      const well = await look("there", env);
      expect(well.outcomes).toMatchObject({ "backup.target": "ok", "backup.repository": "ok" });
      if (root)
        expect(well.outcomes).toMatchObject({
          "ssh.main": "ok",
          "server.main": expect.stringMatching(/ok|error/),
        });
      expect(well.outcomes["dns.chat.example.org"]).not.toBe("ok");

      writeFileSync(join(server.backups, "config"), "x");
      const stranger = makeSshKey("x").publicLine.split(" ").slice(0, 2).join(" ");
      writeFileSync(join(dir, "Pulumi.there.yaml"), own.replace(server.hostKey, stranger));
      const other = await look("there", env);
      expect(other.saw("ssh.main")).toContain("shows another SSH host key");
      expect(other.outcomes).toMatchObject({ "server.main": "unchecked", "backup.repository": "error" });

      writeFileSync(
        join(dir, "Pulumi.there.yaml"),
        own.replaceAll(server.hostKey, stranger).replace(server.backups, "/nowhere"),
      );
      expect((await look("there", env)).saw("backup.target")).toContain("shows another SSH host key");
      writeFileSync(join(dir, "Pulumi.there.yaml"), own.replace(server.backups, "/nowhere"));
      expect((await look("there", env)).saw("backup.target")).toContain("/nowhere");
      expect(readdirSync(tmpdir()).filter((name) => /^muster-[A-Za-z0-9]{6}$/.test(name))).toEqual([]);
    },
  );
});
