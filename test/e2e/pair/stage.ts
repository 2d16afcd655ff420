/** Two bare servers without a private network between them, and a stack with calls and meetings for both. */
import { mainHost, mediaHost } from "../../../stacks/topology/hosts";
import { MachinesStage } from "../hosts/machines";
import { swappedImages } from "../images/chosen";
import type { Machine } from "../machine/machine";
import { licence } from "../media/enterprise";
import { MediaSite, type Place } from "../media/site";
import { PluginServer } from "../plugin";
import { SshLine } from "../sshLine";
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
  private readonly lines = new Map<string, SshLine>();

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
    const known = this.lines.get(inside);
    const line = known?.open === true ? known : await SshLine.open(machine, this.on.keyFile, inside);
    this.lines.set(inside, line);
    return `127.0.0.1:${line.port}`;
  }

  async end(): Promise<void> {
    for (const line of this.lines.values()) line.close();
    this.plugins.close();
    await this.on.end();
  }
}
