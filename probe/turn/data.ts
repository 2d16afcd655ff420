/** Data through a TURN relay: permissions, channels, Send and Data indications (RFC 8656 sections 9 to 12). */
import { classes, Message, methods, parseMessage } from "werift";
import { type Failure } from "../error";
import { type Endpoint, type Wire } from "../net/wire";
import { type Allocation, type Fill } from "./allocation";

const FIRST_CHANNEL = 0x4000;
const CHANNEL_HEADER = 4;

type Ask = (method: methods, fill: Fill) => Promise<{ readonly ok: true } | Failure>;

/** The part of an allocation that exchanges data with peers. */
export function relayData(wire: Wire, ask: Ask): Pick<Allocation, "permit" | "bind" | "send" | "listen"> {
  const channels = new Map<string, number>();
  const peers = new Map<number, Endpoint>();
  let next = FIRST_CHANNEL;
  return {
    permit: (peer) => ask(methods.CREATE_PERMISSION, (request) => withPeer(request, peer)),
    bind: async (peer) => {
      const channel = channels.get(keyOf(peer)) ?? next++;
      // Data may come before the answer does.
      peers.set(channel, peer);
      const answer = await ask(methods.CHANNEL_BIND, (request) =>
        withPeer(request.setAttribute("CHANNEL-NUMBER", channel), peer),
      );
      if (answer.ok) channels.set(keyOf(peer), channel);
      else peers.delete(channel);
      return answer;
    },
    send: (peer, data) => {
      const channel = channels.get(keyOf(peer));
      wire.send(channel === undefined ? indication(peer, data) : channelData(channel, data));
    },
    listen: (handler, broken) =>
      wire.listen((frame) => {
        const received = isChannelData(frame) ? fromChannel(frame, peers) : fromIndication(frame);
        if (received !== undefined) handler(received);
      }, broken),
  };
}

const keyOf = ({ address, port }: Endpoint): string => `${address} ${port}`;

function withPeer(request: Message, { address, port }: Endpoint): Message {
  return request.setAttribute("XOR-PEER-ADDRESS", [address, port]);
}

function indication(peer: Endpoint, data: Buffer): Buffer {
  return withPeer(new Message(methods.SEND, classes.INDICATION).setAttribute("DATA", data), peer).bytes;
}

function fromIndication(frame: Buffer): { from: Endpoint; data: Buffer } | undefined {
  const message = parseMessage(frame);
  if (message?.messageMethod !== methods.DATA || message.messageClass !== classes.INDICATION)
    return undefined;
  const [address, port] = message.getAttributeValue("XOR-PEER-ADDRESS") as [string, number];
  return { from: { address, port }, data: message.getAttributeValue("DATA") as Buffer };
}

function channelData(channel: number, data: Buffer): Buffer {
  const header = Buffer.alloc(CHANNEL_HEADER);
  header.writeUInt16BE(channel, 0);
  header.writeUInt16BE(data.length, 2);
  return Buffer.concat([header, data]);
}

const isChannelData = (frame: Buffer): boolean =>
  frame.length >= CHANNEL_HEADER && frame.readUInt8(0) >> 6 === 1;

function fromChannel(
  frame: Buffer,
  peers: ReadonlyMap<number, Endpoint>,
): { from: Endpoint; data: Buffer } | undefined {
  const from = peers.get(frame.readUInt16BE(0));
  if (from === undefined) return undefined;
  return { from, data: frame.subarray(CHANNEL_HEADER, CHANNEL_HEADER + frame.readUInt16BE(2)) };
}
