/** Which way media really took. */
import { Candidate, classes, Message, methods, type RTCPeerConnection, StunOverTurnProtocol } from "werift";
import { within } from "../error";
import { type Endpoint, type Transport } from "../net/wire";

export interface CandidateInfo extends Endpoint {
  readonly type: "host" | "srflx" | "prflx" | "relay";
  readonly protocol: Transport;
}

export interface SelectedPair {
  /** Address 0.0.0.0: the system chose among this machine's. */
  readonly local: CandidateInfo;
  readonly remote: CandidateInfo;
  /** How the TURN server is reached, where `local` is a relay. */
  readonly relayTransport?: string;
}

/** A candidate of SDP (`candidate:...`, with or without `a=`) as data. */
export function parseCandidate(line: string): CandidateInfo {
  const { host, port, type, transport } = Candidate.fromSdp(line.replace(/^(a=)?candidate:/, ""));
  return {
    type: type as CandidateInfo["type"],
    protocol: transport.toLowerCase() as Transport,
    address: host,
    port,
  };
}

/** The pair that ICE nominated, or undefined while there is none. */
export function selectedPair(pc: RTCPeerConnection): SelectedPair | undefined {
  const connection = pc.iceTransports[0]?.connection;
  const pair = connection?.candidatePairs.find(({ nominated }) => nominated);
  if (pair === undefined) return undefined;
  const relayed =
    pair.protocol instanceof StunOverTurnProtocol ? pair.protocol.turn.transport.type : undefined;
  return {
    local: info(pair.localCandidate),
    remote: info(pair.remoteCandidate),
    ...(relayed === undefined ? {} : { relayTransport: relayed }),
  };
}

function info({ host, port, type, transport }: Candidate): CandidateInfo {
  return {
    type: type as CandidateInfo["type"],
    protocol: transport.toLowerCase() as Transport,
    address: host,
    port,
  };
}

/** Gives relayed addresses back, which werift leaves to their end: they count for the user's quota. */
export async function releaseRelay(pc: RTCPeerConnection): Promise<void> {
  const pairs = pc.iceTransports.flatMap(({ connection }) => connection.candidatePairs);
  const relays = new Set(
    pairs.flatMap(({ protocol }) => (protocol instanceof StunOverTurnProtocol ? [protocol] : [])),
  );
  for (const { turn } of relays) {
    const release = new Message(methods.REFRESH, classes.REQUEST).setAttribute("LIFETIME", 0);
    await within(1, turn.requestWithRetry(release, turn.server), undefined).catch(() => undefined);
  }
}
