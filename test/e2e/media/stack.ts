/** A stack with calls, meetings and a relay on this machine's engine. */
import { lanAddresses } from "../../../cli/lan";
import { execute } from "../client";
import { swappedImages } from "../images/chosen";
import { makeNeighbour, removeNeighbour } from "../network";
import { engineSocket } from "../parts";
import { PluginServer } from "../plugin";
import { Stack } from "../stack";
import { type Suite, suites } from "../suites";
import { type MediaPorts, MediaSite, type Place } from "./site";

/** What a suite has for itself. */
interface MediaSuite extends Pick<Suite, "name" | "neighbour"> {
  readonly web: { readonly httpPort: number; readonly httpsPort: number };
  readonly media: MediaPorts;
}

export class MediaStack extends MediaSite {
  readonly stack: Stack;
  /** Whether a network namespace plays another machine. */
  readonly there: boolean;
  protected readonly place: Place;
  private readonly plugins = new PluginServer();

  constructor(
    private readonly suite: MediaSuite = suites.media,
    override readonly domain = "localhost",
  ) {
    super();
    const { name, neighbour, web, media } = suite;
    this.stack = new Stack(name);
    this.there = makeNeighbour(neighbour);
    this.place = {
      web: { address: "127.0.0.1", httpsPort: web.httpsPort },
      media: { address: this.there ? neighbour.host : (lanAddresses()[0] ?? ""), ports: media },
    };
  }

  /** Writes the stack's file: the free edition, embedded calls, meetings of members; with changes. */
  async open(change: Record<string, unknown> = {}): Promise<void> {
    if (this.address === "")
      throw new Error("this machine has no address but loopback: media can't be tested");
    await this.stack.clear();
    const plugin = await this.plugins.serve(this.address);
    const swapped = swappedImages();
    this.stack.write({
      domain: this.domain,
      host: {
        provider: "local",
        engine: `unix://${engineSocket}`,
        bind: "0.0.0.0",
        address: this.address,
      },
      web: this.suite.web,
      people: { accounts: 20, active: 20, inCalls: 10, inMeetings: 10 },
      media: this.suite.media,
      chat: { plugins: [plugin] },
      ...(Object.keys(swapped).length === 0 ? {} : { images: { overrides: swapped } }),
      ...change,
    });
    console.log(`Images:\n${(await this.stack.ensureImages()).join("\n")}`);
  }

  /** Brings it up. */
  async up(): Promise<string> {
    const { output } = await this.stack.up();
    await this.learn();
    return output;
  }

  get httpPort(): number {
    return this.suite.web.httpPort;
  }

  get httpsPort(): number {
    return this.suite.web.httpsPort;
  }

  container(service: string): string {
    return `muster-${this.stack.name}-${service}`;
  }

  runIn(service: string, command: readonly string[]): Promise<string> {
    return execute(this.stack.docker, this.container(service), [...command]);
  }

  /** An address of a container, as this machine reaches it. */
  async addressOf(service: string): Promise<string> {
    const { NetworkSettings } = await this.stack.docker.getContainer(this.container(service)).inspect();
    return Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? "";
  }

  async reach(service: string, port: number): Promise<string> {
    return `${await this.addressOf(service)}:${port}`;
  }

  async remove(): Promise<void> {
    this.plugins.close();
    removeNeighbour(this.suite.neighbour);
    await this.stack.remove();
  }
}
