/** How messages are told apart on a TCP stream. */
import { encodeTcpFrame, splitTcpFrames } from "werift";

/** Whole messages at the front of what was received, and the bytes that are left. */
export interface Frames {
  readonly frames: readonly Buffer[];
  readonly rest: Buffer;
}

export interface Framing {
  encode(message: Buffer): Buffer;
  split(received: Buffer): Frames;
}

/** RFC 4571: two bytes of length before each packet. ICE over TCP (RFC 6544) and media over it. */
export const rfc4571: Framing = {
  encode: (message) => encodeTcpFrame(message),
  split: (received) => splitTcpFrames(received),
};

const STUN_HEADER = 20;
const CHANNEL_HEADER = 4;

/**
 * STUN and TURN over TCP (RFC 8489 section 6.2.2, RFC 8656 section 12.5): messages tell their own length;
 * ChannelData (first two bits 01) is padded to four bytes.
 */
export const stunStream: Framing = {
  encode: (message) => Buffer.concat([message, Buffer.alloc(-message.length & 3)]),
  split: (received) => {
    const frames: Buffer[] = [];
    let at = 0;
    while (received.length - at >= CHANNEL_HEADER) {
      const channel = received.readUInt8(at) >> 6 === 1;
      const size = received.readUInt16BE(at + 2) + (channel ? CHANNEL_HEADER : STUN_HEADER);
      const padded = size + (-size & 3);
      if (received.length - at < padded) break;
      frames.push(received.subarray(at, at + size));
      at += padded;
    }
    return { frames, rest: received.subarray(at) };
  },
};
