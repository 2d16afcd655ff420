import { execute } from "../client";
import { fingerprint } from "./fingerprint";
import { bucket, hostKeyId, type Stage } from "./stage";

/** The bucket, the first backup by itself, one amid writing; what it says about itself. */
export function backups(stage: Stage): void {
  const { stack } = stage;

  describe("backups", () => {
    it("get their bucket: locked, versioned, with a key that can't destroy", async () => {
      await stack.store("backupS3Secret", stage.hostSecret);
      const { accessKeyId, secretAccessKey } = stage.storage.root;
      const admin = {
        MUSTER_BUCKET_ACCESS_KEY_ID: accessKeyId,
        MUSTER_BUCKET_SECRET_ACCESS_KEY: secretAccessKey,
      };
      const { output } = await stack.must(["bucket", stack.name], admin);
      expect(output).toContain("The host's key writes and can't destroy.");
      expect(output).not.toContain(secretAccessKey);
    });

    it("begin by themselves once somebody writes, and are checked and proven at once", async () => {
      await stack.up();
      expect(await stage.recorded("backup.good")).toEqual({});
      const member = await stage.member();
      for (let index = 0; index < 40; index++) await member.post(`first ${index}`);
      await stage.until(
        "the first drill",
        async () => (await stage.recorded("drill.good"))["state"] === "good",
      );
      const { snapshot } = await stage.recorded("backup.good");
      expect(snapshot).toMatch(/^[0-9a-f]{64}$/);
      expect(snapshot).toContain((await stage.recorded("drill.good"))["snapshot"] ?? "none");
      expect((await stage.recorded("check.good"))["state"]).toBe("good");
    });

    it("taken amid writing are whole, while everybody goes on writing", async () => {
      const member = await stage.member();
      member.start();
      const before = member.written;
      const { code, output } = await stack.run(["backup", stack.name]);
      await member.stop();
      expect({ code, output }).toMatchObject({ code: 0 });
      expect(member.written - before).toBeGreaterThan(5);
      const drill = await stack.run(["drill", stack.name]);
      expect({ code: drill.code, output: drill.output }).toMatchObject({ code: 0 });
      expect(drill.output).toContain("came back whole");
    });

    it("are listed, and tell monitoring and the outputs how old they are", async () => {
      const { output } = await stack.run(["snapshots", stack.name]);
      expect(output).toMatch(/restored and compared/);
      const metrics = await stage.inBackup(
        "/muster/busybox nc 127.0.0.1 9110 <<E\nGET /metrics HTTP/1.0\n\nE",
      );
      const { at, bytes } = await stage.recorded("backup.good");
      expect(metrics).toContain(`muster_backup_last_success_timestamp_seconds ${at}`);
      expect(metrics).toContain(`muster_backup_size_bytes ${bytes}`);
      expect(metrics).toContain("muster_drill_last_success_timestamp_seconds");
    });

    it("hold the settings and the state, with secrets encrypted alone", async () => {
      const listed = await stage.inBackup(
        '. /muster/lib.sh; id=$(recorded backup good snapshot); restic dump "$id" /staging/state/state.json',
      );
      const { deployment } = JSON.parse(listed) as { deployment: { resources: unknown[] } };
      expect(deployment.resources.length).toBeGreaterThan(50);
      for (const { name, value } of await stack.secrets())
        expect({ name, shown: listed.includes(value) }).toEqual({ name, shown: false });
    });

    it("can't be deleted with the host's own key", async () => {
      const { S3Client, ListObjectsV2Command, DeleteObjectCommand } = await import("@aws-sdk/client-s3");
      const client = new S3Client({
        endpoint: stage.storage.endpoint,
        region: stage.storage.region,
        forcePathStyle: true,
        credentials: { accessKeyId: hostKeyId, secretAccessKey: stage.hostSecret },
      });
      const { Contents = [] } = await client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: `${stack.name}/` }),
      );
      const kinds = ["config", "keys/", "snapshots/", "index/", "data/"];
      for (const kind of kinds) {
        const Key = Contents.find((object) => object.Key?.startsWith(`${stack.name}/${kind}`) === true)?.Key;
        expect({ kind, found: Key !== undefined }).toEqual({ kind, found: true });
        await expect(client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))).rejects.toMatchObject({
          name: "AccessDenied",
        });
      }
      client.destroy();
    });

    it("aren't restored over a stack in use: nothing is touched", async () => {
      const started = async (): Promise<string> =>
        (await stack.docker.getContainer(stage.container("mattermost")).inspect()).State.StartedAt;
      const [before, since] = [await fingerprint(stack), await started()];
      const { code, output } = await stack.run(["restore", stack.name]);
      expect(code).toBe(1);
      expect(output).toContain("this stack is in use");
      expect(output).toContain(`--overwrite ${stack.name}`);
      expect(await fingerprint(stack)).toEqual(before);
      expect(await started()).toBe(since);
      const wrong = await stack.run(["restore", stack.name, "--overwrite", "other"]);
      expect(wrong.output).toContain("--overwrite names another stack");
    });

    it("have no way to write to other services' files", async () => {
      const said = await execute(stack.docker, stage.container("backup"), [
        ...["sh", "-c", "touch /volumes/mattermost/data/x 2>&1 || :"],
      ]);
      expect(said).toContain("Read-only file system");
    });
  });
}
