import { once } from "node:events";
import WebSocket from "ws";
import type { ProxiedSite } from "./site";

/** A websocket at one of the sites, after its first message. */
export interface SiteSocket {
  readonly message: string;
  /** Whether what is sent comes back. */
  echoes(text: string): Promise<boolean>;
  close(): void;
}

/** @param ca by what the site's certificate is trusted. */
export async function openSocket(site: ProxiedSite, host: string, ca: string): Promise<SiteSocket> {
  const socket = new WebSocket(`wss://${host}/api/v4/websocket`, {
    ca,
    lookup: (_name, { all }, found) =>
      all === true ? found(null, [{ address: site.address, family: 4 }]) : found(null, site.address, 4),
  });
  const messages: string[] = [];
  socket.on("message", (message: Buffer) => messages.push(message.toString()));
  const heard = async (count: number): Promise<string> => {
    while (messages.length < count) await once(socket, "message", { signal: AbortSignal.timeout(10_000) });
    return messages[count - 1] ?? "";
  };
  return {
    message: await heard(1),
    echoes: async (text) => {
      socket.send(text);
      return (await heard(messages.length + 1)) === text && socket.readyState === WebSocket.OPEN;
    },
    close: () => socket.close(),
  };
}
