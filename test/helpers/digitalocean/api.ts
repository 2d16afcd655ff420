/**
 * A double of DigitalOcean's API, in memory and on loopback, that the real provider plugin drives: its endpoints, its
 * answers and errors, and its rules where a mistake of ours would show. What it knows of the real one is from the
 * provider's source and issues; it was never compared with the real one.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Account } from "./account";
import { dropletRoutes } from "./droplets";
import { firewallRoutes, vpcRoutes } from "./network";
import { keyRoutes, projectRoutes, tagRoutes } from "./organisation";
import { addressRoutes, volumeRoutes } from "./storage";
import { ApiError, notFound, type Answer, type Droplet, type Handler, type Machines } from "./types";

export interface Options {
  /** The token that it takes. */
  readonly token?: string;
  /** How many looks find an action unfinished; each costs the provider three seconds. */
  readonly looks?: number;
  readonly machines?: Machines;
}

/** A call that changes something, in the order of their answers. */
export interface Change {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** In words, such as `delete droplet main (off)`; undefined where it was refused. */
  readonly what: string | undefined;
  /** The error's words. */
  readonly error: string | undefined;
}

/** Which calls that change something fail. */
export interface Failure {
  /** From the n-th of them on, counted from now: 1 is the next. */
  readonly at: number;
  /** How many in a row. The provider tries each again, four times unless it is told otherwise. Default: 1. */
  readonly times?: number;
  /** Default: 500. */
  readonly status?: number;
  /** It is carried out all the same, and only the answer is lost. Default: no. */
  readonly carriedOut?: boolean;
}

export class DigitalOceanApi {
  readonly account: Account;
  /** Every call that changes something, refused ones too. */
  readonly changes: Change[] = [];
  private readonly routes: readonly { method: string; path: RegExp; handler: Handler }[];
  private failure: Failure | undefined;
  private changing = 0;
  /** Calls are carried out one after the other, as they came. */
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly server: Server,
    readonly token: string,
    options: Options,
  ) {
    const account = new Account(options.looks ?? 1, options.machines ?? {});
    this.account = account;
    this.routes = [
      ...[dropletRoutes, volumeRoutes, addressRoutes, firewallRoutes, vpcRoutes],
      ...[keyRoutes, tagRoutes, projectRoutes],
    ].flatMap((routesOf) => Object.entries(routesOf(account)).map(routeOf));
    server.on("request", (request, response) => {
      this.last = this.last
        .then(() => this.answer(request, response))
        .catch((error: unknown) => {
          response.destroy(error as Error);
        });
    });
  }

  static async start(options: Options = {}): Promise<DigitalOceanApi> {
    const server = createServer();
    const api = new DigitalOceanApi(server, options.token ?? `dop_v1_${"5".repeat(64)}`, options);
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return api;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  /** For `DIGITALOCEAN_API_URL`. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What was carried out, in words and in order. */
  get story(): string[] {
    return this.changes.flatMap(({ what }) => what ?? []);
  }

  /** Forgets what was told so far. */
  forget(): void {
    this.changes.length = 0;
  }

  /** Has calls fail from now on; undefined: none. */
  fail(failure: Failure | undefined): void {
    this.failure = failure;
    this.changing = 0;
  }

  /** The one droplet of a name. */
  droplet(name: string): Droplet | undefined {
    return [...this.account.droplets.values()].find((droplet) => droplet.name === name);
  }

  /** As if somebody deleted a droplet in the console. */
  async loseDroplet(name: string): Promise<void> {
    const droplet = this.droplet(name);
    if (droplet === undefined) throw new Error(`no droplet is named ${name}`);
    await this.account.endDroplet(droplet);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? "GET";
    const path = new URL(request.url ?? "/", this.url).pathname;
    const body = await text(request);
    let what: string | undefined;
    const tell = (words: string): void => void (what = words);
    let answer: Answer;
    let error: string | undefined;
    try {
      answer = await this.carryOut(method, path, body, request.headers.authorization, tell);
    } catch (thrown) {
      const { status, id, message } =
        thrown instanceof ApiError ? thrown : new ApiError(500, "server_error", String(thrown));
      error = message;
      answer = { status, body: { id, message } };
    }
    const status = answer.status ?? (answer.body === undefined ? 204 : 200);
    if (method !== "GET") this.changes.push({ method, path, status, what, error });
    response.writeHead(status, { "content-type": "application/json" });
    response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
  }

  private async carryOut(
    method: string,
    path: string,
    body: string,
    authorization: string | undefined,
    tell: (what: string) => void,
  ): Promise<Answer> {
    if (authorization !== `Bearer ${this.token}`) {
      throw new ApiError(401, "unauthorized", "Unable to authenticate you");
    }
    const failure = method === "GET" ? undefined : this.failureOf((this.changing += 1));
    if (failure?.carriedOut === false) throw failure.error;
    for (const route of this.routes) {
      const match = route.method === method ? route.path.exec(path) : null;
      if (match === null) continue;
      const params = match.slice(1).map(decodeURIComponent);
      const answer = await route.handler({ params, body: body === "" ? undefined : parseJson(body), tell });
      if (failure !== undefined) throw failure.error;
      return answer;
    }
    throw notFound();
  }

  private failureOf(count: number): { error: ApiError; carriedOut: boolean } | undefined {
    if (this.failure === undefined) return undefined;
    const { at, times = 1, status = 500, carriedOut = false } = this.failure;
    if (count < at || count >= at + times) return undefined;
    return { error: new ApiError(status, "server_error", "Unexpected server-side error"), carriedOut };
  }
}

function routeOf([name, handler]: [string, Handler]): { method: string; path: RegExp; handler: Handler } {
  const [method = "", path = ""] = name.split(" ");
  return { method, path: new RegExp(`^${path.replaceAll(/:\w+/g, "([^/]+)")}$`), handler };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new ApiError(400, "bad_request", "The request body isn't JSON.");
  }
}
