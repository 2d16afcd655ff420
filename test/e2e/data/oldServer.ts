/** A Mattermost from elsewhere, with a PostgreSQL of an older major and another owner: what an import takes over. */
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import { labels } from "../../../components/host/engine";
import { imageReference } from "../../../components/services/images";
import { execute } from "../client";
import { ensureImages } from "../images/build";
import type { Stack } from "../stack";

export const person = { username: "ada", password: "Difference-Engine-1" };
const database = "old";

export class OldServer {
  /** Where dumps and files are put on this machine. */
  readonly folder = mkdtempSync(join(tmpdir(), "muster-e2e-old-"));
  private address = "";
  private headers: Record<string, string> = {};
  private channel = "";

  private constructor(private readonly stack: Stack) {}

  private name(part: string): string {
    return `muster-${this.stack.name}-old-${part}`;
  }

  /** A server with one person and one team. */
  static async start(stack: Stack): Promise<OldServer> {
    const old = new OldServer(stack);
    await old.remove(false);
    const settings = stack.topology().settings.images;
    const images = {
      "postgres-17": imageReference("postgres-17", settings),
      "mattermost-team": imageReference("mattermost-team", settings),
    };
    await ensureImages(images, () => undefined, stack.docker);
    const { docker } = stack;
    const network = old.name("network");
    await docker.createNetwork({ Name: network, Labels: { [labels.stack]: stack.name } });
    await old.run("postgres", images["postgres-17"], {
      Env: [`POSTGRES_DB=${database}`, "POSTGRES_USER=mmuser", "POSTGRES_HOST_AUTH_METHOD=trust"],
    });
    // Twice: the image starts a server that only it can reach first.
    await until(async () => (await old.sql("SELECT 1")).trim() === "1", 60);
    await pause(3000);
    await until(async () => (await old.sql("SELECT 1")).trim() === "1", 60);
    await old.sql("CREATE ROLE reader; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO reader");
    await old.run("mattermost", images["mattermost-team"], {
      Env: [
        "MM_SQLSETTINGS_DRIVERNAME=postgres",
        `MM_SQLSETTINGS_DATASOURCE=postgres://mmuser@${old.name("postgres")}/${database}?sslmode=disable`,
        "MM_SERVICESETTINGS_SITEURL=http://chat.old.example",
      ],
      HostConfig: {
        NetworkMode: network,
        PortBindings: { "8065/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] },
      },
      ExposedPorts: { "8065/tcp": {} },
    });
    const { NetworkSettings } = await docker.getContainer(old.name("mattermost")).inspect();
    old.address = `http://127.0.0.1:${NetworkSettings.Ports["8065/tcp"]?.[0]?.HostPort ?? ""}/api/v4`;
    await until(
      async () => (await fetch(`${old.address}/system/ping`, { signal: AbortSignal.timeout(5000) })).ok,
      120,
    );
    await old.mmctl(
      "user",
      "create",
      "--username",
      person.username,
      "--password",
      person.password,
      "--email",
      "ada@old.example",
      "--system-admin",
      "--email-verified",
    );
    await old.mmctl("team", "create", "--name", "engines", "--display-name", "Engines");
    await old.mmctl("team", "users", "add", "engines", person.username);
    await old.signIn();
    return old;
  }

  private async run(part: string, image: string, options: Docker.ContainerCreateOptions): Promise<void> {
    const container = await this.stack.docker.createContainer({
      name: this.name(part),
      Image: image,
      Labels: { [labels.stack]: this.stack.name },
      HostConfig: { NetworkMode: this.name("network") },
      ...options,
    });
    await container.start();
  }

  private async mmctl(...args: string[]): Promise<void> {
    await execute(this.stack.docker, this.name("mattermost"), ["/mattermost/bin/mmctl", "--local", ...args]);
  }

  private async signIn(): Promise<void> {
    const { username, password } = person;
    const answer = await fetch(`${this.address}/users/login`, {
      signal: AbortSignal.timeout(20_000),
      method: "POST",
      body: JSON.stringify({ login_id: username, password }),
    });
    this.headers = { Authorization: `Bearer ${answer.headers.get("token") ?? ""}` };
    const teams = (await this.ask("/users/me/teams")) as { id: string }[];
    const path = `/teams/${teams[0]?.id ?? ""}/channels/name/town-square`;
    this.channel = ((await this.ask(path)) as { id: string }).id;
  }

  private async ask(path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.address}${path}`, {
      signal: AbortSignal.timeout(20_000),
      headers: this.headers,
      ...(body === undefined
        ? {}
        : { method: "POST", body: body instanceof FormData ? body : JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** Writes a post, with a file where `file` is its content. */
  async post(message: string, file?: { name: string; content: string }): Promise<void> {
    const ids: string[] = [];
    if (file !== undefined) {
      const form = new FormData();
      form.set("channel_id", this.channel);
      form.set("files", new Blob([file.content]), file.name);
      const { file_infos } = (await this.ask("/files", form)) as { file_infos: { id: string }[] };
      ids.push(...file_infos.map(({ id }) => id));
    }
    await this.ask("/posts", { channel_id: this.channel, message, file_ids: ids });
  }

  sql(query: string, name = database): Promise<string> {
    return execute(this.stack.docker, this.name("postgres"), [
      "psql",
      "-U",
      "mmuser",
      "-At",
      "-d",
      name,
      "-c",
      query,
    ]);
  }

  /** A dump, as pg_dump in the old server makes it. */
  async dump(file: string, ...options: string[]): Promise<string> {
    const said = await execute(this.stack.docker, this.name("postgres"), [
      "pg_dump",
      "-U",
      "mmuser",
      ...options,
      "-f",
      `/tmp/${file}`,
      ...(options.includes("-d") ? [] : [database]),
    ]);
    if (said !== "") throw new Error(`pg_dump: ${said}`);
    await this.copy("postgres", `/tmp/${file}`);
    return join(this.folder, file);
  }

  /** A copy of its database under another name. */
  async copyTo(name: string): Promise<void> {
    await this.sql(`CREATE DATABASE ${name}`, "postgres");
    const command = `pg_dump -U mmuser ${database} | psql -q -U mmuser -d ${name} > /dev/null`;
    await execute(this.stack.docker, this.name("postgres"), ["sh", "-c", command]);
  }

  /** Its data folder, as it is now. */
  async files(): Promise<string> {
    rmSync(join(this.folder, "data"), { recursive: true, force: true });
    await this.copy("mattermost", "/mattermost/data");
    return join(this.folder, "data");
  }

  /** Its configuration, with the keys in it. */
  async config(): Promise<{ path: string; publicLinkSalt: string }> {
    await this.copy("mattermost", "/mattermost/config/config.json");
    const path = join(this.folder, "config.json");
    const { FileSettings } = JSON.parse(readFileSync(path, "utf8")) as {
      FileSettings: { PublicLinkSalt: string };
    };
    return { path, publicLinkSalt: FileSettings.PublicLinkSalt };
  }

  private async copy(part: string, path: string): Promise<void> {
    const archive = join(this.folder, "copied.tar");
    await pipeline(
      await this.stack.docker.getContainer(this.name(part)).getArchive({ path }),
      createWriteStream(archive),
    );
    const { status, stderr } = spawnSync("tar", ["-xf", archive, "-C", this.folder]);
    rmSync(archive);
    if (status !== 0) throw new Error(`tar: ${stderr.toString("utf8")}`);
  }

  async remove(folder = true): Promise<void> {
    for (const part of ["mattermost", "postgres"])
      await this.stack.docker
        .getContainer(this.name(part))
        .remove({ force: true, v: true })
        .catch(() => undefined);
    await this.stack.docker
      .getNetwork(this.name("network"))
      .remove()
      .catch(() => undefined);
    if (folder) rmSync(this.folder, { recursive: true, force: true });
  }
}

async function until(happened: () => Promise<boolean>, seconds: number): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await happened().catch(() => false))) {
    if (Date.now() > end) throw new Error(`the old server isn't there after ${seconds} s`);
    await pause(500);
  }
}
