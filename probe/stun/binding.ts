/** The address that a STUN server sees us at. */
import { classes, Message, methods } from "werift";
import { checkTimeout, type Failure } from "../error";
import { stunStream } from "../net/framing";
import { type Endpoint, openWire, type Transport } from "../net/wire";
import { transact } from "./transaction";

export interface Mapped {
  readonly ok: true;
  /** Where the server's packets to us go: our own address, or that of the NAT before us. */
  readonly mapped: Endpoint;
  /** From the first packet to the answer. */
  readonly milliseconds: number;
}

/**
 * Asks a STUN server for our mapped address (RFC 8489 Binding). No credentials are needed.
 * @param options.transport default `udp`
 * @param options.timeoutSeconds default 5
 */
export async function stunBinding({
  host,
  port,
  transport = "udp",
  timeoutSeconds = 5,
}: {
  host: string;
  port: number;
  transport?: Transport;
  timeoutSeconds?: number;
}): Promise<Mapped | Failure> {
  checkTimeout(timeoutSeconds, `stunBinding ${host}:${port}`);
  const wire = await openWire(transport, { host, port }, { framing: stunStream, timeoutSeconds });
  if (!wire.ok) return wire;
  const start = performance.now();
  try {
    const request = new Message(methods.BINDING, classes.REQUEST).addFingerprint();
    const response = await transact(wire, request, { timeoutSeconds });
    if (!response.ok) return withoutMessage(response);
    return { ok: true, mapped: mappedIn(response.message), milliseconds: performance.now() - start };
  } finally {
    wire.close();
  }
}

/** XOR-MAPPED-ADDRESS, or what older servers send. */
export function mappedIn(message: Message): Endpoint {
  const [address, port] = (message.getAttributeValue("XOR-MAPPED-ADDRESS") ??
    message.getAttributeValue("MAPPED-ADDRESS") ?? ["", 0]) as [string, number];
  return { address, port };
}

/** A failure as plain data. */
export function withoutMessage({ ok, outcome, code, reason }: Failure): Failure {
  return { ok, outcome, ...(code === undefined ? {} : { code }), reason };
}
