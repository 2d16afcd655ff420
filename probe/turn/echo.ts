/** Data there and back through a TURN relay. */
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { isIP } from "node:net";
import { checkTimeout, type Failure } from "../error";
import { type Endpoint } from "../net/wire";
import { allocate, type TurnServer } from "./allocation";

export interface UdpEcho {
  readonly endpoint: Endpoint;
  /** Datagrams that came and were sent back. */
  readonly echoed: () => number;
  close(): void;
}

/**
 * A peer that sends each datagram back to where it came from.
 * @param options.address one of this machine's, which the TURN server can reach
 * @param options.port default a free one
 */
export function udpEcho({ address, port = 0 }: { address: string; port?: number }): Promise<UdpEcho> {
  const socket = createSocket(isIP(address) === 6 ? "udp6" : "udp4");
  let echoed = 0;
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.on("message", (data, from) => {
      echoed++;
      socket.send(data, from.port, from.address);
    });
    socket.bind(port, address, () => {
      const bound = socket.address();
      resolve({
        endpoint: { address, port: bound.port },
        echoed: () => echoed,
        close: () => socket.close(),
      });
    });
  });
}

export interface Echoed {
  readonly ok: true;
  readonly relayed: Endpoint;
  readonly mapped: Endpoint;
  readonly sent: number;
  readonly received: number;
  /** From the first packet sent to the last received. */
  readonly milliseconds: number;
}

/**
 * Allocates, permits the peer, sends packets to it and counts those that come back unchanged. A refusal at any
 * step is told with its code, for example 403 for a peer that the server doesn't relay to.
 * @param options.peer something that echoes UDP: `udpEcho` elsewhere
 * @param options.by a channel (as browsers do, the default) or Send indications
 * @param options.count packets; default 5
 * @param options.bytes of each; default 160
 * @param options.timeoutSeconds for each question and for the packets; default 5
 */
export async function echoThroughTurn({
  turn,
  peer,
  by = "channel",
  count = 5,
  bytes = 160,
  timeoutSeconds = 5,
}: {
  turn: TurnServer;
  peer: Endpoint;
  by?: "channel" | "indication";
  count?: number;
  bytes?: number;
  timeoutSeconds?: number;
}): Promise<Echoed | Failure> {
  checkTimeout(timeoutSeconds, `echoThroughTurn ${turn.host}:${turn.port}`);
  const allocation = await allocate({ ...turn, timeoutSeconds });
  if (!allocation.ok) return allocation;
  try {
    const permitted = await (by === "channel" ? allocation.bind(peer) : allocation.permit(peer));
    if (!permitted.ok) return permitted;
    const waiting = new Set(Array.from({ length: count }, () => randomBytes(bytes).toString("hex")));
    const start = performance.now();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, timeoutSeconds * 1000);
      const stop = allocation.listen(({ data }) => {
        waiting.delete(data.toString("hex"));
        if (waiting.size === 0) done();
      }, done);
      function done(): void {
        clearTimeout(timer);
        stop();
        resolve();
      }
      for (const packet of waiting) allocation.send(peer, Buffer.from(packet, "hex"));
    });
    const { relayed, mapped } = allocation;
    const received = count - waiting.size;
    if (received === 0)
      return { ok: false, outcome: "no-answer", reason: `none of ${count} packets came back` };
    return { ok: true, relayed, mapped, sent: count, received, milliseconds: performance.now() - start };
  } finally {
    await allocation.close();
  }
}
