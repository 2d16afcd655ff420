/** What clients of a stack with calls, meetings and a relay need to know of it, wherever it runs. */
import { turnCredentials, type TurnServer } from "../../../probe";
import { Client } from "../client";
import type { Stack } from "../stack";

/** Someone who has signed in. */
export interface Person {
  id: string;
  name: string;
  token: string;
}

export interface MediaPorts {
  readonly embeddedPort: number;
  readonly rtcdPort: number;
  readonly meetingsPort: number;
  readonly turnPort: number;
}

/** Where clients find a stack. */
export interface Place {
  /** Address at which sites answer, and their port. */
  readonly web: { readonly address: string; readonly httpsPort: number };
  /** The one advertised address for media, and the ports at it. */
  readonly media: { readonly address: string; readonly ports: MediaPorts };
}

export abstract class MediaSite {
  abstract readonly stack: Stack;
  protected abstract readonly place: Place;
  /** Under which its sites are. */
  readonly domain: string = "localhost";
  private ca = "";
  private turnSecret = "";

  /** Runs a program in a service's container; what it prints. */
  abstract runIn(service: string, command: readonly string[]): Promise<string>;

  /** Address, with its port, at which tests reach a container's own port. */
  abstract reach(service: string, port: number): Promise<string>;

  /** Learns what may be new after an up: the proxy's root certificate, the relay's secret. */
  async learn(): Promise<void> {
    this.ca = await this.runIn("caddy", ["cat", "/data/caddy/pki/authorities/local/root.crt"]);
    this.turnSecret = await this.stack.secret("turn-secret");
  }

  get address(): string {
    return this.place.media.address;
  }

  get ports(): MediaPorts {
    return this.place.media.ports;
  }

  get chatUrl(): string {
    return this.urlOf("chat");
  }

  get meetUrl(): string {
    return this.urlOf("meet");
  }

  private urlOf(site: string): string {
    const { httpsPort } = this.place.web;
    return `https://${site}.${this.domain}${httpsPort === 443 ? "" : `:${httpsPort}`}`;
  }

  /** How a client gets to a site. */
  get trust(): { ca: string } {
    return { ca: this.ca };
  }

  get chat(): Client {
    const { address, httpsPort } = this.place.web;
    return new Client(this.ca, httpsPort, address, `chat.${this.domain}`);
  }

  /** The relay, with credentials of now. */
  turn(user: string, transport: "udp" | "tcp" = "udp", ttlSeconds = 600): TurnServer {
    const credentials = turnCredentials(this.turnSecret, { user, ttlSeconds });
    return { host: this.address, port: this.ports.turnPort, transport, ...credentials };
  }

  mmctl(...args: string[]): Promise<string> {
    return this.runIn("mattermost", ["/mattermost/bin/mmctl", "--local", ...args]);
  }

  /** People who have accounts, signed in; made on the first call. */
  async people(count: number): Promise<Person[]> {
    const names = Array.from({ length: count }, (_, index) => `person${index}`);
    return Promise.all(names.map((name) => this.person(name)));
  }

  private async person(name: string): Promise<Person> {
    const password = `Password-of-${name}-1`;
    const email = `${name}@example.org`;
    // Refused where the account is there already: signing in tells.
    const create = ["user", "create", "--username", name, "--email", email, "--password", password];
    await this.mmctl(...create).catch(() => undefined);
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
}
