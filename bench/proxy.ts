/** What the reverse proxy costs: requests through a real Caddy beside the same server asked directly, both over TLS. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import autocannon from "autocannon";
import Docker from "dockerode";
import { originSecrets } from "../components/services/caddyfile";
import { ProxiedSite } from "../test/e2e/proxy/site";
import { engineSocket } from "../test/e2e/parts";
import { proxiedTopology } from "../test/helpers/edge";
import { selfSigned } from "../test/helpers/selfSigned";
import { median } from "./figures";
import type { Table } from "./report";

const prefix = "10.77.238";
const host = "chat.example.org";
const connections = 20;
const tlsPort = 9443;

interface Measured {
  perSecond: number;
  p99Ms: number;
}

/** @param seconds of load in each round, for each of the two ways. */
export async function measureProxy(
  { rounds, seconds }: { rounds: number; seconds: number },
  say: (line: string) => void,
): Promise<Table[]> {
  const folder = mkdtempSync(join(tmpdir(), "muster-bench-proxy-"));
  const { key, certificate } = selfSigned(host);
  const pem = join(folder, "both.pem");
  writeFileSync(pem, `${certificate}${key}`);
  const site = await ProxiedSite.start({
    docker: new Docker({ socketPath: engineSocket }),
    topology: proxiedTopology({}, { meetings: "off" }),
    name: "bench",
    prefix,
    secrets: { [originSecrets.certificate]: certificate, [originSecrets.key]: key },
    serve: false,
  });
  const server = await startServer(pem).catch(async (error: unknown) => {
    await site.end();
    throw error;
  });
  const ways = { direct: `https://${prefix}.1:${tlsPort}/`, proxied: `https://${site.address}/` } as const;
  const runs: Record<keyof typeof ways, Measured[]> = { direct: [], proxied: [] };
  try {
    for (const url of Object.values(ways)) await load(url, 1);
    for (let round = 1; round <= rounds; round += 1) {
      // Who comes first changes with each round.
      const order = (["direct", "proxied"] as const).toSorted(() => (round % 2 === 0 ? -1 : 1));
      for (const way of order) runs[way].push(await load(ways[way], seconds));
      say(
        `proxy, round ${round} of ${rounds}: ${runs.proxied.at(-1)?.perSecond.toFixed(0) ?? ""} requests/s`,
      );
    }
  } finally {
    server.kill();
    await site.end();
    rmSync(folder, { recursive: true });
  }
  return [table(runs)];
}

/** In a process of its own: it must not share the time of whoever asks it. */
async function startServer(pem: string): Promise<ChildProcess> {
  const args = [join(__dirname, "proxy.server.cjs"), `${prefix}.1`, "8065", String(tlsPort), pem];
  const server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await once(server.stdout, "data", { signal: AbortSignal.timeout(10_000) });
  return server;
}

async function load(url: string, duration: number): Promise<Measured> {
  const { requests, latency, errors, non2xx } = await autocannon({
    url,
    connections,
    duration,
    servername: host,
    headers: { host },
  });
  if (errors + non2xx > 0) throw new Error(`${url}: ${errors} errors, ${non2xx} answers that weren't 200`);
  return { perSecond: requests.average, p99Ms: latency.p99 };
}

function table({ direct, proxied }: Record<"direct" | "proxied", Measured[]>): Table {
  const row = (what: string, of: (one: Measured) => number, unit: string): string[] => {
    const [through, itself] = [median(proxied.map(of)), median(direct.map(of))];
    return [
      what,
      `${through.toFixed(0)}${unit}`,
      `${itself.toFixed(0)}${unit}`,
      (through / itself).toFixed(2),
    ];
  };
  return {
    title: "The reverse proxy, beside its server asked directly",
    head: ["What", "Through Caddy", "Directly", "Ratio"],
    rows: [
      row("requests per second", ({ perSecond }) => perSecond, ""),
      row("99th percentile of the time for an answer", ({ p99Ms }) => p99Ms, " ms"),
    ],
  };
}
