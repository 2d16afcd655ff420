/**
 * An S3-compatible storage for tests: the Versity S3 Gateway on a folder of its own, with versions and object lock.
 *
 * What it has not: lifecycle rules and the block of public access answer NotImplemented. Of a bucket's policy it
 * ignores `Condition` and `NotPrincipal`, and it knows principals by their access key, which must exist. A bucket's
 * default retention protects all of it from when it was set, not each object from when it was written.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { S3Client } from "@aws-sdk/client-s3";
import { Daemon, type Place } from "./daemon";
import { programOfModule } from "./images/goModule";
import { run } from "./images/recipe";

const version = "1.7.0";

/** The server's program. */
export const s3Program = (): Promise<string> =>
  programOfModule({
    name: "versitygw",
    module: "github.com/versity/versitygw",
    version,
    folder: "cmd/versitygw",
  });

export interface S3Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** One version of an object. */
export interface Version {
  readonly key: string;
  readonly id: string;
}

const newKey = (accessKeyId: string): S3Key => ({
  accessKeyId,
  secretAccessKey: randomBytes(20).toString("hex"),
});

export class S3Server {
  /** For `muster:backup.target.endpoint`: host and containers reach it at the same address. */
  readonly endpoint: string;
  readonly region = "us-east-1";
  /** May do all that the object lock lets anyone do. */
  readonly root: S3Key;

  private constructor(
    private readonly program: string,
    private readonly folder: string,
    private readonly daemon: Daemon,
    endpoint: string,
    root: S3Key,
  ) {
    this.endpoint = endpoint;
    this.root = root;
  }

  static async start(place: Place, port = 9000): Promise<S3Server> {
    const program = await s3Program();
    const folder = mkdtempSync(join(tmpdir(), "muster-e2e-s3-"));
    const below = (name: string): string => {
      mkdirSync(join(folder, name));
      return join(folder, name);
    };
    const root = newKey("root");
    const command = [
      ...[program, "--port", `${place.address}:${port}`, "--quiet"],
      // Without the cache, so that a new user can sign in at once.
      ...["--iam-dir", below("users"), "--iam-cache-disable"],
      ...["posix", "--versioning-dir", below("versions"), below("buckets")],
    ] as const;
    const env = {
      ...process.env,
      ROOT_ACCESS_KEY_ID: root.accessKeyId,
      ROOT_SECRET_ACCESS_KEY: root.secretAccessKey,
    };
    const daemon = new Daemon(place, port, command, env);
    const endpoint = `http://${place.address}:${port}`;
    try {
      await daemon.start();
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
    return new S3Server(program, folder, daemon, endpoint, root);
  }

  /** A further user, who may do nothing until a bucket's policy names this access key. */
  async user(accessKeyId: string): Promise<S3Key> {
    const key = newKey(accessKeyId);
    const { root } = this;
    await run(this.program, [
      ...["admin", "-a", root.accessKeyId, "-s", root.secretAccessKey, "--er", this.endpoint],
      ...["create-user", "--access", key.accessKeyId, "--secret", key.secretAccessKey, "--role", "user"],
    ]);
    return key;
  }

  /** Makes an empty bucket. */
  async makeBucket(bucket: string): Promise<void> {
    const { CreateBucketCommand } = await import("@aws-sdk/client-s3");
    await this.ask((client) => client.send(new CreateBucketCommand({ Bucket: bucket })));
  }

  /** The folder that holds a bucket's objects, each as a file of its key: for damaging one behind the server's back. */
  bucketFolder(bucket: string): string {
    return join(this.folder, "buckets", bucket);
  }

  /** All versions below a prefix, and the keys that were deleted by name. */
  async versions(bucket: string, prefix: string): Promise<{ versions: Version[]; deleted: string[] }> {
    const { ListObjectVersionsCommand } = await import("@aws-sdk/client-s3");
    const list = new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix });
    const { Versions = [], DeleteMarkers = [], IsTruncated } = await this.ask((client) => client.send(list));
    if (IsTruncated === true) throw new Error(`more versions below ${prefix} than one answer holds`);
    return {
      versions: Versions.map(({ Key = "", VersionId = "" }) => ({ key: Key, id: VersionId })),
      deleted: DeleteMarkers.filter(({ IsLatest }) => IsLatest === true).map(({ Key = "" }) => Key),
    };
  }

  /** Deletes a version for good. @throws where the storage refuses. */
  async deleteVersion(bucket: string, { key, id }: Version): Promise<void> {
    const { DeleteObjectCommand } = await import("@aws-sdk/client-s3");
    const command = new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: id });
    await this.ask((client) => client.send(command));
  }

  private async ask<T>(question: (client: S3Client) => Promise<T>): Promise<T> {
    const { S3Client } = await import("@aws-sdk/client-s3");
    const { endpoint, region, root } = this;
    const client = new S3Client({ endpoint, region, credentials: root, forcePathStyle: true });
    try {
      return await question(client);
    } finally {
      client.destroy();
    }
  }

  /**
   * Cuts the line. `refused`: open connections break and new ones are refused. `silent`: connections stay and
   * nothing is answered, which a client only notices by its own time limit.
   */
  async drop(how: "refused" | "silent" = "refused"): Promise<void> {
    if (how === "silent") this.daemon.freeze();
    else await this.daemon.stop();
  }

  /** Mends it again. What was stored before is still there. */
  async resume(): Promise<void> {
    if (this.daemon.running) this.daemon.thaw();
    else await this.daemon.start();
  }

  /** Ends the server and removes all that it holds. */
  async stop(): Promise<void> {
    await this.daemon.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
