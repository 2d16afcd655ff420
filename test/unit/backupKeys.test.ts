import { keyFromEnvironment } from "../../cli/backupKeys";
import { UserError } from "../../cli/errors";
import { sheet } from "../../cli/key";
import { bucketAccess, sshAccess } from "../../cli/prune";
import { containerOf } from "../../cli/restic";
import { s3, sftp } from "../helpers/backupTargets";

describe("a key from the environment", () => {
  const read = (environment: NodeJS.ProcessEnv) =>
    keyFromEnvironment("MUSTER_PRUNE", "to prune with", "HOST", environment);
  const [id, secret] = ["MUSTER_PRUNE_ACCESS_KEY_ID", "MUSTER_PRUNE_SECRET_ACCESS_KEY"];

  it("is read", () => {
    expect(read({ [id]: "MINE", [secret]: "s" })).toEqual({ id: "MINE", secret: "s" });
  });

  it.each([
    [{}, `${id}, ${secret}`],
    [{ [id]: "MINE" }, secret],
    [{ [id]: "MINE", [secret]: "" }, secret],
    [{ [secret]: "s" }, id],
  ])("is missed by name: %o", (environment, missing) => {
    expect(() => read(environment)).toThrow(UserError);
    expect(() => read(environment)).toThrow(`missing: ${missing}\n`);
  });

  it("is never the host's own", () => {
    expect(() => read({ [id]: "HOST", [secret]: "s" })).toThrow(
      /is the host's own[^]*given: {3}MUSTER_PRUNE_ACCESS_KEY_ID=HOST/,
    );
  });
});

describe("pruning", () => {
  it("reaches the bucket with the other key, which stands in a file alone", () => {
    const access = bucketAccess(s3, "prod", { id: "MINE", secret: "pruning-secret" });
    expect(access.address).toBe("s3:https://s3.example.org/team-backups/prod");
    expect(access.environment).toEqual({
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_SHARED_CREDENTIALS_FILE: "/muster/s3-credentials",
    });
    expect(access.files).toEqual([
      {
        path: "/muster/s3-credentials",
        text: "[default]\naws_access_key_id = MINE\naws_secret_access_key = pruning-secret\n",
      },
    ]);
  });

  it("reaches another machine with the other key and the pinned host key", () => {
    const access = sshAccess(sftp, "prod", "PRIVATE KEY");
    expect(access.files).toEqual([
      { path: access.environment["RCLONE_CONFIG_TARGET_KEY_FILE"], text: "PRIVATE KEY" },
      {
        path: access.environment["RCLONE_CONFIG_TARGET_KNOWN_HOSTS_FILE"],
        text: "backups.example.org ssh-ed25519 AAAAC3Nza\n",
      },
    ]);
  });

  it("shows no secret to those who look at the container", () => {
    const { environment, files } = bucketAccess(s3, "prod", { id: "MINE", secret: "pruning-secret" });
    const container = containerOf({
      engine: "unix:///var/run/docker.sock",
      image: "restic/restic:0.19.1",
      programs: [],
      files: [...files, { path: "/muster/repository-key", text: "repository-secret" }],
      environment,
      command: ["forget"],
    });
    expect(JSON.stringify(container)).not.toMatch(/pruning-secret|repository-secret/);
    expect(container.HostConfig).toMatchObject({ CapDrop: ["ALL"], SecurityOpt: ["no-new-privileges:true"] });
  });
});

describe("the sheet for the safe", () => {
  const passphrase = { source: "PULUMI_CONFIG_PASSPHRASE", value: "the-passphrase" };
  const common = { stack: "prod", repositoryKey: "the-repository-key", passphrase };

  it("holds all that a bucket needs", () => {
    const text = sheet({ ...common, target: s3, access: "the-secret" });
    for (const part of [
      "s3:https://s3.example.org/team-backups/prod",
      "the-repository-key",
      "HOST",
      "the-secret",
      "us-east-1",
      "the-passphrase",
      "docs/runbooks/recovery.md",
    ])
      expect(text).toContain(part);
  });

  it("holds all that another machine needs, its SSH key whole", () => {
    const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----";
    const text = sheet({ ...common, target: sftp, access: `${key}\n` });
    expect(text).toContain("sftp://muster@backups.example.org:22/srv/backups");
    expect(text).toContain("ssh-ed25519 AAAAC3Nza");
    expect(text).toContain(`\n${key}\n`);
  });

  it.each([
    [{ kind: "folder" as const, path: "/mnt/disk" }, "/mnt/disk on the host"],
    [{ kind: "folder" as const }, "lost with the host"],
  ])("says of a folder where it is: %o", (target, place) => {
    expect(sheet({ ...common, target, access: undefined })).toContain(place);
  });

  it("says where a passphrase comes from that isn't Muster's own", () => {
    const text = sheet({
      ...common,
      target: { kind: "folder" },
      access: undefined,
      passphrase: { source: "PULUMI_CONFIG_PASSPHRASE", value: undefined },
    });
    expect(text).toContain("it comes from PULUMI_CONFIG_PASSPHRASE; put it here too");
  });
});
