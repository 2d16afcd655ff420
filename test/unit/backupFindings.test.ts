import type { Finding } from "../../stacks/topology/types";
import { localTopology } from "../helpers/stacks";

const s3 = (change: Record<string, unknown> = {}) => ({
  backup: {
    target: {
      kind: "s3",
      endpoint: "https://s3.example.org",
      bucket: "team-backups",
      accessKeyId: "HOST",
      ...change,
    },
  },
});
const sftp = {
  backup: {
    target: {
      kind: "sftp",
      host: "backups.example.org",
      user: "muster",
      hostKey: "ssh-ed25519 AAAAC3Nza",
      path: "/srv/backups",
    },
  },
};
const folder = { backup: { target: { kind: "folder" } } };
const of = (severity: Finding["severity"], change: Record<string, unknown>, secrets: string[] = []) =>
  localTopology(change, secrets).findings.filter(
    (finding) => finding.severity === severity && finding.key.startsWith("muster:backup"),
  );

describe("errors in the settings of backups", () => {
  it.each([
    ["a bucket", s3(), "backupS3Secret"],
    ["another machine", sftp, "backupSshKey"],
  ])("%s without its secret", (_, change, secret) => {
    expect(of("error", change)).toEqual([
      expect.objectContaining({
        key: `muster:${secret}`,
        problem: expect.stringContaining("missing") as string,
        fix: expect.stringContaining(`npm run secret -- test ${secret}`) as string,
      }),
    ]);
    expect(of("error", change, [secret])).toEqual([]);
  });

  it.each([
    ["a bucket's secret with a folder", folder, "backupS3Secret"],
    ["an SSH key with a folder", folder, "backupSshKey"],
    ["a bucket's secret with nothing said", {}, "backupS3Secret"],
  ])("%s", (_, change, secret) => {
    expect(of("error", change, [secret])).toEqual([
      expect.objectContaining({
        key: `muster:${secret}`,
        problem: expect.stringContaining("nobody uses it") as string,
        given: "kind: folder",
      }),
    ]);
  });

  it("an SSH key with a bucket", () => {
    expect(of("error", s3(), ["backupS3Secret", "backupSshKey"])).toEqual([
      expect.objectContaining({ key: "muster:backupSshKey", given: "kind: s3" }),
    ]);
  });

  it.each([[folder], [s3()], [sftp]])("a repository key goes with any target", (change) => {
    const problems = of("error", change, ["backupKey", "backupS3Secret", "backupSshKey"]);
    expect(problems.map(({ key }) => key)).not.toContain("muster:backupKey");
  });
});

describe("warnings about backups", () => {
  const cloud = { provider: "digitalocean", region: "fra1", size: "s-2vcpu-4gb" };

  it("that are lost with the host", () => {
    expect(of("warning", { host: cloud })).toEqual([
      expect.objectContaining({ key: "muster:backup.target", given: "kind: folder" }),
    ]);
    expect(of("warning", { host: cloud, ...s3() }, ["backupS3Secret"])).toEqual([]);
  });

  it("not on this machine itself", () => {
    expect(of("warning", folder)).toEqual([]);
  });

  it.each([
    "http://s3.example.org",
    "http://203.0.113.7:9000",
    "http://172.32.0.1",
    "http://11.0.0.1",
    "http://127.example.org",
    "http://[2001:db8::1]:9000",
  ])("that others can listen to: %s", (endpoint) => {
    expect(of("warning", s3({ endpoint }))).toEqual([
      expect.objectContaining({ key: "muster:backup.target.endpoint", given: endpoint }),
    ]);
  });

  it.each([
    "https://s3.example.org",
    "http://127.0.0.1:9000",
    "http://localhost:9000",
    "http://10.1.2.3",
    "http://172.16.0.9:9000",
    "http://192.168.7.10",
    "http://[::1]:9000",
    "http://[fd00::5]:9000",
    "http://storage:9000",
    "http://storage.lan",
  ])("not where nobody listens: %s", (endpoint) => {
    expect(of("warning", s3({ endpoint }))).toEqual([]);
  });
});
