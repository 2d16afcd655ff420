/** A real Caddy with the configuration of a stack, before servers that only say what they were asked. */
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { WebSocketServer } from "ws";
import { labels } from "../../../components/host/engine";
import { fill, type Late } from "../../../components/services/text";
import type { ServicePlan, Topology } from "../../../stacks/topology";
import { execute } from "../client";
import { ensureImages } from "../images/build";
import { referencesOf } from "../images/chosen";

/** What a server was asked, as it tells it. */
export interface Asked {
  site: string;
  path: string;
  headers: Record<string, string>;
  bytes: number;
}

export interface SiteOptions {
  readonly docker: Docker;
  readonly topology: Topology;
  /** Of the containers and of the bridge: up to 8 characters. */
  readonly name: string;
  /** The first three numbers of a private /24 that nothing else here uses. The bridge is .1, Caddy .2. */
  readonly prefix: string;
  /** Values of the secrets in Caddy's files. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Whether servers that tell what they were asked stand behind it. Default: yes. */
  readonly serve?: boolean;
  /** More names that Caddy finds, and where. */
  readonly names?: Readonly<Record<string, string>>;
}

/** Runs curl from somewhere, and answers with what it prints. */
export type Visitor = (args: readonly string[]) => Promise<string>;

const execFileLater = promisify(execFile);
const ip = (...args: string[]): void => void execFileSync("ip", args, { stdio: "pipe" });

export class ProxiedSite {
  readonly bridge: string;
  readonly address: string;
  private readonly folder = mkdtempSync(join(tmpdir(), "muster-e2e-proxy-"));
  /** Outlives a restart. */
  private readonly data = mkdtempSync(join(tmpdir(), "muster-e2e-proxy-data-"));
  private readonly servers: Server[] = [];
  private readonly namespaces: string[] = [];
  private container: Docker.Container | undefined;
  private network: Docker.Network | undefined;

  private constructor(private readonly options: SiteOptions) {
    this.bridge = `e2ep-${options.name}`;
    this.address = `${options.prefix}.2`;
  }

  static async start(options: SiteOptions): Promise<ProxiedSite> {
    const site = new ProxiedSite(options);
    try {
      await site.bringUp();
      return site;
    } catch (error) {
      await site.end();
      throw error;
    }
  }

  private get containerName(): string {
    return `muster-e2e-${this.options.name}-caddy`;
  }

  private async bringUp(): Promise<void> {
    const { docker, topology, prefix } = this.options;
    const { caddy } = referencesOf(topology);
    await ensureImages({ caddy: caddy ?? "" }, () => undefined, docker);
    await this.removeLeftovers();
    this.network = await docker.createNetwork({
      Name: this.containerName,
      Driver: "bridge",
      IPAM: { Config: [{ Subnet: `${prefix}.0/24`, Gateway: `${prefix}.1` }] },
      Options: { "com.docker.network.bridge.name": this.bridge },
      Labels: { [labels.stack]: this.containerName },
    });
    if (this.options.serve !== false)
      for (const { site, upstream } of topology.routes) await this.serve(site, textOf(upstream));
    this.writeFiles(topology);
    await this.runCaddy();
  }

  private async removeLeftovers(): Promise<void> {
    const { docker } = this.options;
    await docker
      .getContainer(this.containerName)
      .remove({ force: true })
      .catch(() => undefined);
    await docker
      .getNetwork(this.containerName)
      .remove()
      .catch(() => undefined);
  }

  /** A server behind the proxy: it says what it was asked, and sends websockets' messages back. */
  private async serve(site: string, upstream: string): Promise<void> {
    const port = Number(upstream.split(":")[1]);
    const server = createServer((request, response) => {
      let bytes = 0;
      request.on("data", (chunk: Buffer) => (bytes += chunk.length));
      request.on("end", () => {
        response.setHeader("Content-Type", "application/json");
        response.setHeader("Server", "behind");
        response.end(JSON.stringify(askedOf(site, request, bytes)));
      });
    });
    const sockets = new WebSocketServer({ server });
    sockets.on("connection", (socket, request) => {
      socket.send(JSON.stringify(askedOf(site, request, 0)));
      socket.on("message", (message: Buffer) => socket.send(message.toString()));
    });
    await new Promise<void>((ready) => server.listen(port, `${this.options.prefix}.1`, ready));
    this.servers.push(server);
  }

  /** Caddy's files, as the stack would place them. */
  private writeFiles(topology: Topology): void {
    for (const { name, content } of planOf(topology).spec.files ?? []) {
      const path = join(this.folder, name);
      writeFileSync(
        path,
        fill(content, (late) => this.valueOf(late)),
      );
      chmodSync(path, 0o644);
    }
    chmodSync(this.folder, 0o755);
  }

  private valueOf(late: Late): string {
    const value = "secret" in late ? this.options.secrets?.[late.secret] : undefined;
    if (value === undefined) throw new Error(`no value for ${JSON.stringify(late)}`);
    return value;
  }

  private async runCaddy(): Promise<void> {
    const { docker, topology, prefix, names = {} } = this.options;
    const { service, image, spec } = planOf(topology);
    const writable = `uid=${service.user.uid},gid=${service.user.gid}`;
    const upstreams = topology.routes.map(({ upstream }) => textOf(upstream).split(":")[0] ?? "");
    const hosts = [
      ...upstreams.map((name) => `${name}:${prefix}.1`),
      ...Object.entries(names).map(([name, address]) => `${name}:${address}`),
    ];
    this.container = await docker.createContainer({
      name: this.containerName,
      Image: image.reference,
      User: `${service.user.uid}:${service.user.gid}`,
      Cmd: [...(spec.command ?? [])],
      Env: Object.entries(spec.environment).map(([name, value]) => `${name}=${String(value)}`),
      Labels: { [labels.stack]: this.containerName },
      NetworkingConfig: {
        EndpointsConfig: { [this.containerName]: { IPAMConfig: { IPv4Address: this.address } } },
      },
      HostConfig: {
        NetworkMode: this.containerName,
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        CapAdd: ["NET_BIND_SERVICE"],
        Binds: [`${this.folder}:/muster:ro`, `${this.data}:/data`],
        Tmpfs: { "/config": writable, "/tmp": "" },
        ExtraHosts: hosts,
      },
    });
    chownSync(this.data, service.user.uid, service.user.gid);
    await this.container.start();
    await this.well();
  }

  /** Ended and started, as after a reboot. */
  async restart(): Promise<void> {
    await this.container?.restart();
    await this.well();
  }

  private async well(): Promise<void> {
    await this.until(
      async () => (await this.run(["wget", "-q", "-O", "-", "http://127.0.0.1:8080/"])) === "",
    );
  }

  /** A command in Caddy's container; what it prints. */
  run(command: string[]): Promise<string> {
    return execute(this.options.docker, this.containerName, command);
  }

  /** The same as the stack's reload job does. */
  async reload(topology: Topology): Promise<string> {
    this.writeFiles(topology);
    return this.run([
      ...["caddy", "reload", "--config", "/muster/Caddyfile", "--adapter", "caddyfile"],
      ...["--address", "unix//config/admin.sock"],
    ]);
  }

  async logs(): Promise<string> {
    return String(await this.container?.logs({ stdout: true, stderr: true }));
  }

  private async until(holds: () => Promise<boolean>, seconds = 30): Promise<void> {
    const end = Date.now() + seconds * 1000;
    while (!(await holds().catch(() => false))) {
      if (Date.now() > end) throw new Error(`Caddy isn't well:\n${await this.logs()}`);
      await pause(250);
    }
  }

  /** A namespace on Caddy's bridge with any address at all, such as one of Cloudflare's. It stays among this machine's. */
  visitor(name: string, address: string): Visitor {
    const namespace = `${this.bridge}-${name}`;
    const line = `e2ev${name}`.slice(0, 15);
    spawnSync("ip", ["link", "del", line], { stdio: "ignore" });
    spawnSync("ip", ["netns", "del", namespace], { stdio: "ignore" });
    ip("netns", "add", namespace);
    this.namespaces.push(namespace);
    ip("link", "add", line, "type", "veth", "peer", "name", "eth0", "netns", namespace);
    ip("link", "set", line, "master", this.bridge, "up");
    ip("-n", namespace, "addr", "add", `${address}/32`, "dev", "eth0");
    ip("-n", namespace, "link", "set", "eth0", "up");
    ip("-n", namespace, "route", "add", `${this.options.prefix}.0/24`, "dev", "eth0");
    // The way back. It goes with the bridge.
    ip("route", "replace", `${address}/32`, "dev", this.bridge);
    // Not in step with this process, which serves what is asked.
    return async (args) => {
      const curl = ["curl", "-sS", "--max-time", "15", ...this.resolved(), ...args];
      return (await execFileLater("ip", ["netns", "exec", namespace, ...curl])).stdout;
    };
  }

  /** For curl: the sites are here. */
  private resolved(): string[] {
    return this.options.topology.routes.flatMap(({ host }) =>
      [80, 443].flatMap((port) => ["--resolve", `${host}:${port}:${this.address}`]),
    );
  }

  async end(): Promise<void> {
    for (const namespace of this.namespaces)
      spawnSync("ip", ["netns", "del", namespace], { stdio: "ignore" });
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
    await this.container?.remove({ force: true });
    await this.network?.remove();
    for (const folder of [this.folder, this.data]) rmSync(folder, { recursive: true, force: true });
  }
}

function planOf({ services }: Topology): ServicePlan {
  const plan = services.find(({ name }) => name === "caddy");
  if (plan === undefined) throw new Error("no reverse proxy in this stack");
  return plan;
}

const textOf = (upstream: Topology["routes"][number]["upstream"]): string => fill(upstream, () => "");

const askedOf = (site: string, { url = "", headers }: IncomingMessage, bytes: number): Asked => ({
  site,
  path: url,
  headers: headers as Record<string, string>,
  bytes,
});
