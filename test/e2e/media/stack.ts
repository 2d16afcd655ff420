/** A stack with calls, meetings and a relay, and what clients of it need to know. */
import { lanAddresses } from "../../../cli/lan";
import { turnCredentials, type TurnServer } from "../../../probe";
import { Client, execute, rootCertificate } from "../client";
import { swappedImages } from "../images/chosen";
import { makeNeighbour, removeNeighbour } from "../network";
import { engineSocket } from "../parts";
import { PluginServer } from "../plugin";
import { Stack } from "../stack";
import { suites } from "../suites";

const { name, web, neighbour } = suites.media;
export const { media: mediaPorts } = suites.media;

export const chatUrl = `https://chat.localhost:${web.httpsPort}`;
export const meetUrl = `https://meet.localhost:${web.httpsPort}`;

/** Someone who has signed in. */
export interface Person {
  id: string;
  name: string;
  token: string;
}

export class MediaStack {
  readonly stack = new Stack(name);
  /** Whether a network namespace plays another machine. */
  readonly there = makeNeighbour(neighbour);
  /** The one advertised address. */
  readonly address = this.there ? neighbour.host : (lanAddresses()[0] ?? "");
  private readonly plugins = new PluginServer();
  private ca = "";
  private turnSecret = "";

  /** Writes the stack's file: the free edition, embedded calls, meetings of members. */
  async open(): Promise<void> {
    if (this.address === "")
      throw new Error("this machine has no address but loopback: media can't be tested");
    await this.stack.clear();
    const plugin = await this.plugins.serve(this.address);
    const swapped = swappedImages();
    this.stack.write({
      domain: "localhost",
      host: {
        provider: "local",
        engine: `unix://${engineSocket}`,
        bind: "0.0.0.0",
        address: this.address,
      },
      web,
      people: { accounts: 20, active: 20, inCalls: 10, inMeetings: 10 },
      media: mediaPorts,
      chat: { plugins: [plugin] },
      ...(Object.keys(swapped).length === 0 ? {} : { images: { overrides: swapped } }),
    });
    console.log(`Images:\n${(await this.stack.ensureImages()).join("\n")}`);
  }

  /** Brings it up, and learns what may be new: the proxy's root certificate, the relay's secret. */
  async up(): Promise<string> {
    const { output } = await this.stack.up();
    this.ca = await rootCertificate(this.stack.docker, this.container("caddy"));
    this.turnSecret = await this.stack.secret("turn-secret");
    return output;
  }

  container(service: string): string {
    return `muster-${this.stack.name}-${service}`;
  }

  /** How a client gets to a site. */
  get trust(): { ca: string } {
    return { ca: this.ca };
  }

  get chat(): Client {
    return new Client(this.ca, web.httpsPort);
  }

  /** The relay, with credentials of now. */
  turn(user: string, transport: "udp" | "tcp" = "udp", ttlSeconds = 600): TurnServer {
    const credentials = turnCredentials(this.turnSecret, { user, ttlSeconds });
    return { host: this.address, port: mediaPorts.turnPort, transport, ...credentials };
  }

  /** An address of a container, as this machine reaches it. */
  async addressOf(service: string): Promise<string> {
    const { NetworkSettings } = await this.stack.docker.getContainer(this.container(service)).inspect();
    return Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? "";
  }

  async mmctl(...args: string[]): Promise<string> {
    return execute(this.stack.docker, this.container("mattermost"), [
      "/mattermost/bin/mmctl",
      "--local",
      ...args,
    ]);
  }

  /** People who have accounts, signed in; made on the first call. */
  async people(count: number): Promise<Person[]> {
    const names = Array.from({ length: count }, (_, index) => `person${index}`);
    return Promise.all(names.map((name) => this.person(name)));
  }

  private async person(name: string): Promise<Person> {
    const password = `Password-of-${name}-1`;
    await this.mmctl(
      "user",
      "create",
      "--username",
      name,
      "--email",
      `${name}@example.org`,
      "--password",
      password,
    );
    await this.mmctl("team", "users", "add", "team", name);
    const token = await this.chat.signIn(name, password);
    const { id } = await this.ask<{ id: string }>(token, "/api/v4/users/me");
    return { id, name, token };
  }

  /** A question to Mattermost's API. @throws Error with its answer where that isn't a success. */
  async ask<T>(token: string, path: string, body?: unknown): Promise<T> {
    const options = {
      headers: { Authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { method: "POST", body }),
    };
    const answer = await this.chat.ask(path, options);
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body) as T;
  }

  async remove(): Promise<void> {
    this.plugins.close();
    removeNeighbour(neighbour);
    await this.stack.remove();
  }
}
