/** Whether a media server's ICE candidate answers: what a browser checks before it sends media. */
import { randomBytes } from "node:crypto";
import { candidatePriority, classes, Message, methods } from "werift";
import { checkTimeout, type Failure } from "../error";
import { rfc4571 } from "../net/framing";
import { openWire, type Transport } from "../net/wire";
import { allocate, type TurnServer } from "../turn/allocation";
import { type Mapped, mappedIn, withoutMessage } from "./binding";
import { type Carrier, transact } from "./transaction";

/** A session's ICE credentials, from `a=ice-ufrag` and `a=ice-pwd` of its SDP. */
export interface IceCredentials {
  readonly ufrag: string;
  readonly pwd: string;
}

/**
 * A connectivity check (RFC 8445 section 7.2) with MESSAGE-INTEGRITY against one candidate of a media server.
 * ICE over TCP is framed by RFC 4571. It doesn't nominate: a session that is connected stays as it is.
 * @param options.remote the media server's credentials for this session
 * @param options.localUfrag the ufrag that the media server was told for us; servers drop others. Default random
 * @param options.via a TURN server to go through; UDP candidates only
 * @param options.timeoutSeconds default 5
 */
export async function iceCheck({
  address,
  port,
  protocol,
  remote,
  localUfrag = randomBytes(4).toString("hex"),
  via,
  timeoutSeconds = 5,
}: {
  address: string;
  port: number;
  protocol: Transport;
  remote: IceCredentials;
  localUfrag?: string;
  via?: TurnServer;
  timeoutSeconds?: number;
}): Promise<Mapped | Failure> {
  checkTimeout(timeoutSeconds, `iceCheck ${address}:${port}`);
  const carrier = await openCarrier({ address, port, protocol, via, timeoutSeconds });
  if (!carrier.ok) return carrier;
  const start = performance.now();
  try {
    const key = Buffer.from(remote.pwd, "utf8");
    const request = new Message(methods.BINDING, classes.REQUEST)
      .setAttribute("USERNAME", `${remote.ufrag}:${localUfrag}`)
      .setAttribute("PRIORITY", candidatePriority("prflx"))
      .setAttribute("ICE-CONTROLLING", randomBytes(8).readBigUInt64BE())
      .addMessageIntegrity(key)
      .addFingerprint();
    const response = await transact(carrier, request, { key, timeoutSeconds });
    if (!response.ok) return withoutMessage(response);
    return { ok: true, mapped: mappedIn(response.message), milliseconds: performance.now() - start };
  } finally {
    await carrier.close();
  }
}

type Opened = Carrier & { readonly ok: true; close(): void | Promise<void> };

async function openCarrier({
  address,
  port,
  protocol,
  via,
  timeoutSeconds,
}: {
  address: string;
  port: number;
  protocol: Transport;
  via: TurnServer | undefined;
  timeoutSeconds: number;
}): Promise<Opened | Failure> {
  if (via === undefined)
    return openWire(protocol, { host: address, port }, { framing: rfc4571, timeoutSeconds });
  const allocation = await allocate({ ...via, timeoutSeconds });
  if (!allocation.ok) return allocation;
  const peer = { address, port };
  const permitted = await allocation.permit(peer);
  if (!permitted.ok) {
    await allocation.close();
    return permitted;
  }
  return {
    ok: true,
    // What the relay sends on is UDP whatever the way to it, so a lost packet must be sent again.
    transport: "udp",
    send: (message) => allocation.send(peer, message),
    listen: (handler, broken) => allocation.listen(({ data }) => handler(data), broken),
    close: () => allocation.close(),
  };
}
