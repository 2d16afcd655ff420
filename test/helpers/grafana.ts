/** A real Grafana on this machine's loopback, provisioned by files, with nothing kept. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { Daemon } from "./daemon";
import { freeTcpPort } from "./freePort";
import { GrafanaClient } from "./grafanaClient";
import { missingPrograms, programName } from "./programs";

/** Where a Grafana of this machine has its program, its pages and its own settings. */
export interface GrafanaHome {
  home: string;
  version: string;
}

/** Its home: where packages have it, or around its program as an archive has it; `undefined` without a Grafana. */
export function grafanaHome(): GrafanaHome | undefined {
  if (missingPrograms(["grafana"]).length > 0) return undefined;
  const program = programName("grafana");
  const path = spawnSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).stdout.trim();
  const around = join(dirname(realpathSync(path)), "..");
  const home = [process.env["GF_PATHS_HOME"] ?? "", "/usr/share/grafana", around].find((folder) =>
    existsSync(join(folder, "conf/defaults.ini")),
  );
  if (home === undefined) throw new Error("Grafana's home isn't found: set GF_PATHS_HOME");
  const said = spawnSync(program, ["--version"], { encoding: "utf8" }).stdout;
  return { home, version: /\d+\.\d+\.\d+/.exec(said)?.[0] ?? "0.0.0" };
}

const password = "only-for-this-test";

export class Grafana {
  private constructor(
    private readonly daemon: Daemon,
    readonly client: GrafanaClient,
  ) {}

  /**
   * @param folder has `provisioning` in it.
   * @param own its configuration and the administrator's password in it; default its own, and a password of the test's.
   */
  static async start(folder: string, own?: { config: string; password: string }): Promise<Grafana> {
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
      ...(own === undefined ? { ...quiet, GF_SECURITY_ADMIN_PASSWORD: password } : {}),
    };
    const home = grafanaHome()?.home ?? "";
    const config = own === undefined ? [] : [`--config=${own.config}`];
    const args = ["server", `--homepath=${home}`, ...config];
    const daemon = new Daemon(programName("grafana"), args, { cwd: folder, env });
    const url = `http://127.0.0.1:${port}`;
    await daemon.answers(`${url}/api/health`, 90).catch(async (error: unknown) => {
      await daemon.stop();
      throw error;
    });
    return new Grafana(daemon, new GrafanaClient(url, own?.password ?? password));
  }

  stop(): Promise<void> {
    return this.daemon.stop();
  }
}

/** It asks nothing of the world. */
const quiet = {
  GF_ANALYTICS_REPORTING_ENABLED: "false",
  GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
  GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
  GF_PLUGINS_PREINSTALL_DISABLED: "true",
  GF_PLUGINS_PUBLIC_KEY_RETRIEVAL_DISABLED: "true",
};

/** The first major version whose rules can keep their state where Prometheus doesn't answer. */
const keepsLast = 11;

/** An older one takes no rule that should: there, it is quiet instead. */
export const stateWithoutPrometheus = ({ version }: GrafanaHome): "KeepLast" | "OK" =>
  parseInt(version, 10) < keepsLast ? "OK" : "KeepLast";
