import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  commandArguments,
  dockerHost,
  type SshAccess,
  sshOptions,
  tunnelArguments,
} from "../../components/host/ssh";
import { runOnHost, SshError, writeKey } from "../../components/host/tunnel";

const access: SshAccess = {
  stack: "prod",
  host: "main",
  address: "203.0.113.7",
  port: 2222,
  user: "debian",
  hostKey: "ssh-ed25519 AAAAC3Nza",
};
const optionsOf = (args: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    args.flatMap((word, index) => {
      const [name = "", ...value] = (args[index + 1] ?? "").split("=");
      return word === "-o" ? [[name, value.join("=")]] : [];
    }),
  );

describe("every ssh that is started", () => {
  it.each([
    ["by the Docker provider", sshOptions(access)],
    ["for a command", commandArguments(access, "true")],
    ["for a tunnel", tunnelArguments(access, "x.sock")],
  ])("%s takes the pinned key and our own, and nothing from anybody's configuration", (_name, args) => {
    expect(args.slice(args.indexOf("-F")).slice(0, 4)).toEqual([
      "-F",
      "/dev/null",
      "-i",
      ".muster/ssh/prod/key",
    ]);
    expect(optionsOf(args)).toMatchObject({
      BatchMode: "yes",
      ForwardAgent: "no",
      GlobalKnownHostsFile: "/dev/null",
      HostKeyAlgorithms: "ssh-ed25519",
      IdentitiesOnly: "yes",
      IdentityAgent: "none",
      KnownHostsCommand: "/bin/echo muster-prod-main ssh-ed25519 AAAAC3Nza",
      HostKeyAlias: "muster-prod-main",
      StrictHostKeyChecking: "yes",
      UpdateHostKeys: "no",
      UserKnownHostsFile: "/dev/null",
    });
  });

  it("is the master of its connection only for a tunnel", () => {
    expect(optionsOf(sshOptions(access))["ControlMaster"]).toBe("no");
    expect(optionsOf(tunnelArguments(access, "x.sock"))["ControlMaster"]).toBe("yes");
  });

  it("goes to the machine that was named", () => {
    expect(dockerHost(access)).toBe("ssh://debian@203.0.113.7:2222");
    expect(commandArguments(access, "uptime").slice(-7)).toEqual([
      ...["-l", "debian", "-p", "2222", "--", "203.0.113.7", "uptime"],
    ]);
  });
});

describe("over ssh", () => {
  const former = { cwd: process.cwd(), path: process.env["PATH"] };
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "muster-ssh-"));
    process.chdir(folder);
  });
  afterEach(() => {
    process.chdir(former.cwd);
    process.env["PATH"] = former.path;
    rmSync(folder, { recursive: true });
  });

  it("a command gets its input, and its answer and exit code come back", async () => {
    writeFileSync("ssh", '#!/bin/sh\ncat\necho "$*" >&2\nexit 7\n');
    chmodSync("ssh", 0o755);
    process.env["PATH"] = `${folder}:${former.path ?? ""}`;
    const ran = await runOnHost(access, "sh -s", "echo hello");
    expect(ran.code).toBe(7);
    expect(ran.stdout).toBe("echo hello");
    expect(ran.stderr).toContain("-- 203.0.113.7 sh -s");
  });

  it("the key lies where it is looked for, for its owner alone, with the line break that ssh wants", () => {
    writeKey("prod", "-----BEGIN OPENSSH PRIVATE KEY-----\r\nAAAA\r\n-----END OPENSSH PRIVATE KEY-----");
    expect(readFileSync(".muster/ssh/prod/key", "utf8")).toBe(
      "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
    );
    expect(statSync(".muster/ssh/prod/key").mode & 0o777).toBe(0o600);
    expect(statSync(".muster/ssh/prod").mode & 0o777).toBe(0o700);
  });

  it.each([
    ["Host key verification failed.", "shows another SSH host key"],
    ["no matching host key type found. Their offer: ssh-rsa", "no SSH host key of the expected kind"],
    ["debian@203.0.113.7: Permission denied (publickey).", "doesn't accept Muster's SSH key"],
    ["ssh: connect to host 203.0.113.7 port 2222: Connection refused", "can't be reached over SSH"],
    ["", "no answer"],
  ])("%s is told in a way that can be mended", (said, told) => {
    const { message } = new SshError(access, said);
    expect(message).toContain(told);
    expect(message).toContain("debian@203.0.113.7, port 2222");
    expect(message).toContain("fix:");
  });
});
