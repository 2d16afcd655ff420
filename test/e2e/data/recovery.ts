import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Fingerprint, fingerprint, unsteady } from "./fingerprint";
import { bucket, type Stage } from "./stage";
import { SshServer } from "../sshd";
import { Stack } from "../stack";
import { suites } from "../suites";

/** From nothing but the repository, the sheet from the safe and the settings file. */
export function recovery(stage: Stage): void {
  const { stack } = stage;
  let before: Fingerprint;
  let snapshot = "";

  describe("recovery from nothing", () => {
    it("begins with everything gone but the sheet, the settings file and the bucket", async () => {
      await stack.must(["backup", stack.name]);
      snapshot = (await stage.recorded("backup.good"))["snapshot"] ?? "";
      before = await fingerprint(stack, unsteady);
      await (await stage.member()).post("written after the backup");
      const sheet = {
        key: await stack.secret("backup-key"),
        passphrase: readFileSync(join(stack.dir, ".muster", "passphrase"), "utf8"),
      };
      const { output } = await stack.must(["destroy", stack.name, "--remove-data", stack.name]);
      expect(output).toContain(`${bucket}/${stack.name}`);
      // The key has outlived the stack, in its file; a copy from before hasn't got it.
      expect(stack.topology().secrets.has("backupKey")).toBe(true);
      stack.set(["backupKey"], undefined);
      await stack.clear();
      rmSync(join(stack.dir, ".muster"), { recursive: true });
      const filters = { label: [`muster.stack=${stack.name}`] };
      expect((await stack.docker.listVolumes({ filters })).Volumes).toEqual([]);
      mkdirSync(join(stack.dir, ".muster"), { mode: 0o700 });
      writeFileSync(join(stack.dir, ".muster", "passphrase"), sheet.passphrase, { mode: 0o600 });
      await stack.store("backupKey", sheet.key);
    });

    it("never lets an empty stack pass for a backup", async () => {
      await stack.up();
      const { code, output } = await stack.run(["backup", stack.name]);
      expect(code).toBe(1);
      expect(output).toContain("restore first");
    });

    it("can be cut short and run again", async () => {
      const running = stack.start(["restore", stack.name]);
      await stage.until("files come back", async () =>
        (await stage.inBackup("ls /status")).includes("restoring"),
      );
      running.child.kill("SIGKILL");
      await stack.docker.getContainer(stage.container("restore")).kill();
      // Its lock is held to be alive for half an hour; that has gone by.
      rmSync(join(stage.storage.bucketFolder(bucket), stack.name, "locks"), { recursive: true, force: true });
      await running.done;
      const refused = await stack.run(["up", stack.name]);
      expect(refused).toMatchObject({ code: 1, output: expect.stringContaining("run that restore again") });
      const { output } = await stack.must(["restore", stack.name]);
      expect(output).toContain(`Restored ${snapshot.slice(0, 8)}`);
      expect(output).toMatch(/posts\s+\d+/);
    });

    it("brings back every row and file, and nothing that was written later", async () => {
      const after = await fingerprint(stack, unsteady);
      expect(after).toEqual(before);
      expect(Object.keys(after.files).length).toBeGreaterThan(40);
      expect(await stack.unwell()).toEqual([]);
      expect(await stage.sql("SELECT count(*) FROM posts WHERE message = 'written after the backup'")).toBe(
        "0\n",
      );
    });

    it("goes on with backups into the same repository", async () => {
      await stack.must(["backup", stack.name]);
      await stack.must(["drill", stack.name]);
    });
  });

  describe("a look at a backup in another stack", () => {
    const copy = new Stack("e2e-copy");
    let sshd: SshServer | undefined;

    beforeAll(async () => {
      await copy.clear();
      sshd = await SshServer.start({ address: stage.place.address, namespace: stage.place.name });
    });
    afterAll(async () => {
      await copy.remove();
      await sshd?.stop();
    });

    it("brings it up and fills it, without anybody's sessions, and leaves the first alone", async () => {
      const since = await fingerprint(stack);
      if (sshd === undefined) throw new Error("no SSH server");
      const server = sshd;
      // One folder with both stacks' files, state and passphrase, as an operator has them.
      const settings = {
        ...stage.settings(),
        web: suites.data.copy,
        postgres: { major: 18 },
        images: { overrides: { "mattermost-team": "mattermost/mattermost-team-edition:11.7.11" } },
        backup: {
          target: {
            kind: "sftp",
            host: server.host,
            port: server.port,
            user: server.user,
            hostKey: server.hostKey,
            path: `${server.backups}/copy`,
          },
        },
      };
      stack.write(settings, copy.name);
      await stack.store("backupSshKey", server.privateKey, copy.name);
      await stack.must(["restore", stack.name, "--to", copy.name]);
      const filled = await fingerprint(copy, unsteady);
      expect(filled.tables["posts"]).toBe(before.tables["posts"]);
      expect(filled.files).toEqual(before.files);
      expect(await stage.sql("SELECT count(*) FROM sessions", copy.name)).toBe("0\n");
      expect(await fingerprint(stack)).toEqual(since);
    });

    it("backs that one up over SFTP, and proves it", async () => {
      await stack.must(["backup", copy.name]);
      const { output } = await stack.must(["drill", copy.name]);
      expect(output).toContain("came back whole");
    });

    it("comes back over SFTP into one that has never backed up there", async () => {
      const wanted = await fingerprint(copy, unsteady);
      await stack.must(["restore", copy.name, "--to", stack.name, "--overwrite", stack.name]);
      expect(await fingerprint(stack, unsteady)).toEqual(wanted);
      expect(await stack.unwell()).toEqual([]);
    });
  });

  describe("retention", () => {
    it("is another key's work: the operator prunes, and versions stay for the locked time", async () => {
      const { accessKeyId, secretAccessKey } = stage.storage.root;
      const keys = {
        MUSTER_PRUNE_ACCESS_KEY_ID: accessKeyId,
        MUSTER_PRUNE_SECRET_ACCESS_KEY: secretAccessKey,
      };
      const count = async (): Promise<number> =>
        (
          JSON.parse(
            await stage.inBackup(". /muster/lib.sh; restic snapshots --json --tag muster"),
          ) as unknown[]
        ).length;
      // Of the last week, all stay; of a day before that, the last one, and the oldest of all.
      for (const hour of [1, 2, 3])
        await stage.inBackup(
          `. /muster/lib.sh; restic backup --quiet --host "$host" --tag muster --time '2025-01-01 0${hour}:00:00' /muster/lib.sh`,
        );
      const many = await count();
      const prefix = `${stack.name}/snapshots/`;
      const before = await stage.storage.versions(bucket, prefix);
      await stack.must(["prune", stack.name], keys);
      expect(await count()).toBe(many - 1);
      await stack.must(["check", stack.name]);
      const { versions, deleted } = await stage.storage.versions(bucket, prefix);
      expect(deleted.length).toBeGreaterThan(before.deleted.length);
      // Not even the operator's own key gets at those.
      const gone = deleted.filter((key) => !before.deleted.includes(key));
      const kept = versions.filter(({ key }) => gone.includes(key));
      expect(kept).toHaveLength(gone.length);
      for (const version of kept)
        await expect(stage.storage.deleteVersion(bucket, version)).rejects.toMatchObject({
          name: "AccessDenied",
        });
      expect((await stage.storage.versions(bucket, prefix)).versions).toEqual(before.versions);
    });
  });
}
