import fc from "fast-check";
import { classes, Message, methods } from "werift";
import { type Framing, rfc4571, stunStream } from "../../probe/net/framing";

/** Feeds a stream in pieces, as TCP may deliver it. */
function fed(framing: Framing, stream: Buffer, pieces: readonly number[]): Buffer[] {
  const found: Buffer[] = [];
  let rest = Buffer.alloc(0);
  let at = 0;
  for (const size of [...pieces, stream.length]) {
    const { frames, rest: left } = framing.split(Buffer.concat([rest, stream.subarray(at, at + size)]));
    found.push(...frames.map((frame) => Buffer.from(frame)));
    rest = Buffer.from(left);
    at = Math.min(stream.length, at + size);
  }
  expect(rest).toHaveLength(0);
  return found;
}

const pieces = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 20 });

describe("messages on a TCP stream", () => {
  it("have two bytes of length before them (RFC 4571)", () => {
    expect(rfc4571.encode(Buffer.from("abc"))).toEqual(Buffer.from([0, 3, 0x61, 0x62, 0x63]));
    expect(rfc4571.split(Buffer.from([0, 3, 0x61, 0x62]))).toEqual({
      frames: [],
      rest: Buffer.from([0, 3, 0x61, 0x62]),
    });
  });

  it("come back whole, however TCP cuts them (RFC 4571)", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 })), pieces, (messages, cuts) => {
        const stream = Buffer.concat(messages.map((message) => rfc4571.encode(Buffer.from(message))));
        expect(fed(rfc4571, stream, cuts)).toEqual(messages.map((message) => Buffer.from(message)));
      }),
    );
  });

  it("come back whole where STUN and padded ChannelData mix (RFC 8656 12.5)", () => {
    const channel = (data: Uint8Array): Buffer => {
      const header = Buffer.from([0x40, 1, data.length >> 8, data.length & 255]);
      return Buffer.concat([header, data]);
    };
    const stun = new Message(methods.BINDING, classes.REQUEST).addFingerprint().bytes;
    const message = fc.oneof(fc.constant(stun), fc.uint8Array({ maxLength: 300 }).map(channel));
    fc.assert(
      fc.property(fc.array(message), pieces, (messages, cuts) => {
        const stream = Buffer.concat(messages.map((each) => stunStream.encode(each)));
        expect(stream.length % 4).toBe(0);
        expect(fed(stunStream, stream, cuts)).toEqual(messages);
      }),
    );
  });
});
