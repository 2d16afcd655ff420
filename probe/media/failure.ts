/** Why no media flows, in words. */
import { ProbeError } from "../error";
import { allocate, type TurnServer } from "../turn/allocation";
import { type CandidateInfo, type SelectedPair } from "./pair";
import { type TransportPolicy } from "./peer";

/** All was agreed on, and nothing comes through: a door on the way is closed. */
export class NoMedia extends ProbeError {}

export const noRelay = (where: string): ProbeError =>
  new ProbeError({
    what: "There is no TURN server to relay by.",
    where,
    fix: "configure a TURN server with credentials where the session gets its ICE servers from",
  });

const addressOf = ({ host, port, transport = "udp" }: TurnServer): string => `${host}:${port}/${transport}`;

/** Asks the TURN server for an address; what it refuses with, or undefined where it gives one. */
export async function relayRefusal(
  turn: TurnServer,
  timeoutSeconds: number,
): Promise<ProbeError | undefined> {
  const allocation = await allocate({ ...turn, timeoutSeconds });
  if (!allocation.ok)
    return new ProbeError({
      what: `The TURN server gives no relayed address: ${allocation.code ?? allocation.outcome} ${allocation.reason}`,
      where: addressOf(turn),
      fix: "compare its shared secret, clock and quota with those of the server that gave the credentials",
    });
  await allocation.close();
  return undefined;
}

/** werift tries TCP where UDP fails; that isn't what was asked for. */
export function checkRelay(turn: TurnServer, { relayTransport }: SelectedPair): void {
  const { transport = "udp", port } = turn;
  if (relayTransport === undefined || relayTransport === transport) return;
  throw new ProbeError({
    what: "The TURN server wasn't reached the way that was asked for.",
    where: addressOf(turn),
    given: relayTransport,
    allowed: transport,
    fix: `open port ${port}/${transport} of the TURN server`,
  });
}

/** The error of a session without a connection. */
export async function noMedia({
  transportPolicy,
  turn,
  timeoutSeconds,
  where,
  candidates,
  broken,
  state,
}: {
  transportPolicy: TransportPolicy;
  turn?: TurnServer | undefined;
  timeoutSeconds: number;
  where: string;
  candidates: readonly CandidateInfo[];
  broken: string | undefined;
  state: string;
}): Promise<ProbeError> {
  if (broken !== undefined)
    return new ProbeError({
      what: `The signalling ended before media flowed: ${broken}`,
      where,
      fix: "read the log of the server that was asked",
    });
  if (transportPolicy === "relay" && turn !== undefined) {
    const refusal = await relayRefusal(turn, 3);
    if (refusal !== undefined) return refusal;
  }
  const offered = candidates
    .map(({ protocol, address, port }) => `${protocol} ${address}:${port}`)
    .join(", ");
  return new NoMedia({
    what: `No media connection in ${timeoutSeconds} s (${state}).`,
    where,
    given: offered === "" ? "no candidates of the media server" : `the media server's candidates: ${offered}`,
    allowed: transportPolicy === "relay" ? "through TURN" : `by ${transportPolicy}`,
    fix: "check that these addresses are the machine's public ones and that their ports are open",
  });
}
