/** A relayed address on a TURN server (RFC 8656), with each of the server's refusals as data. */
import { classes, makeIntegrityKey, Message, methods } from "werift";
import { checkTimeout, type Failure } from "../error";
import { stunStream } from "../net/framing";
import { type Trust } from "../net/trust";
import { type Carrying, type Endpoint, openWire, type Wire } from "../net/wire";
import { mappedIn, withoutMessage } from "../stun/binding";
import { type Response, transact } from "../stun/transaction";
import { relayData } from "./data";

/** A TURN server and who asks it. */
export interface TurnServer {
  readonly host: string;
  readonly port: number;
  /** How the server is reached; its relay to peers is always UDP. Default `udp`. */
  readonly transport?: Carrying;
  /** By what it is trusted, where it is reached over TLS; default the system's roots. */
  readonly trust?: Trust | undefined;
  /** Left out to see that the server wants one. */
  readonly username?: string;
  readonly credential?: string;
}

/** What a peer sent through the relay. */
export interface Received {
  readonly from: Endpoint;
  readonly data: Buffer;
}

type Done = { readonly ok: true } | Failure;

export interface Allocation {
  readonly ok: true;
  readonly transport: Carrying;
  /** Where peers reach us. */
  readonly relayed: Endpoint;
  /** Where the TURN server sees us. */
  readonly mapped: Endpoint;
  readonly lifetimeSeconds: number;
  /** Asks to exchange data with a peer's address. 403: the server doesn't relay there. */
  permit(peer: Endpoint): Promise<Done>;
  /** Binds a channel to a peer, for data with less overhead, and permits it. */
  bind(peer: Endpoint): Promise<Done>;
  /** To a peer that is permitted or bound: the server drops others' silently. */
  send(peer: Endpoint, data: Buffer): void;
  /** Calls the handler for each packet from a peer. Returns its own undoing. */
  listen(handler: (received: Received) => void, broken?: (failure: Failure) => void): () => void;
  /** Gives the relayed address back, so that it doesn't count for a quota any more. */
  close(): Promise<void>;
}

/** REQUESTED-TRANSPORT: UDP, as the protocol number in the first byte. */
const UDP = 0x11000000;
/** The server's answers that mean: ask again, with this realm and nonce. */
const UNAUTHENTICATED = 401;
const STALE_NONCE = 438;

/**
 * Asks a TURN server for a relayed address. Common refusals: 401 wrong, expired or missing credentials, 403
 * forbidden, 437 allocation mismatch, 486 quota of the user reached, 508 no port or quota left.
 * @param options.timeoutSeconds for each question; default 5
 */
export async function allocate({
  timeoutSeconds = 5,
  ...server
}: TurnServer & { timeoutSeconds?: number }): Promise<Allocation | Failure> {
  const { host, port, transport = "udp", trust = {} } = server;
  checkTimeout(timeoutSeconds, `allocate ${host}:${port}`);
  const wire = await openWire(transport, { host, port }, { framing: stunStream, timeoutSeconds, trust });
  if (!wire.ok) return wire;
  const ask = authenticated(wire, server, timeoutSeconds);
  const response = await ask(methods.ALLOCATE, (request) => request.setAttribute("REQUESTED-TRANSPORT", UDP));
  if (!response.ok) {
    wire.close();
    return withoutMessage(response);
  }
  const [address, relayedPort] = response.message.getAttributeValue("XOR-RELAYED-ADDRESS") as [
    string,
    number,
  ];
  return {
    ok: true,
    transport,
    relayed: { address, port: relayedPort },
    mapped: mappedIn(response.message),
    lifetimeSeconds: response.message.getAttributeValue("LIFETIME") as number,
    ...relayData(wire, async (method, fill) => {
      const answer = await ask(method, fill);
      return answer.ok ? { ok: true } : withoutMessage(answer);
    }),
    close: async () => {
      await ask(methods.REFRESH, (request) => request.setAttribute("LIFETIME", 0));
      wire.close();
    },
  };
}

export type Fill = (request: Message) => Message;

/** Requests with long-term credentials: asked bare first, then with the realm and nonce of the refusal. */
function authenticated(
  wire: Wire,
  { username, credential }: TurnServer,
  timeoutSeconds: number,
): (method: methods, fill: Fill) => Promise<Response> {
  let challenge: { realm: string; nonce: Buffer } | undefined;
  const once = (method: methods, fill: Fill): Promise<Response> => {
    const request = fill(new Message(method, classes.REQUEST));
    if (challenge === undefined || username === undefined || credential === undefined)
      return transact(wire, request.addFingerprint(), { timeoutSeconds });
    const key = makeIntegrityKey(username, challenge.realm, credential);
    request
      .setAttribute("USERNAME", username)
      .setAttribute("REALM", challenge.realm)
      .setAttribute("NONCE", challenge.nonce);
    return transact(wire, request.addMessageIntegrity(key).addFingerprint(), { key, timeoutSeconds });
  };
  return async (method, fill) => {
    const known = challenge !== undefined;
    const response = await once(method, fill);
    if (response.ok || response.message === undefined || username === undefined) return response;
    if (response.code !== STALE_NONCE && (response.code !== UNAUTHENTICATED || known)) return response;
    const realm = (response.message.getAttributeValue("REALM") as string | undefined) ?? challenge?.realm;
    const nonce = response.message.getAttributeValue("NONCE") as Buffer | undefined;
    if (realm === undefined || nonce === undefined) return response;
    challenge = { realm, nonce };
    return once(method, fill);
  };
}
