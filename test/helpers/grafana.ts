/** A real Grafana on this machine's loopback, provisioned by files, with nothing kept. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { Daemon } from "./daemon";
import { freeTcpPort } from "./freePort";
import { programName } from "./programs";

/** Its pages and its own settings: where packages have them, or around its program as an archive has them. */
function homeOf(program: string): string {
  const path = spawnSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).stdout.trim();
  const around = path === "" ? "" : join(dirname(realpathSync(path)), "..");
  const found = [process.env["GF_PATHS_HOME"] ?? "", "/usr/share/grafana", around].find((folder) =>
    existsSync(join(folder, "conf/defaults.ini")),
  );
  if (found === undefined) throw new Error("Grafana's home isn't found: set GF_PATHS_HOME");
  return found;
}

const password = "only-for-this-test";

export class Grafana {
  private constructor(
    private readonly daemon: Daemon,
    private readonly url: string,
  ) {}

  /** @param folder has `provisioning` in it. */
  static async start(folder: string): Promise<Grafana> {
    const program = programName("grafana");
    const port = await freeTcpPort();
    for (const name of ["grafana-data", "grafana-logs", "grafana-plugins"])
      mkdirSync(join(folder, name), { recursive: true });
    const env = {
      GF_PATHS_DATA: join(folder, "grafana-data"),
      GF_PATHS_LOGS: join(folder, "grafana-logs"),
      GF_PATHS_PLUGINS: join(folder, "grafana-plugins"),
      GF_PATHS_PROVISIONING: join(folder, "provisioning"),
      GF_SERVER_HTTP_ADDR: "127.0.0.1",
      GF_SERVER_HTTP_PORT: String(port),
      GF_SECURITY_ADMIN_PASSWORD: password,
      GF_ANALYTICS_REPORTING_ENABLED: "false",
      GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
      GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
      GF_PLUGINS_PREINSTALL_DISABLED: "true",
      GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: "true",
    };
    const daemon = new Daemon(program, ["server", `--homepath=${homeOf(program)}`], { cwd: folder, env });
    const url = `http://127.0.0.1:${port}`;
    await daemon.answers(`${url}/api/health`, 90).catch(async (error: unknown) => {
      await daemon.stop();
      throw error;
    });
    return new Grafana(daemon, url);
  }

  /** Asks its API as the administrator. */
  async ask<T>(path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.url}/api/${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        Authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}`,
        "Content-Type": "application/json",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as T;
  }

  stop(): Promise<void> {
    return this.daemon.stop();
  }
}
