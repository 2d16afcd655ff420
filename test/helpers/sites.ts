import { createServer, type RequestListener } from "node:http";
import { type AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

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
