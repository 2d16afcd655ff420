/** Websockets, as a browser opens them through the site's proxy. */
import WebSocket from "ws";
import { checkTimeout, type Failure } from "../error";
import { type Trust, tlsOptions } from "./trust";
import { failureOf } from "./wire";

export interface Socket {
  readonly ok: true;
  readonly socket: WebSocket;
}

/** Opens a websocket, or tells why it doesn't open: `refused` with the HTTP status where there is one. */
export function openWebsocket(
  url: URL,
  {
    protocols = [],
    trust = {},
    timeoutSeconds,
    headers = {},
  }: { protocols?: string[]; trust?: Trust; timeoutSeconds: number; headers?: Record<string, string> },
): Promise<Socket | Failure> {
  const handshakeTimeout = timeoutSeconds * 1000;
  const socket = new WebSocket(url, protocols, { headers, ...tlsOptions(trust), handshakeTimeout });
  socket.binaryType = "nodebuffer";
  return new Promise((resolve) => {
    socket.on("error", (error: NodeJS.ErrnoException) => {
      const late = error.message.includes("timed out");
      resolve(late ? { ok: false, outcome: "no-answer", reason: error.message } : failureOf(error));
    });
    socket.once("unexpected-response", (request, { statusCode = 0, statusMessage = "" }) => {
      resolve({ ok: false, outcome: "refused", code: statusCode, reason: statusMessage });
      request.destroy();
    });
    socket.once("open", () => {
      // A first message may come with the upgrade, before anyone listens.
      socket.pause();
      setImmediate(() => socket.resume());
      resolve({ ok: true, socket });
    });
  });
}

/** A websocket that stays open. What it tells is as of now, each time it is read. */
export interface OpenWebsocket {
  readonly ok: true;
  readonly open: boolean;
  /** Messages that came so far. */
  readonly messages: number;
  /** The first message's text, or undefined while none came. */
  readonly first: string | undefined;
  /** Why and when (milliseconds since it was opened) it ended, once it did. */
  readonly ended:
    { readonly code: number; readonly reason: string; readonly afterMilliseconds: number } | undefined;
  /** Asks the other side for a sign of life (RFC 6455 ping) and tells whether it came in time. */
  alive(timeoutSeconds?: number): Promise<boolean>;
  send(text: string): void;
  close(): void;
}

/**
 * Opens a websocket through the site's proxy and keeps it, to see whether it survives a time or a reload.
 * `first` and `messages` tell whether messages come through.
 * @param options.url wss://... or ws://...
 * @param options.headers for example Authorization
 * @param options.hello sent as soon as it is open, for servers that wait for the client
 * @param options.expectMessage wait for the first message before returning; default true
 * @param options.timeoutSeconds for the upgrade and for the first message; default 10
 */
export async function websocketThroughProxy({
  url,
  protocols = [],
  headers = {},
  hello,
  expectMessage = true,
  timeoutSeconds = 10,
  ...trust
}: {
  url: string;
  protocols?: string[];
  headers?: Record<string, string>;
  hello?: string;
  expectMessage?: boolean;
  timeoutSeconds?: number;
} & Trust): Promise<OpenWebsocket | Failure> {
  checkTimeout(timeoutSeconds, `websocketThroughProxy ${url}`);
  const opened = await openWebsocket(new URL(url), { protocols, headers, trust, timeoutSeconds });
  if (!opened.ok) return opened;
  const { socket } = opened;
  const start = performance.now();
  const texts: string[] = [];
  let ended: OpenWebsocket["ended"];
  const heard = new Promise<boolean>((resolve) => {
    socket.on("message", (data: Buffer) => {
      texts.push(data.toString("utf8"));
      resolve(true);
    });
    socket.on("close", (code, reason) => {
      ended = { code, reason: reason.toString("utf8"), afterMilliseconds: performance.now() - start };
      resolve(false);
    });
    setTimeout(() => resolve(false), timeoutSeconds * 1000).unref();
  });
  if (hello !== undefined) socket.send(hello);
  if (expectMessage && !(await heard)) {
    socket.terminate();
    const reason = ended === undefined ? "no message came" : `closed: ${ended.code} ${ended.reason}`;
    return { ok: false, outcome: "no-answer", reason };
  }
  return {
    ok: true,
    get open() {
      return socket.readyState === WebSocket.OPEN;
    },
    get messages() {
      return texts.length;
    },
    get first() {
      return texts[0];
    },
    get ended() {
      return ended;
    },
    alive: (seconds = 5) => pong(socket, seconds),
    send: (text) => socket.send(text),
    close: () => socket.close(),
  };
}

function pong(socket: WebSocket, seconds: number): Promise<boolean> {
  if (socket.readyState !== WebSocket.OPEN) return Promise.resolve(false);
  return new Promise((resolve) => {
    const timer = setTimeout(done, seconds * 1000, false);
    const answered = (): void => done(true);
    const closed = (): void => done(false);
    function done(alive: boolean): void {
      clearTimeout(timer);
      socket.off("pong", answered).off("close", closed);
      resolve(alive);
    }
    socket.once("pong", answered).once("close", closed);
    socket.ping();
  });
}
