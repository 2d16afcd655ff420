/** A WebRTC peer with one microphone, as a browser in a call has: ICE, DTLS and SRTP are werift's. */
import { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters } from "werift";
import { tlsOptions } from "../net/trust";
import { type Transport } from "../net/wire";
import { type TurnServer } from "../turn/allocation";
import { releaseRelay, type SelectedPair, selectedPair } from "./pair";
import { startSpeaking } from "./speech";

/**
 * Which way media may take: straight by UDP, straight by TCP (RFC 6544), or only through a TURN relay. Nothing
 * falls back to another way: a way that is closed is a failure.
 */
export type TransportPolicy = "udp" | "tcp" | "relay";

export interface PeerOptions {
  readonly transportPolicy: TransportPolicy;
  /** The relay to use where the policy is `relay`. */
  readonly turn?: TurnServer | undefined;
  /** Packets of sound for each second; browsers send 50. */
  readonly packetsPerSecond: number;
}

export interface RtpCounts {
  /** RTP packets of our microphone that were handed to an open connection. */
  readonly sent: number;
  /** RTP packets of others that came. */
  readonly received: number;
  /** Others' tracks that packets came from. */
  readonly senders: number;
}

export interface Peer {
  readonly pc: RTCPeerConnection;
  /** The protocol of the media server's candidates that are of use; a relay speaks UDP to them. */
  readonly wanted: Transport;
  readonly counts: () => RtpCounts;
  /** The pair of candidates that media takes, once connected. */
  readonly pair: () => SelectedPair | undefined;
  /** Resolves when connected or failed. */
  readonly settled: Promise<"connected" | "failed">;
  readonly state: () => string;
  close(): Promise<void>;
}

/** The system picks the interface for each media server, and no address of this machine is told to anyone. */
const ANY_ADDRESS = "0.0.0.0";
/** Opus as browsers and the media servers number it. */
const OPUS = new RTCRtpCodecParameters({
  mimeType: "audio/opus",
  clockRate: 48000,
  channels: 2,
  payloadType: 111,
  parameters: "minptime=10;useinbandfec=1",
});

/** A peer that speaks as soon as it is connected. Its offer is the caller's to ask for. */
export function openPeer({ transportPolicy, turn, packetsPerSecond }: PeerOptions): Peer {
  const wanted: Transport = transportPolicy === "tcp" ? "tcp" : "udp";
  const pc = new RTCPeerConnection({
    codecs: { audio: [OPUS], video: [] },
    // One port for all media, from the start: what werift opens for a port of its own stays open.
    bundlePolicy: "max-bundle",
    iceTransportPolicy: transportPolicy === "relay" ? "relay" : "all",
    iceServers: turn === undefined || transportPolicy !== "relay" ? [] : [iceServer(turn)],
    ...(turn?.trust === undefined ? {} : { turnTlsOptions: tlsOptions(turn.trust) }),
    iceUseIpv4: false,
    iceUseIpv6: false,
    iceAdditionalHostAddresses: [ANY_ADDRESS],
    iceUseTcp: transportPolicy === "tcp",
    iceTcpPassive: false,
    iceFilterCandidatePair: ({ localCandidate }) => localCandidate.transport.toLowerCase() === wanted,
  });
  const microphone = new MediaStreamTrack({ kind: "audio" });
  pc.addTransceiver(microphone, { direction: "sendrecv" });
  // Without this, werift asks a STUN server of a third party.
  for (const { connection } of pc.iceTransports) Object.assign(connection, { stunServer: undefined });

  let received = 0;
  const senders = new Set<number>();
  // All that could be decrypted: a videobridge sends what no description told of.
  for (const transport of pc.dtlsTransports)
    transport.onRtp.subscribe(({ header }) => {
      received++;
      senders.add(header.ssrc);
    });
  const speech = startSpeaking(microphone, packetsPerSecond, () => pc.connectionState === "connected");
  const settled = new Promise<"connected" | "failed">((resolve) => {
    pc.connectionStateChange.subscribe((state) => {
      if (state === "connected") resolve("connected");
      if (state === "failed" || state === "closed") resolve("failed");
    });
  });
  return {
    pc,
    wanted,
    counts: () => ({ sent: speech.sent(), received, senders: senders.size }),
    pair: () => selectedPair(pc),
    settled,
    state: () => pc.connectionState,
    close: async () => {
      speech.stop();
      await releaseRelay(pc);
      await pc.close();
    },
  };
}

function iceServer({ host, port, transport = "udp", username = "", credential = "" }: TurnServer): {
  urls: string;
  username: string;
  credential: string;
} {
  const name = host.includes(":") ? `[${host}]` : host;
  const way = transport === "tls" ? "tcp" : transport;
  return {
    urls: `${transport === "tls" ? "turns" : "turn"}:${name}:${port}?transport=${way}`,
    username,
    credential,
  };
}
