/** The network as another machine sees it. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type Neighbour, portsOfOthers, type Suite } from "./suites";

const ip = (...args: string[]): boolean => spawnSync("ip", args, { stdio: "ignore" }).status === 0;

/** Makes the namespace; `false` where this machine doesn't let us. */
export function makeNeighbour(neighbour: Neighbour): boolean {
  removeNeighbour(neighbour);
  const { name, device, host, address } = neighbour;
  return (
    ip("netns", "add", name) &&
    ip("link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", name) &&
    ip("addr", "add", `${host}/24`, "dev", device) &&
    ip("link", "set", device, "up") &&
    ip("-n", name, "addr", "add", `${address}/24`, "dev", "eth0") &&
    ip("-n", name, "link", "set", "eth0", "up") &&
    ip("-n", name, "link", "set", "lo", "up")
  );
}

export function removeNeighbour({ name, device }: Neighbour): void {
  ip("link", "del", device);
  ip("netns", "del", name);
}

/** This machine's open TCP ports, as a suite's neighbour sees them. Those of the other suites don't count. */
export function openTcpPorts(suite: Suite): number[] {
  const { name, host } = suite.neighbour;
  const scan = ["netns", "exec", name, process.execPath, join(__dirname, "scan.cjs"), host];
  const { stdout, stderr, status } = spawnSync("ip", scan, { encoding: "utf8" });
  if (status !== 0) throw new Error(`scan of ${host}: ${stderr}`);
  const others = portsOfOthers(suite);
  return (JSON.parse(stdout) as number[]).filter((port) => !others.includes(port));
}

/** An HTTPS request from the neighbour, with any headers; the answer's body. */
export function askFrom(neighbour: Neighbour, url: string, headers: Record<string, string>): string {
  const { host, port, pathname } = new URL(url);
  const name = host.split(":")[0] ?? "";
  const extra = Object.entries(headers).flatMap(([key, value]) => ["-H", `${key}: ${value}`]);
  const { stdout, stderr, status } = spawnSync(
    "ip",
    [
      ...["netns", "exec", neighbour.name, "curl", "-sS", "-k", "--max-time", "15"],
      ...["--resolve", `${name}:${port}:${neighbour.host}`, ...extra, `https://${name}:${port}${pathname}`],
    ],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`curl from the neighbour: ${stderr}`);
  return stdout;
}
