/** A microphone that always hears something. */
import { randomBytes, randomInt } from "node:crypto";
import { type MediaStreamTrack, RtpHeader, RtpPacket } from "werift";

const CLOCK_RATE = 48000;
/** About what 20 ms of speech take in Opus at 32 kbit/s. */
const PAYLOAD_BYTES = 80;
const OPUS_PAYLOAD_TYPE = 111;

/**
 * Writes RTP packets of the size of Opus to the track, at an even pace, while `open` says so. Their content is
 * random: media servers that forward (SFU) don't decode it.
 */
export function startSpeaking(
  track: MediaStreamTrack,
  packetsPerSecond: number,
  open: () => boolean,
): { sent: () => number; stop: () => void } {
  const payload = randomBytes(PAYLOAD_BYTES);
  const period = 1000 / packetsPerSecond;
  let sequenceNumber = randomInt(0x10000);
  let timestamp = randomInt(0x7fffffff);
  let sent = 0;
  let due = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    if (!open()) due = now;
    // A busy machine calls late: what is due by now is sent, so that the rate stays.
    for (; due <= now && open(); due += period) {
      sequenceNumber = (sequenceNumber + 1) & 0xffff;
      timestamp = (timestamp + CLOCK_RATE / packetsPerSecond) >>> 0;
      const header = new RtpHeader({ payloadType: OPUS_PAYLOAD_TYPE, sequenceNumber, timestamp, ssrc: 1 });
      track.writeRtp(new RtpPacket(header, payload));
      sent++;
    }
  }, period);
  return { sent: () => sent, stop: () => clearInterval(timer) };
}
