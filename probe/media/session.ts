/** From an offer to media that flows, whatever carries the signals. */
import { type RTCPeerConnection } from "werift";
import { within } from "../error";
import { type IceCredentials } from "../stun/iceCheck";
import { type TurnServer } from "../turn/allocation";
import { checkRelay, noMedia, noRelay, relayRefusal } from "./failure";
import { type CandidateInfo, parseCandidate, type SelectedPair } from "./pair";
import { openPeer, type Peer, type RtpCounts, type TransportPolicy } from "./peer";

/** What peers and the SFU of Mattermost Calls and rtcd tell each other, as JSON. */
export type Signal =
  | { readonly type: "offer" | "answer"; readonly sdp: string }
  | { readonly type: "candidate"; readonly candidate: { readonly candidate: string } };

/** The SFU of Mattermost Calls waits for it before it sends others' sound. */
export const CALLS_DATA_CHANNEL = "calls-dc";

/** A way for signals; what breaks it ends the session. */
export interface Signalling {
  send(signal: Signal): void;
  /** Called once, before anything is sent. */
  listen(handler: (signal: Signal) => void, broken: (reason: string) => void): void;
  close(): void;
}

/** How long a TURN server may take before it is asked why. */
const RELAY_SECONDS = 1.5;

/** Media that flows. The counts and `open` are as of now, each time they are read. */
export interface MediaSession extends RtpCounts {
  readonly pair: SelectedPair;
  /** The media server's ICE credentials, our ufrag and its candidates: for `iceCheck`. */
  readonly ice: {
    readonly remote: IceCredentials;
    readonly localUfrag: string;
    readonly candidates: readonly CandidateInfo[];
  };
  /** From the offer to the open connection. */
  readonly milliseconds: number;
  /** Whether both the signalling and the media connection still stand. */
  readonly open: boolean;
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly transportPolicy: TransportPolicy;
  readonly turn?: TurnServer | undefined;
  /** Take only the media server's candidates of this address, say its public one; default all. */
  readonly mediaAddress?: string | undefined;
  /** Sound packets for each second; default 50, as browsers send. */
  readonly packetsPerSecond?: number | undefined;
  readonly timeoutSeconds: number;
  /** The label of a data channel, where the SFU wants one. */
  readonly dataChannel?: string | undefined;
  /** Where, for errors. */
  readonly where: string;
}

/** Offers, takes the answer, trickles candidates, answers later offers, until media can flow. */
export async function openSession(signalling: Signalling, options: SessionOptions): Promise<MediaSession> {
  const { transportPolicy, turn, mediaAddress, packetsPerSecond = 50, timeoutSeconds, where } = options;
  if (transportPolicy === "relay" && turn === undefined) throw noRelay(where);
  const peer = openPeer({ transportPolicy, turn, packetsPerSecond });
  const candidates: CandidateInfo[] = [];
  let broken: string | undefined;
  const start = performance.now();
  const gone = new Promise<"gone">((resolve) => {
    const end = (reason: string): void => {
      broken ??= reason;
      resolve("gone");
    };
    signalling.listen(inOrder(peer, { signalling, candidates, mediaAddress, end }), end);
  });
  const close = async (): Promise<void> => {
    await peer.close();
    signalling.close();
  };
  try {
    const connected = offer(peer, signalling, options).then(() => Promise.race([peer.settled, gone]));
    const outcome = await within(timeoutSeconds, connected, "late");
    const pair = peer.pair();
    if (outcome !== "connected" || pair === undefined)
      throw await noMedia({ ...options, candidates, broken, state: peer.state() });
    if (turn !== undefined) checkRelay(turn, pair);
    const milliseconds = performance.now() - start;
    return {
      ...{ pair, ice: { ...iceOf(peer), candidates }, milliseconds, close },
      get sent() {
        return peer.counts().sent;
      },
      get received() {
        return peer.counts().received;
      },
      get senders() {
        return peer.counts().senders;
      },
      get open() {
        return broken === undefined && peer.state() === "connected";
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function offer(
  { pc }: Peer,
  signalling: Signalling,
  { dataChannel, transportPolicy, turn, timeoutSeconds }: SessionOptions,
): Promise<void> {
  const relayed: string[] = [];
  pc.onIceCandidate.subscribe((found) => {
    // Only a relay's address is worth telling: the SFU learns where our own packets come from.
    if (found?.candidate.includes(" typ relay") === true) relayed.push(found.candidate);
  });
  if (dataChannel !== undefined) pc.createDataChannel(dataChannel);
  const { sdp } = await pc.createOffer();
  // werift pairs a relay only with candidates that come after it, so it is there before the offer goes out.
  const gathered = pc.setLocalDescription({ type: "offer", sdp }).then(() => gathering(pc));
  if (transportPolicy === "relay" && turn !== undefined) await relay(gathered, turn, timeoutSeconds);
  await gathered;
  signalling.send({ type: "offer", sdp: withoutCandidates(sdp) });
  for (const candidate of relayed) signalling.send({ type: "candidate", candidate: { candidate } });
}

async function gathering({ iceGatheringStateChange, iceGatheringState }: RTCPeerConnection): Promise<void> {
  if (iceGatheringState !== "complete") await iceGatheringStateChange.watch((state) => state === "complete");
}

/** A relay that doesn't come soon is asked for by hand: werift doesn't tell why it got none. */
async function relay(gathered: Promise<void>, turn: TurnServer, timeoutSeconds: number): Promise<void> {
  const soon = Math.min(RELAY_SECONDS, timeoutSeconds / 2);
  if ((await within(soon, gathered, "late")) !== "late") return;
  const refusal = await relayRefusal(turn, soon);
  if (refusal === undefined) return;
  gathered.catch(() => undefined);
  throw refusal;
}

const withoutCandidates = (sdp: string): string =>
  sdp.replace(/^a=(candidate:.*|end-of-candidates)\r?\n/gm, "");

/** Signals are handled one after the other; candidates that come before the answer wait for it. */
function inOrder(
  { pc, wanted }: Peer,
  {
    signalling,
    candidates,
    mediaAddress,
    end,
  }: {
    signalling: Signalling;
    candidates: CandidateInfo[];
    mediaAddress: string | undefined;
    end: (reason: string) => void;
  },
): (signal: Signal) => void {
  let last = Promise.resolve();
  const waiting: string[] = [];
  const add = async (candidate: string): Promise<void> => {
    if (candidate === "") return;
    const info = parseCandidate(candidate);
    candidates.push(info);
    // The SFU listens by UDP and TCP on one port: werift takes one for the other.
    if (info.protocol === wanted && info.address === (mediaAddress ?? info.address))
      await pc.addIceCandidate({ candidate, sdpMLineIndex: 0 });
  };
  const handle = async (signal: Signal): Promise<void> => {
    if (pc.connectionState === "closed") return;
    if (signal.type === "candidate") {
      if (pc.remoteDescription === null) waiting.push(signal.candidate.candidate);
      else await add(signal.candidate.candidate);
      return;
    }
    await pc.setRemoteDescription({ type: signal.type, sdp: signal.sdp });
    for (const candidate of waiting.splice(0)) await add(candidate);
    if (signal.type === "answer") return;
    const answer = await pc.createAnswer();
    await pc.setLocalDescription(answer);
    signalling.send({ type: "answer", sdp: withoutCandidates(answer.sdp) });
  };
  return (signal) => {
    last = last
      .then(() => handle(signal))
      .catch((error: unknown) => end(`the ${signal.type} isn't understood: ${String(error)}`));
  };
}

function iceOf({ pc }: Peer): { remote: IceCredentials; localUfrag: string } {
  const transport = pc.iceTransports[0];
  const remote = transport?.getRemoteParameters();
  return {
    remote: { ufrag: remote?.usernameFragment ?? "", pwd: remote?.password ?? "" },
    localUfrag: transport?.localParameters.usernameFragment ?? "",
  };
}
