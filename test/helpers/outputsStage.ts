/**
 * The real programs around docs/outputs.md: a Prometheus with the page's configuration, a blackbox exporter, a node
 * exporter that reads the page's metrics; and in the place of the stack, servers where its outputs say that it answers.
 */
import { mkdirSync, renameSync } from "node:fs";
import { createServer as createWebServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { parse } from "yaml";
import type { Outputs } from "../../stacks/outputs";
import { PrometheusClient } from "../e2e/monitoring/prometheus";
import { Daemon } from "./daemon";
import { freeTcpPort } from "./freePort";
import { exampleText, OutputsPage, pageStack } from "./outputsPage";
import { programName } from "./programs";
import { selfSigned } from "./selfSigned";

const loopback = "127.0.0.1";
const patience = 20;

async function listening(server: Server, port = 0): Promise<number> {
  await new Promise<void>((done, failed) => {
    server.once("error", failed).listen(port, loopback, () => done());
  });
  return (server.address() as AddressInfo).port;
}

export class OutputsStage {
  readonly page = new OutputsPage();
  private readonly daemons: Daemon[] = [];
  private readonly servers: Server[] = [];
  private readonly sockets = new Set<Socket>();
  private port = 0;
  /** Addresses of the stack that don't answer well. */
  readonly unwell = new Set<string>();

  get prometheus(): PrometheusClient {
    return new PrometheusClient(this.port);
  }
  get prometheusUrl(): string {
    return `http://${loopback}:${this.port}`;
  }

  private async serve(server: Server, port?: number): Promise<number> {
    this.servers.push(server);
    server.on("connection", (socket: Socket) => this.sockets.add(socket));
    return listening(server, port);
  }

  /** Serves metrics wherever the outputs say that there are some, and nothing at other paths. */
  private async serveTargets({ monitoring }: Outputs): Promise<void> {
    const paths = new Map<number, string[]>();
    for (const { targets, labels } of monitoring.targets) {
      const port = Number(targets[0]?.split(":")[1]);
      paths.set(port, [...(paths.get(port) ?? []), labels["__metrics_path__"] ?? ""]);
    }
    for (const [port, known] of paths)
      await this.serve(
        createWebServer(({ url = "" }, answer) => {
          answer.writeHead(known.includes(url) ? 200 : 404, { "Content-Type": "text/plain; version=0.0.4" });
          answer.end("stood_in_for 1\n");
        }),
        port,
      );
  }

  /** Serves the sites with a certificate of an authority of their own. @returns a proxy that knows the way to them. */
  private async serveSites({ endpoints, services }: Outputs): Promise<number> {
    const addresses = [
      ...Object.values(endpoints),
      ...Object.values(services).map(({ healthAddress }) => healthAddress),
    ].map((address) => new URL(address).href);
    const { certificate, key } = selfSigned(Object.values(endpoints).map((url) => new URL(url).hostname));
    this.page.write("muster-root.crt", certificate);
    const answer: RequestListener = ({ headers, url = "" }, response) => {
      const { href } = new URL(url, `https://${headers.host ?? ""}`);
      response.writeHead(addresses.includes(href) && !this.unwell.has(href) ? 200 : 503).end("page");
    };
    const sites = await this.serve(createTlsServer({ cert: certificate, key }, answer));
    // The names are nobody's: no DNS knows them.
    const proxy = createWebServer().on("connect", (_request, client: Socket) => {
      const site = connect(sites, loopback, () => {
        client.write("HTTP/1.1 200 OK\r\n\r\n");
        client.pipe(site).pipe(client);
      });
      for (const socket of [client, site])
        socket.on("error", () => [client, site].map((end) => end.destroy()));
    });
    return this.serve(proxy);
  }

  private async start(program: Parameters<typeof programName>[0], args: readonly string[], ready: string) {
    const daemon = new Daemon(programName(program), args, { cwd: this.page.folder });
    this.daemons.push(daemon);
    await daemon.answers(ready, patience);
  }

  /** Gives the outputs to the programs, as the page says. */
  take(outputs: Outputs): void {
    this.page.run(outputs);
    renameSync(
      this.page.path(`muster-${pageStack}.prom`),
      this.page.path(`textfiles/muster-${pageStack}.prom`),
    );
  }

  async open(outputs: Outputs): Promise<void> {
    const { page } = this;
    mkdirSync(page.path("textfiles"));
    this.take(outputs);
    await this.serveTargets(outputs);
    const proxy = await this.serveSites(outputs);
    const [blackbox, node, prometheus] = [await freeTcpPort(), await freeTcpPort(), await freeTcpPort()];
    this.port = prometheus;

    const { modules } = parse(exampleText("blackbox.yml").replace("/etc/prometheus/", `${page.folder}/`)) as {
      modules: { http_2xx: { http: object } };
    };
    Object.assign(modules.http_2xx.http, {
      proxy_url: `http://${loopback}:${proxy}`,
      skip_resolve_phase_with_proxy: true,
    });
    page.write("blackbox.yml", JSON.stringify({ modules }));
    await this.start(
      "blackboxExporter",
      ["--config.file=blackbox.yml", `--web.listen-address=${loopback}:${blackbox}`],
      `http://${loopback}:${blackbox}/metrics`,
    );

    await this.start(
      "nodeExporter",
      [
        ...[
          "--collector.disable-defaults",
          "--collector.textfile",
          "--collector.textfile.directory=textfiles",
        ],
        `--web.listen-address=${loopback}:${node}`,
      ],
      `http://${loopback}:${node}/metrics`,
    );

    // The page's configuration, in a hurry, and where its exporters listen here.
    const configuration = exampleText("prometheus.yml")
      .replace(`${loopback}:9115`, `${loopback}:${blackbox}`)
      .replace(`${loopback}:9100`, `${loopback}:${node}`);
    page.write("prometheus.yml", `global: { scrape_interval: 1s, scrape_timeout: 1s }\n${configuration}`);
    await this.start(
      "prometheus",
      [
        ...["--config.file=prometheus.yml", "--storage.tsdb.path=data"],
        `--web.listen-address=${loopback}:${prometheus}`,
      ],
      `${this.prometheusUrl}/-/ready`,
    );
  }

  async close(): Promise<void> {
    for (const daemon of [...this.daemons].reverse()) await daemon.stop();
    for (const socket of this.sockets) socket.destroy();
    for (const server of this.servers) await new Promise((done) => server.close(done));
    this.page.remove();
  }
}

/** The first of so many ports in a row that nobody has. */
export async function freeRow(count: number): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = await freeTcpPort();
    const held: Server[] = [];
    try {
      for (let port = first; port < first + count; port++) {
        const server = createWebServer();
        await listening(server, port);
        held.push(server);
      }
      return first;
    } catch {
      // Another row, then.
    } finally {
      for (const server of held) await new Promise((done) => server.close(done));
    }
  }
  throw new Error(`no ${count} free ports in a row`);
}
