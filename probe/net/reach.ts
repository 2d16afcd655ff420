/** Whether a port can be reached, where nothing is known of what listens there. */
import { checkTimeout, type Failure } from "../error";
import { rfc4571 } from "./framing";
import { type Endpoint, openWire } from "./wire";

/**
 * Whether a TCP connection can be opened. It is closed at once.
 * @param options.timeoutSeconds default 5
 */
export async function tcpOpen({
  host,
  port,
  timeoutSeconds = 5,
}: {
  host: string;
  port: number;
  timeoutSeconds?: number;
}): Promise<{ readonly ok: true; readonly remote: Endpoint; readonly milliseconds: number } | Failure> {
  checkTimeout(timeoutSeconds, `tcpOpen ${host}:${port}`);
  const start = performance.now();
  const wire = await openWire("tcp", { host, port }, { framing: rfc4571, timeoutSeconds });
  if (!wire.ok) return wire;
  wire.close();
  return { ok: true, remote: wire.remote, milliseconds: performance.now() - start };
}

/**
 * Whether a UDP port is surely closed: an ICMP "port unreachable" came back. `closed: false` isn't a proof that
 * something listens: a firewall that drops packets looks the same. Three empty datagrams are sent.
 * @param options.timeoutSeconds how long to wait for ICMP; default 1
 */
export async function udpClosed({
  host,
  port,
  timeoutSeconds = 1,
}: {
  host: string;
  port: number;
  timeoutSeconds?: number;
}): Promise<{ readonly closed: boolean; readonly reason: string }> {
  checkTimeout(timeoutSeconds, `udpClosed ${host}:${port}`);
  const wire = await openWire("udp", { host, port }, { framing: rfc4571, timeoutSeconds });
  if (!wire.ok) return { closed: true, reason: wire.reason };
  return new Promise((resolve) => {
    const timers: NodeJS.Timeout[] = [];
    const done = (closed: boolean, reason: string): void => {
      timers.forEach(clearTimeout);
      wire.close();
      resolve({ closed, reason });
    };
    wire.listen(
      () => done(false, "something answered"),
      ({ reason }) => done(true, reason),
    );
    for (const share of [0, 0.3, 0.6])
      timers.push(setTimeout(() => wire.send(Buffer.alloc(0)), share * timeoutSeconds * 1000));
    timers.push(setTimeout(() => done(false, "no ICMP unreachable came back"), timeoutSeconds * 1000));
  });
}
