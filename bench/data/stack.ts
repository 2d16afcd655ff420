/** The stack whose data are backed up: its repository is a folder, and nothing of its schedule runs by itself. */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { linesOf } from "../../components/host/engine";
import { containerName } from "../../components/platform/names";
import { repositoryKeySecret, snapshotHost } from "../../components/services/backup/repository";
import { packed, type RunFile } from "../../cli/restic";
import { Client, execute, rootCertificate } from "../../test/e2e/client";
import { engineSocket } from "../../test/e2e/parts";
import { Stack } from "../../test/e2e/stack";
import { orderPath } from "../../cli/source";
import type { Workshop } from "../workshop";
import { handPath, newRepository } from "./hand";
import type { Recovery } from "./recovery";

export const name = "bench-data";
const ports = { httpPort: 17_083, httpsPort: 17_447 };
const megabyte = 1_000_000;

/** What is made: uploads as people make them, and posts. */
export const content = { files: 1800, fileBytes: megabyte / 2, posts: 300_000 } as const;

/** Run of a container, from before it is made to its end. */
export interface Run {
  output: string;
  seconds: number;
  /** Processors' time of it, and of the database server meanwhile. */
  cpuSeconds: number;
}

/** Tells at the end what the script's programs have cost. */
const counted = 'sh -c "$0"; code=$?; times; exit $code';

/** Of what `times` says last: of the programs, as `1m2.34s 0m1.20s`. Pure. */
export function cpuSecondsOf(output: string): number {
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  const parts = [...last.matchAll(/(\d+)m([\d.]+)s/g)];
  if (parts.length !== 2) throw new Error(`\`times\` says something else: ${last}`);
  return parts.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

export class DataStack {
  readonly stack = new Stack(name);
  private key = "";
  /** The first stack's: a restore brings it back. */
  private password = "";

  constructor(
    private readonly workshop: Workshop,
    private readonly say: (line: string) => void,
  ) {
    for (const folder of [this.repository, this.handRepository]) mkdirSync(folder, { recursive: true });
  }

  get repository(): string {
    return join(this.workshop.dir, "repository");
  }

  get handRepository(): string {
    return join(this.workshop.dir, "by-hand");
  }

  get host(): string {
    return snapshotHost(name);
  }

  container(service: string): string {
    return containerName(name, service);
  }

  private get settings(): Record<string, unknown> {
    return {
      domain: "localhost",
      host: { provider: "local", engine: `unix://${engineSocket}`, address: "127.0.0.1" },
      web: ports,
      people: { accounts: 20, active: 20 },
      calls: "off",
      meetings: "off",
      images: { overrides: this.workshop.overrides },
      backup: { target: { kind: "folder", path: this.repository } },
    };
  }

  /** @returns seconds. */
  async up(): Promise<number> {
    this.stack.write(this.settings);
    await this.stack.ensureImages();
    const { seconds } = await this.stack.up();
    this.key = await this.stack.secret(repositoryKeySecret);
    this.password = await this.stack.secret("administrator-password");
    return seconds;
  }

  /** Backs up, takes everything away but the repository and its key, and brings it back as a person does. */
  async recovered(): Promise<Recovery> {
    await this.newRepository();
    await this.run("sh /muster/backup.sh bench");
    const bytes = Number(await this.lastBackup("bytes"));
    await this.stack.clear();
    rmSync(join(this.stack.dir, ".muster"), { recursive: true });
    this.stack.write(this.settings);
    await this.stack.store("backupKey", this.key);
    const { seconds: up } = await this.stack.up();
    const { code, output, seconds: restore } = await this.stack.run(["restore", name]);
    if (code !== 0) throw new Error(`restore ${name}:\n${output}`);
    return { bytes, up, restore };
  }

  /** An empty repository for our own backups. */
  async newRepository(): Promise<void> {
    await this.run(newRepository("/repository"));
  }

  /** What `/status` says of the last good backup. */
  async lastBackup(key: string): Promise<string> {
    return (await this.run(`sed -n 's/^${key}\t//p' /status/backup.good`)).output.trim();
  }

  /** Restores the last snapshot as `npm run restore` does once it has looked at it, without what is around it. */
  async restore(): Promise<Run> {
    const order = [
      `source=${this.host}`,
      `snapshot=${await this.lastBackup("snapshot")}`,
      "elsewhere=no",
      "overwrite=yes",
      "keep_replaced=no",
    ];
    return this.run("sh /muster/restore.sh restore", [
      { path: `${orderPath}/settings.sh`, text: `${order.join("\n")}\n` },
    ]);
  }

  /** @throws Error where something of what was made is missing: then its time says nothing. */
  async requireWhole(by: string): Promise<void> {
    const rows = (
      await this.sql(`SELECT count(*) >= ${content.posts} FROM posts WHERE channelid = 'bench'`)
    ).trim();
    const { output } = await this.run("ls /volumes/mattermost/data/bench | wc -l");
    if (rows !== "t" || Number(output) !== content.files)
      throw new Error(`after ${by}: enough rows: ${rows}, files: ${output.trim()} of ${content.files}`);
  }

  /** So little that a restore of it costs what every restore costs. */
  async someContent(): Promise<void> {
    await this.sql(
      "INSERT INTO posts (id, createat, userid, channelid, message, type) VALUES ('bench', 1, 'bench', 'bench', 'x', '')",
    );
  }

  /** SQL on the database server. */
  sql(query: string, database = "mattermost"): Promise<string> {
    const command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "mattermost"];
    return execute(this.stack.docker, this.container("postgres"), [...command, "-d", database, "-c", query]);
  }

  /** The schedule stands still: what is measured is started from here. */
  async pause(): Promise<void> {
    await this.stack.docker.getContainer(this.container("backup")).stop();
  }

  /** Starts the chat server, and the proxy with the certificates that have come back; waits until it answers. */
  async startServer(): Promise<void> {
    await this.stack.docker.getContainer(this.container("caddy")).restart();
    const server = this.stack.docker.getContainer(this.container("mattermost"));
    await server.start();
    for (const end = Date.now() + 120_000; ;) {
      if ((await server.inspect()).State.Health?.Status === "healthy") return;
      if (Date.now() > end) throw new Error("the chat server isn't healthy two minutes after its start");
      await pause(500);
    }
  }

  /** Files and rows, made where they belong. */
  async fill(): Promise<void> {
    const { files, fileBytes, posts } = content;
    this.say(`making ${files} files of ${fileBytes / megabyte} MB and ${posts} posts`);
    await this.run(
      `set -eu
      mkdir -p /volumes/mattermost/data/bench && cd /volumes/mattermost/data/bench
      i=0
      while [ $i -lt ${files} ]; do i=$((i + 1)); head -c ${fileBytes} /dev/urandom > $i; done
      chown -R 2000:2000 .`,
    );
    await this.sql(`
      INSERT INTO fileinfo (id, creatorid, postid, channelid, createat, updateat, deleteat, path, name, size)
        SELECT substr(md5('file' || i), 1, 26), 'bench', '', 'bench', i, i, 0, 'bench/' || i, i::text, ${fileBytes}
        FROM generate_series(1, ${files}) i;
      INSERT INTO posts (id, createat, updateat, userid, channelid, message, type)
        SELECT substr(md5('post' || i), 1, 26), i, i, 'bench', 'bench',
          (SELECT string_agg(md5(i || ' ' || part), ' ') FROM generate_series(1, 8) part), ''
        FROM generate_series(1, ${posts}) i;
      CHECKPOINT`);
  }

  /** Neither rows nor files, as on a machine that has just been brought up. */
  async empty(): Promise<void> {
    await this.run("find /volumes/*/* -mindepth 1 -maxdepth 1 -exec rm -rf {} +");
    await this.sql("DROP DATABASE IF EXISTS mattermost WITH (FORCE)", "postgres");
    await this.sql("CREATE DATABASE mattermost", "postgres");
  }

  /** Runs a script in a container like the backup's own, which may write to all volumes. */
  async run(script: string, files: readonly RunFile[] = []): Promise<Run> {
    const { docker } = this.stack;
    const { Config, HostConfig, Mounts, NetworkSettings } = await docker
      .getContainer(this.container("backup"))
      .inspect();
    const [network = "none", ...networks] = Object.keys(NetworkSettings.Networks);
    const began = performance.now();
    const container = await docker.createContainer({
      Image: Config.Image,
      Entrypoint: ["sh"],
      Cmd: ["-c", counted, script],
      Env: Config.Env,
      User: Config.User,
      Labels: Config.Labels,
      HostConfig: {
        ...HostConfig,
        AutoRemove: false,
        // As in the container that restores: it gets its order as a file.
        ReadonlyRootfs: false,
        RestartPolicy: { Name: "" },
        LogConfig: { Type: "none", Config: {} },
        NetworkMode: network,
        Mounts: [
          ...Mounts.map(({ Type, Name, Source, Destination }) => ({
            Type: Type as "volume" | "bind",
            Source: Type === "volume" ? (Name ?? "") : Source,
            Target: Destination,
            ReadOnly: Destination === "/muster",
          })),
          { Type: "bind", Source: this.handRepository, Target: handPath },
        ],
      },
    });
    try {
      for (const other of networks) await docker.getNetwork(other).connect({ Container: container.id });
      if (files.length > 0) await container.putArchive(await packed(files), { path: "/" });
      const stream = await container.attach({ stream: true, stdout: true, stderr: true });
      const said = linesOf(docker, stream);
      const ended = container.wait({ condition: "next-exit" }) as Promise<{ StatusCode: number }>;
      const before = await this.serverCpuSeconds();
      await container.start();
      const [{ StatusCode }, output] = await Promise.all([ended, said]);
      const seconds = (performance.now() - began) / 1000;
      if (StatusCode !== 0) throw new Error(`ended with ${StatusCode}: ${script}\n${output}`);
      const cpuSeconds = cpuSecondsOf(output) + (await this.serverCpuSeconds()) - before;
      // Without the two lines of `times`.
      return { output: output.replace(/\n?[^\n]*\n[^\n]*\n?$/, ""), seconds, cpuSeconds };
    } finally {
      await container.remove({ force: true });
    }
  }

  private async serverCpuSeconds(): Promise<number> {
    const server = this.stack.docker.getContainer(this.container("postgres"));
    const { cpu_stats: stats } = await server.stats({ stream: false, "one-shot": true });
    return stats.cpu_usage.total_usage / 1e9;
  }

  /** Somebody who is signed in. */
  async client(): Promise<{ client: Client; headers: Record<string, string> }> {
    const ca = await rootCertificate(this.stack.docker, this.container("caddy"));
    const client = new Client(ca, ports.httpsPort);
    const token = await client.signIn("admin", this.password);
    return { client, headers: { Authorization: `Bearer ${token}` } };
  }

  async remove(): Promise<void> {
    await this.stack.remove();
  }
}
