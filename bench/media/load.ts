/** Packets at a steady rate to a peer that sends them back, over ways that lead there. */
import { setTimeout as pause } from "node:timers/promises";
import { stunStream } from "../../probe/net/framing";
import { openWire } from "../../probe/net/wire";
import { allocate, type Endpoint, type TurnServer } from "../../probe";

/** Rate of all flows together. */
export interface Load {
  what: string;
  packetsPerSecond: number;
  bytes: number;
}

/** One person's way to the peer and back. */
export interface Flow {
  send(packet: Buffer): void;
  listen(handler: () => void): void;
  close(): Promise<void>;
}

export interface Carried {
  sent: number;
  received: number;
  /** Until the last packet came back, or could have. */
  seconds: number;
  /** Of this process, the peer's work included. */
  ownCpuSeconds: number;
}

/** How long packets may be on their way after the last one was sent. */
const settleMs = 500;
/** What a timer that came late sends at once: more would overflow the sockets, which says nothing of the way. */
const mostAtOnceMs = 4;

/** A socket of its own, straight to the peer. */
export async function directFlow({ address: host, port }: Endpoint): Promise<Flow> {
  const wire = await openWire("udp", { host, port }, { framing: stunStream, timeoutSeconds: 5 });
  if (!wire.ok) throw new Error(`no way to the peer: ${wire.reason}`);
  return {
    send: (packet) => wire.send(packet),
    listen: (handler) => wire.listen(handler),
    close: () => {
      wire.close();
      return Promise.resolve();
    },
  };
}

/** A relayed address with a channel to the peer, as browsers do. */
export async function relayedFlow(server: TurnServer, peer: Endpoint): Promise<Flow> {
  const allocation = await allocate(server);
  if (!allocation.ok) throw new Error(`the relay gives no address: ${allocation.reason}`);
  const bound = await allocation.bind(peer);
  if (!bound.ok) throw new Error(`the relay gives no channel: ${bound.reason}`);
  return {
    send: (packet) => allocation.send(peer, packet),
    listen: (handler) => allocation.listen(handler),
    close: () => allocation.close(),
  };
}

/** Sends for so long, the flows in turns, and waits for what is on its way. */
export async function carry(flows: readonly Flow[], load: Load, seconds: number): Promise<Carried> {
  const packet = Buffer.alloc(load.bytes, "x");
  const perMs = load.packetsPerSecond / 1000;
  let [sent, received, lastMs] = [0, 0, 0];
  const cpu = process.cpuUsage();
  const began = performance.now();
  for (const flow of flows)
    flow.listen(() => {
      received++;
      lastMs = performance.now() - began;
    });
  await new Promise<void>((done) => {
    const timer = setInterval(() => {
      const elapsedMs = performance.now() - began;
      if (elapsedMs >= seconds * 1000) {
        clearInterval(timer);
        done();
        return;
      }
      const most = sent + Math.max(1, Math.ceil(perMs * mostAtOnceMs));
      for (const due = Math.min(most, Math.floor(elapsedMs * perMs)); sent < due; sent++)
        flows[sent % flows.length]?.send(packet);
    }, 1);
  });
  const settled = performance.now() + settleMs;
  while (received < sent && performance.now() < settled) await pause(10);
  const { user, system } = process.cpuUsage(cpu);
  const ownCpuSeconds = (user + system) / 1e6;
  return { sent, received, seconds: Math.max(seconds, lastMs / 1000), ownCpuSeconds };
}
