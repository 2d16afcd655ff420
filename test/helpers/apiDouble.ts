/** What doubles of the clouds' APIs share: a server on loopback, the story of what was changed, and calls that fail. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A request that a handler gets: `params` are the path's `:names`, in order. */
export interface Call {
  readonly params: readonly string[];
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** Notes what this call does, for the story that tests read. */
  readonly tell: (what: string) => void;
}

/** What a handler says; without a body it is 204. */
export interface Answer {
  readonly status?: number;
  readonly body?: Record<string, unknown>;
}

export type Handler = (call: Call) => Answer | Promise<Answer>;

/** Handlers by method and path, such as `GET /v2/droplets/:id`. */
export type Routes = Readonly<Record<string, Handler>>;

/** An error in an API's own form. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly body: Record<string, unknown>,
  ) {
    super(message);
  }
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
  /** Only calls of this kind, as in `DELETE /v2/droplets/:id`, or an action's: `POST /v2/droplets/:id/actions shutdown`. */
  readonly call?: string;
  /** From the n-th of them on, counted from now: 1 is the next. */
  readonly at: number;
  /** How many in a row. A provider that tries each again counts each time. Default: 1. */
  readonly times?: number;
  /** `cut`: the line breaks instead of an answer. Default: 500. */
  readonly status?: number | "cut";
  /** It is carried out all the same, and only the answer is lost. Default: no. */
  readonly carriedOut?: boolean;
}

/** A double: routes, and how its API says no. */
export abstract class ApiDouble {
  /** Every call that changes something, refused ones too. */
  readonly changes: Change[] = [];
  /** Every call, as in `GET /v2/tags/a`, with its query. */
  readonly calls: string[] = [];
  private readonly server: Server = createServer();
  private readonly routes: Route[] = [];
  private failure: Failure | undefined;
  private changing = 0;
  /** Calls are carried out one after the other, as they came. */
  private last: Promise<unknown> = Promise.resolve();

  protected constructor() {
    this.server.on("request", (request, response) => {
      this.last = this.last
        .then(() => this.answer(request, response))
        .catch((error: unknown) => {
          response.destroy(error as Error);
        });
    });
  }

  /** Throws a refusal for who may not ask at all. */
  protected abstract authorize(request: IncomingMessage): void;

  /** An error of the API's own making, such as a broken one. */
  protected abstract refusal(status: number, message: string): Refusal;

  protected add(routes: Routes): void {
    this.routes.push(...Object.entries(routes).map(routeOf));
  }

  protected async listen(): Promise<this> {
    await new Promise<void>((listening) => this.server.listen(0, "127.0.0.1", listening));
    return this;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  /** `http://127.0.0.1` with its port. */
  protected get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What was carried out, in words and in order. */
  get story(): string[] {
    return this.changes.flatMap(({ what }) => what ?? []);
  }

  /** Forgets what was told and asked so far. */
  forget(): void {
    this.changes.length = 0;
    this.calls.length = 0;
  }

  /** Has calls fail from now on; undefined: none. */
  fail(failure: Failure | undefined): void {
    this.failure = failure;
    this.changing = 0;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? "GET";
    const { pathname: path, search, searchParams } = new URL(request.url ?? "/", this.origin);
    const body = await text(request);
    let what: string | undefined;
    const tell = (words: string): void => void (what = words);
    let answer: Answer;
    let error: string | undefined;
    let injected = false;
    this.calls.push(`${method} ${path}${search}`);
    try {
      this.authorize(request);
      answer = await this.carryOut(method, path, searchParams, body, tell);
    } catch (thrown) {
      if (thrown instanceof Cut) {
        this.changes.push({ method, path, status: 0, what, error: "cut" });
        response.destroy();
        return;
      }
      injected = thrown instanceof Injected;
      const refusal =
        thrown instanceof Injected ? this.refusal(thrown.status, "Unexpected server-side error") : thrown;
      const {
        status,
        message,
        body: said,
      } = refusal instanceof Refusal ? refusal : this.refusal(500, String(refusal));
      error = message;
      answer = { status, body: said };
    }
    const status = answer.status ?? (answer.body === undefined ? 204 : 200);
    if (method !== "GET") this.changes.push({ method, path, status, what, error });
    response.writeHead(status, {
      "content-type": "application/json",
      // Some providers would try an injected error again for minutes.
      ...(injected ? { "x-should-retry": "false" } : {}),
    });
    response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
  }

  private async carryOut(
    method: string,
    path: string,
    query: URLSearchParams,
    body: string,
    tell: (what: string) => void,
  ): Promise<Answer> {
    for (const route of this.routes) {
      const match = route.method === method ? route.path.exec(path) : null;
      if (match === null) continue;
      const params = match.slice(1).map(decodeURIComponent);
      const asked = body === "" ? undefined : this.parseJson(body);
      const failure = method === "GET" ? undefined : this.failureOf(route.name, asked);
      if (failure?.carriedOut === false) throw failure.error;
      const answer = await route.handler({ params, query, body: asked, tell });
      if (failure !== undefined) throw failure.error;
      return answer;
    }
    throw this.refusal(404, `no such route: ${method} ${path}`);
  }

  private failureOf(name: string, body: unknown): { error: Error; carriedOut: boolean } | undefined {
    if (this.failure === undefined) return undefined;
    const { at, call, times = 1, status = 500, carriedOut = false } = this.failure;
    const { type } = (body ?? {}) as { type?: string };
    if (call !== undefined && ![name, `${name} ${type ?? ""}`].includes(call)) return undefined;
    const count = (this.changing += 1);
    if (count < at || count >= at + times) return undefined;
    return { error: status === "cut" ? new Cut() : new Injected(status), carriedOut };
  }

  private parseJson(body: string): unknown {
    try {
      return JSON.parse(body);
    } catch {
      throw this.refusal(400, "The request body isn't JSON.");
    }
  }
}

/** An error that a test asked for. */
class Injected extends Error {
  constructor(readonly status: number) {
    super();
  }
}

/** A line that breaks, as a test asked for. */
class Cut extends Error {}

interface Route {
  readonly name: string;
  readonly method: string;
  readonly path: RegExp;
  readonly handler: Handler;
}

function routeOf([name, handler]: [string, Handler]): Route {
  const [method = "", path = ""] = name.split(" ");
  return { name, method, path: new RegExp(`^${path.replaceAll(/:\w+/g, "([^/]+)")}$`), handler };
}
