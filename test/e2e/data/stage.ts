/** What the tests of data safety run on: a stack, an S3-compatible storage beyond the network, people who write. */
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { Client, execute, fileForm, rootCertificate } from "../client";
import { makeNeighbour, removeNeighbour } from "../network";
import { engineSocket } from "../parts";
import { S3Server } from "../s3";
import { Stack } from "../stack";
import { suites } from "../suites";

/** The storage's own machine. */
const { name: stackName, web, neighbour: storage } = suites.data;

export const bucket = "team-backups";
/** The host's own key: it writes and can't destroy. */
export const hostKeyId = "hostkey";

export class Stage {
  readonly stack = new Stack(stackName);
  /** Where the backups go. */
  storage!: S3Server;
  hostSecret = "";

  /** Where the storage is; other servers of the tests are there too. */
  readonly place = storage;

  /** Whether this machine lets us have another one. */
  readonly possible = makeNeighbour(storage);

  /** At PostgreSQL 17, so that there is a major to move to. */
  async prepare(): Promise<void> {
    await this.stack.clear();
    this.storage = await S3Server.start({ address: storage.address, namespace: storage.name });
    this.hostSecret = (await this.storage.user(hostKeyId)).secretAccessKey;
    this.stack.write(this.settings());
    console.log(`Images:\n${(await this.stack.ensureImages()).join("\n")}`);
  }

  settings(): Record<string, unknown> {
    return {
      domain: "localhost",
      host: { provider: "local", engine: `unix://${engineSocket}`, address: "127.0.0.1" },
      web,
      people: { accounts: 20, active: 20 },
      calls: "off",
      meetings: "off",
      turn: "off",
      postgres: { major: 17 },
      backup: {
        target: { kind: "s3", endpoint: this.storage.endpoint, bucket, accessKeyId: hostKeyId, lockDays: 1 },
      },
    };
  }

  async end(): Promise<void> {
    await this.stack.remove();
    await this.storage.stop();
    removeNeighbour(storage);
  }

  /** Name of a container. */
  container(service: string): string {
    return `muster-${this.stack.name}-${service}`;
  }

  /** What a shell command in the backup's container prints. */
  inBackup(script: string): Promise<string> {
    return execute(this.stack.docker, this.container("backup"), ["sh", "-c", script]);
  }

  /** What the last one of a kind came to. */
  async recorded(name: string): Promise<Record<string, string>> {
    const text = await this.inBackup(`cat /status/${name} 2>/dev/null || :`);
    const pairs = text
      .split("\n")
      .filter((line) => line.includes("\t"))
      .map((line) => line.split("\t") as [string, string]);
    return Object.fromEntries(pairs);
  }

  /** Waits for something that the schedule does by itself. */
  async until(what: string, holds: () => Promise<boolean>, seconds = 180): Promise<void> {
    const end = Date.now() + seconds * 1000;
    while (!(await holds())) {
      if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
      await pause(500);
    }
  }

  /** SQL on the live database. */
  sql(query: string, stack = this.stack.name): Promise<string> {
    const command = ["psql", "-X", "-q", "-A", "-t", "-U", "mattermost", "-d", "mattermost", "-c", query];
    return execute(this.stack.docker, `muster-${stack}-postgres`, command);
  }

  /** A file of the engine's own folder of a volume: for breaking things behind everybody's back. */
  async volumeFile(volume: string, file: string): Promise<string> {
    const { Mountpoint } = await this.stack.docker.getVolume(`muster-${this.stack.name}-${volume}`).inspect();
    return `${Mountpoint}/${file}`;
  }

  /** Does something while a file has another content. */
  async withFile<T>(path: string, content: string, work: () => Promise<T>): Promise<T> {
    const before = readFileSync(path);
    writeFileSync(path, content);
    try {
      return await work();
    } finally {
      writeFileSync(path, before);
    }
  }

  /** Somebody signed in, who writes. */
  async member(): Promise<Member> {
    const { docker } = this.stack;
    const client = new Client(await rootCertificate(docker, this.container("caddy")), web.httpsPort);
    const token = await client.signIn("admin", await this.stack.secret("administrator-password"));
    const headers = { Authorization: `Bearer ${token}` };
    const [team] = JSON.parse((await client.ask("/api/v4/users/me/teams", { headers })).body) as {
      id: string;
    }[];
    const path = `/api/v4/teams/${team?.id ?? ""}/channels/name/town-square`;
    const channel = JSON.parse((await client.ask(path, { headers })).body) as { id: string };
    return new Member(client, headers, channel.id);
  }
}

/** A person who posts, with files. */
export class Member {
  private writing = false;
  private loop: Promise<void> | undefined;
  /** Posts that the server has taken. */
  written = 0;

  constructor(
    private readonly client: Client,
    private readonly headers: Record<string, string>,
    private readonly channel: string,
  ) {}

  /** One post with one file of random bytes. */
  async post(message: string, bytes = 20_000, name = `${this.written}.bin`): Promise<string> {
    const form = fileForm(this.channel, name, randomBytes(bytes));
    const upload = await this.client.ask("/api/v4/files", {
      method: "POST",
      headers: { ...this.headers, ...form.headers },
      body: form.body,
    });
    if (upload.status !== 201) throw new Error(`upload: ${upload.status} ${upload.body}`);
    const { file_infos } = JSON.parse(upload.body) as { file_infos: { id: string }[] };
    const { status, body } = await this.client.ask("/api/v4/posts", {
      method: "POST",
      headers: this.headers,
      body: { channel_id: this.channel, message, file_ids: file_infos.map(({ id }) => id) },
    });
    if (status !== 201) throw new Error(`post: ${status} ${body}`);
    this.written += 1;
    return (JSON.parse(body) as { id: string }).id;
  }

  /** Writes on and on until `stop`. */
  start(): void {
    this.writing = true;
    this.loop = (async () => {
      while (this.writing) await this.post(`line one\nline\ttwo \\ ${"é".repeat(this.written % 50)}`);
    })();
    // `stop` tells of it.
    this.loop.catch(() => undefined);
  }

  /** @throws what went wrong while writing. */
  async stop(): Promise<void> {
    this.writing = false;
    await this.loop;
  }
}
