import { RTCPeerConnection } from "werift";
import { type Signal, type Signalling } from "../../probe/media/session";

/** An SFU in this process, on loopback: it answers, and sends back what comes. */
export function loopbackSfu(): { signalling: Signalling; close: () => Promise<void> } {
  const pc = new RTCPeerConnection({
    iceUseIpv4: false,
    iceUseIpv6: false,
    iceAdditionalHostAddresses: ["127.0.0.1"],
    bundlePolicy: "max-bundle",
  });
  let tell: (signal: Signal) => void = () => undefined;
  pc.onTrack.subscribe((track) => {
    const sender = pc.getTransceivers()[0]?.sender;
    track.onReceiveRtp.subscribe((packet) => {
      sender?.sendRtp(packet.clone()).catch(() => undefined);
    });
  });
  pc.onIceCandidate.subscribe((found) => {
    if (found !== undefined) tell({ type: "candidate", candidate: { candidate: found.candidate } });
  });
  const answer = async (sdp: string): Promise<void> => {
    await pc.setRemoteDescription({ type: "offer", sdp });
    for (const { connection } of pc.iceTransports) Object.assign(connection, { stunServer: undefined });
    pc.getTransceivers().forEach((transceiver) => transceiver.setDirection("sendrecv"));
    const { sdp: ours } = await pc.createAnswer();
    const local = pc.setLocalDescription({ type: "answer", sdp: ours });
    tell({ type: "answer", sdp: ours });
    await local;
  };
  return {
    signalling: {
      send: (signal) => (signal.type === "offer" ? void answer(signal.sdp) : undefined),
      listen: (handler) => (tell = handler),
      close: () => undefined,
    },
    close: () => pc.close(),
  };
}
