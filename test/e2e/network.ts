/** Another machine, as far as the network goes: a namespace with an address of its own. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

export interface Neighbour {
  /** Of the namespace. */
  readonly name: string;
  /** This machine's end of the line to it. */
  readonly device: string;
  /** This machine's address on that line. */
  readonly host: string;
  readonly address: string;
}

export const neighbour: Neighbour = {
  name: "muster-e2e",
  device: "muster-e2e0",
  host: "10.77.213.1",
  address: "10.77.213.2",
};

const ip = (...args: string[]): boolean => spawnSync("ip", args, { stdio: "ignore" }).status === 0;

/** Makes the namespace; `false` where this machine doesn't let us. */
export function makeNeighbour(made = neighbour): boolean {
  removeNeighbour(made);
  const { name, device, host, address } = made;
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

export function removeNeighbour({ name, device } = neighbour): void {
  ip("link", "del", device);
  ip("netns", "del", name);
}

/** Open TCP ports of an address, seen from this machine or from the neighbour. */
export function openTcpPorts(address: string, fromNeighbour: boolean): number[] {
  const scan = [process.execPath, join(__dirname, "scan.cjs"), address];
  const command = fromNeighbour ? ["ip", "netns", "exec", neighbour.name, ...scan] : scan;
  const { stdout, stderr, status } = spawnSync(command[0] ?? "", command.slice(1), { encoding: "utf8" });
  if (status !== 0) throw new Error(`scan of ${address}: ${stderr}`);
  return JSON.parse(stdout) as number[];
}

/** An HTTPS request from the neighbour, with any headers; the answer's body. */
export function askFromNeighbour(url: string, headers: Record<string, string>): string {
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
