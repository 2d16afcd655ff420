import { foreignSource } from "../../cli/source";
import type { BackupTarget } from "../../stacks/settings/backup";
import { BackupBox } from "../helpers/backupBox";
import { s3, sftp } from "../helpers/backupTargets";

const of = (place: BackupTarget) =>
  foreignSource({
    stack: "prod",
    place,
    key: "the-repository-key",
    access: "the-secret",
    images: { mirror: "registry.lan", overrides: {} },
  });
const exported = (lines: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    lines.flatMap((line) => {
      const [, name = "", value = ""] = /^export (\w+)='(.*)'$/.exec(line) ?? [];
      return name === "" ? [] : [[name, value]];
    }),
  );

describe("another stack's repository, for a restore", () => {
  it.each([[s3], [sftp], [{ kind: "folder" } as const]])(
    "comes with its key, as a file alone: $kind",
    (place) => {
      const { host, files, lines } = of(place);
      expect(host).toBe("muster-prod");
      const { path } = files.find(({ text }) => text === "the-repository-key") ?? {};
      expect(path).toMatch(/^\/order\//);
      expect(exported(lines)["RESTIC_PASSWORD_FILE"]).toBe(path);
      expect(lines.join("\n")).not.toMatch(/the-repository-key|the-secret/);
    },
  );

  it("on another machine comes with SSH key, host key and rclone: the target may have none of them", () => {
    const { files, programs, mounts, lines } = of(sftp);
    const environment = exported(lines);
    const text = (path = ""): string | undefined => files.find((file) => file.path === path)?.text;
    expect(environment["RESTIC_REPOSITORY"]).toBe("rclone:target:/srv/backups");
    expect(text(environment["RCLONE_CONFIG_TARGET_KEY_FILE"])).toBe("the-secret\n");
    expect(text(environment["RCLONE_CONFIG_TARGET_KNOWN_HOSTS_FILE"])).toBe(
      "backups.example.org ssh-ed25519 AAAAC3Nza\n",
    );
    expect(programs).toEqual([
      {
        image: expect.stringMatching(/^registry\.lan\/rclone\/rclone:/),
        from: "/usr/local/bin/rclone",
        to: "/order/rclone",
      },
    ]);
    expect(mounts).toEqual([]);
    expect(lines).toContain("repository_options='-o rclone.program=/order/rclone'");
    // The target's own files can't be written to.
    expect(JSON.stringify({ files, programs, lines })).not.toContain("/muster/");
  });

  it("in a bucket comes with the secret of its access key", () => {
    const { files, programs, lines } = of(s3);
    expect(exported(lines)).toMatchObject({
      RESTIC_REPOSITORY: "s3:https://s3.example.org/team-backups/prod",
      AWS_ACCESS_KEY_ID: "HOST",
    });
    expect(files).toContainEqual({ path: "/order/AWS_SECRET_ACCESS_KEY", text: "the-secret" });
    expect(lines).toContain(
      'AWS_SECRET_ACCESS_KEY="$(cat /order/AWS_SECRET_ACCESS_KEY)"; export AWS_SECRET_ACCESS_KEY',
    );
    expect(programs).toEqual([]);
  });

  it.each([
    [{}, { source: "muster-prod-backup-repository", kind: "volume" }],
    [{ path: "/mnt/disk" }, { source: "/mnt/disk", kind: "bind" }],
  ])("in a folder is mounted beside the target's own: %o", (change, mount) => {
    const { mounts, programs, lines } = of({ kind: "folder", ...change });
    const { RESTIC_REPOSITORY } = exported(lines);
    expect(mounts).toEqual([{ ...mount, target: RESTIC_REPOSITORY }]);
    expect(RESTIC_REPOSITORY).toMatch(/^\/order\//);
    expect(programs).toEqual([]);
  });

  it.each([
    ["over SFTP into one without", "", sftp, "-o rclone.program=/order/rclone --retry-lock"],
    ["from a bucket into one over SFTP", "-o rclone.program=/muster/rclone", s3, "--retry-lock"],
  ])("is opened in its own way, not in the target's: %s", (_, options, place, opened) => {
    const box = new BackupBox({ repository_options: options });
    try {
      const { files, lines } = of(place);
      for (const { path, text } of files) box.write(path, text);
      box.lib(`${lines.join("\n")}\nrestic unlock`);
      expect(box.restic().map((line) => line.replaceAll(box.path(""), ""))).toEqual([`${opened} 5m unlock`]);
    } finally {
      box.remove();
    }
  });
});
