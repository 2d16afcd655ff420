/** Two bare servers without a private network between them, and a stack with calls and meetings for both. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { mainHost, mediaHost } from "../../../stacks/topology/hosts";
import { tcpOpen } from "../../../probe";
import { MachinesStage } from "../hosts/machines";
import { swappedImages } from "../images/chosen";
import type { Machine } from "../machine/machine";
import { licence } from "../media/enterprise";
import { MediaSite, type Place } from "../media/site";
import { PluginServer } from "../plugin";
import { machineSuites } from "../suites";

const { name, prefix } = machineSuites.pair;
const ports = { embeddedPort: 8443, rtcdPort: 8445, meetingsPort: 10_000, turnPort: 3478 };
export const peer = "anna";

export class PairStage extends MediaSite {
  readonly on = new MachinesStage(name);
  readonly stack = this.on.stack;
  protected readonly place: Place = {
    web: { address: `${prefix}.10`, httpsPort: 443 },
    media: { address: `${prefix}.11`, ports },
  };
  private readonly plugins = new PluginServer();
  private readonly lines = new Map<string, { child: ChildProcess; at: string }>();

  async prepare(): Promise<void> {
    await this.on.make({ name: "pair", prefix }, { [mainHost]: { last: 10 }, [mediaHost]: { last: 11 } });
    const server = async (machine: Machine) => ({
      address: machine.address,
      hostKey: await machine.hostKey(),
      ...{ memoryMiB: 6144, cpus: 2 },
    });
    const plugin = await this.plugins.serve(this.on.network.address(1));
    const swapped = swappedImages();
    await this.on.open({
      domain: "localhost",
      host: {
        provider: "existing",
        ...(await server(this.main)),
        media: await server(this.media),
      },
      machine: { sshFrom: "everyone", rebootAt: "off", vpn: { peers: { [peer]: {} } } },
      people: { accounts: 20, active: 20, inCalls: 10, inMeetings: 10 },
      media: ports,
      edition: "enterprise",
      calls: "rtcd",
      chat: { plugins: [plugin] },
      ...(Object.keys(swapped).length === 0 ? {} : { images: { overrides: swapped } }),
    });
    await this.stack.store("licence", licence);
  }

  get webAddress(): string {
    return this.place.web.address;
  }

  get main(): Machine {
    return this.on.machineOf(mainHost);
  }

  get media(): Machine {
    return this.on.machineOf(mediaHost);
  }

  async bringUp(): Promise<string> {
    const { up } = await this.on.upOnNewMachines();
    await this.learn();
    return up.output;
  }

  runIn(service: string, command: readonly string[]): Promise<string> {
    return this.on.runIn(service, command);
  }

  /** By a connection over SSH, as an administrator would look at a port that isn't open. */
  async reach(service: string, port: number): Promise<string> {
    const machine = this.on.placeOf(service);
    const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
    const addresses = await machine.run(`docker inspect -f '${format}' ${this.on.container(service)}`);
    const inside = `${addresses.trim().split(" ")[0] ?? ""}:${port}`;
    const open = this.lines.get(inside);
    if (open?.child.exitCode === null) return open.at;
    const local = await freePort();
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"];
    const child = spawn("ssh", [
      ...["-F", "/dev/null", "-N", "-i", this.on.keyFile, ...options.flatMap((option) => ["-o", option])],
      ...["-L", `127.0.0.1:${local}:${inside}`, `root@${machine.address}`],
    ]);
    const line = { child, at: `127.0.0.1:${local}` };
    this.lines.set(inside, line);
    for (let tries = 0; !(await tcpOpen({ host: "127.0.0.1", port: local })).ok; tries += 1)
      if (tries > 100) throw new Error(`no connection over SSH to ${inside} of ${machine.name}`);
      else await new Promise((later) => setTimeout(later, 100));
    return line.at;
  }

  async end(): Promise<void> {
    for (const { child } of this.lines.values()) child.kill();
    this.plugins.close();
    await this.on.end();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  server.close();
  await once(server, "close");
  return typeof bound === "object" && bound !== null ? bound.port : 0;
}
