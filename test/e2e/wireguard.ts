/** This machine as an administrator's: a terminal, and an end of the stack's tunnel. */
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a verb says on a terminal. */
export function onTerminal(dir: string, args: readonly string[]): string {
  const command = [process.execPath, require.resolve("tsx/cli"), "cli/main.ts", ...args].join(" ");
  const { stdout, status } = spawnSync("script", ["-qec", command, "/dev/null"], {
    cwd: dir,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${args.join(" ")} on a terminal: ${stdout}`);
  return stdout.replaceAll("\r", "");
}

const run = (program: string, ...args: string[]): void => void execFileSync(program, args, { stdio: "pipe" });

/**
 * What `wg-quick up` does with a peer's configuration, in user space.
 *
 * @param device name of the interface that it makes.
 */
export function connect(device: string, dir: string, configuration: string): void {
  const [address = ""] = /(?<=^Address = )\S+/m.exec(configuration) ?? [];
  const file = join(dir, "peer.conf");
  writeFileSync(file, configuration.replace(/^Address = .*\n/m, ""), { mode: 0o600 });
  run("wireguard-go", device);
  run("wg", "setconf", device, file);
  run("ip", "address", "add", address, "dev", device);
  run("ip", "link", "set", device, "up");
  for (const [, route] of configuration.matchAll(/^AllowedIPs = (\S+)$/gm))
    run("ip", "route", "add", route ?? "", "dev", device);
}

/** User-space WireGuard ends with its interface. */
export const disconnect = (device: string): void =>
  void spawnSync("ip", ["link", "del", device], { stdio: "ignore" });
