import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { type AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Trust } from "../../probe/net/trust";
import { selfSigned } from "./selfSigned";

export interface Site {
  /** http://127.0.0.1:port */
  readonly url: string;
  close(): void;
}

/** A site on loopback: HTTP, and websockets at one path. */
export function startSite(
  answer: RequestListener,
  {
    path,
    connected,
    protocol,
  }: { path: string; connected: (socket: WebSocket, url: URL) => void; protocol?: string },
): Promise<Site> {
  const http = createServer(answer);
  const sockets = new WebSocketServer({
    server: http,
    path,
    ...(protocol === undefined ? {} : { handleProtocols: () => protocol }),
  });
  sockets.on("connection", (socket, { url }) => connected(socket, new URL(url ?? "", "http://127.0.0.1")));
  return new Promise((resolve) =>
    http.listen(0, "127.0.0.1", () =>
      resolve({
        url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
        close: () => {
          sockets.clients.forEach((socket) => socket.terminate());
          http.closeAllConnections();
          http.close();
        },
      }),
    ),
  );
}

export interface SecureSite {
  readonly port: number;
  readonly trust: Trust;
  close(): void;
}

/** A site of that name on loopback, over HTTPS. */
export async function startSecureSite(name: string, answer: RequestListener): Promise<SecureSite> {
  const { certificate, key } = selfSigned([name]);
  const server = createSecureServer({ cert: certificate, key }, answer);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    port: (server.address() as AddressInfo).port,
    trust: { ca: certificate, address: "127.0.0.1" },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
