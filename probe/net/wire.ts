/** One UDP socket or TCP connection to one remote port, as messages. */
import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Failure } from "../error";
import { type Framing } from "./framing";
import { tlsOptions, type Trust } from "./trust";

export type Transport = "udp" | "tcp";
/** How a server is reached: by one of these, or by TCP with TLS on it. */
export type Carrying = Transport | "tls";

/** An IP address with a port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface Wire {
  readonly ok: true;
  readonly transport: Transport;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  send(message: Buffer): void;
  /** Calls the handler for each message, and the other once if the wire breaks. Returns its own undoing. */
  listen(handler: (message: Buffer) => void, broken?: (failure: Failure) => void): () => void;
  close(): void;
}

type Handler = readonly [(message: Buffer) => void, ((failure: Failure) => void) | undefined];

/** What the system's error means for the one who asked. */
export function failureOf(error: NodeJS.ErrnoException): Failure {
  const late = error.code === "ETIMEDOUT";
  return { ok: false, outcome: late ? "no-answer" : "unreachable", reason: error.code ?? error.message };
}

/** Opens a wire. UDP sockets are connected: the system then tells of ICMP unreachable. With TLS, the host's name counts. */
export async function openWire(
  carrying: Carrying,
  { host, port }: { host: string; port: number },
  { framing, timeoutSeconds, trust = {} }: { framing: Framing; timeoutSeconds: number; trust?: Trust },
): Promise<Wire | Failure> {
  if (carrying === "tls") {
    const socket = connectTls({ host, port, ...tlsOptions(trust), ...nameOf(host) });
    return openStream(socket, "secureConnect", framing, timeoutSeconds);
  }
  let address = host;
  if (isIP(host) === 0)
    try {
      ({ address } = await lookup(host, { family: 0 }));
    } catch (error) {
      return failureOf(error as NodeJS.ErrnoException);
    }
  return carrying === "udp"
    ? openUdp({ address, port })
    : openStream(connect({ host: address, port }), "connect", framing, timeoutSeconds);
}

/** An address is no name that a server could be asked for. */
export const nameOf = (host: string): { servername?: string } =>
  isIP(host) === 0 ? { servername: host } : {};

function handlers(): { all: Set<Handler>; listen: Wire["listen"]; breakAll: (error: Error) => void } {
  const all = new Set<Handler>();
  let failure: Failure | undefined;
  return {
    all,
    listen: (handler, broken) => {
      const entry: Handler = [handler, broken];
      all.add(entry);
      if (failure !== undefined) broken?.(failure);
      return () => all.delete(entry);
    },
    breakAll: (error) => {
      failure = failureOf(error);
      for (const [, broken] of [...all]) broken?.(failure);
    },
  };
}

function openUdp(remote: Endpoint): Promise<Wire | Failure> {
  const socket = createSocket(isIP(remote.address) === 6 ? "udp6" : "udp4");
  const { all, listen, breakAll } = handlers();
  return new Promise((resolve) => {
    socket.once("error", (error) => resolve(failureOf(error)));
    socket.connect(remote.port, remote.address, () => {
      socket.removeAllListeners("error").on("error", breakAll);
      socket.on("message", (message) => {
        for (const [handler] of [...all]) handler(message);
      });
      const { address, port } = socket.address();
      let open = true;
      resolve({
        ok: true,
        transport: "udp",
        local: { address, port },
        remote,
        // The error event tells of a port that is closed; what send says of it adds nothing.
        send: (message) => {
          if (open) socket.send(message, (error) => (error === null ? undefined : breakAll(error)));
        },
        listen,
        close: () => {
          if (open) socket.close();
          open = false;
        },
      });
    });
  });
}

function openStream(
  socket: Socket,
  ready: "connect" | "secureConnect",
  framing: Framing,
  timeoutSeconds: number,
): Promise<Wire | Failure> {
  socket.setNoDelay(true);
  const { all, listen, breakAll } = handlers();
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      socket.destroy();
      resolve({ ok: false, outcome: "no-answer", reason: "the TCP connection wasn't answered" });
    }, timeoutSeconds * 1000);
    socket.once("error", (error) => {
      clearTimeout(timer);
      resolve(failureOf(error));
    });
    socket.once(ready, () => {
      clearTimeout(timer);
      let received = Buffer.alloc(0);
      socket.removeAllListeners("error").on("error", breakAll);
      socket.on("end", () => breakAll(new Error("the server closed the connection")));
      socket.on("data", (chunk) => {
        const { frames, rest } = framing.split(Buffer.concat([received, chunk]));
        received = Buffer.from(rest);
        for (const frame of frames) for (const [handler] of [...all]) handler(frame);
      });
      resolve({
        ok: true,
        transport: "tcp",
        local: { address: socket.localAddress ?? "", port: socket.localPort ?? 0 },
        remote: { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 },
        send: (message) => {
          if (!socket.destroyed) socket.write(framing.encode(message));
        },
        listen,
        close: () => socket.destroy(),
      });
    });
  });
}
