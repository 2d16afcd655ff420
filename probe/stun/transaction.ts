/** One STUN request and its answer (RFC 8489 section 6), with the server's refusal as data. */
import { classes, type Message, parseMessage } from "werift";
import { type Failure } from "../error";
import { type Wire } from "../net/wire";

/** First wait before a request is sent again over UDP; it doubles (RFC 8489 section 6.2.1 starts at 500). */
const RETRANSMIT_MILLISECONDS = 250;

/** What a request is sent over: a socket, or a TURN relay to a peer. */
export type Carrier = Pick<Wire, "transport" | "send" | "listen">;

export type Response = { readonly ok: true; readonly message: Message } | (Failure & { message?: Message });

/**
 * Sends a request and waits for its answer; over UDP it is sent again while none comes. With a key, a success
 * must carry a right MESSAGE-INTEGRITY; an error needn't: a server that doesn't know who asks can't sign.
 */
export function transact(
  carrier: Carrier,
  request: Message,
  { key, timeoutSeconds }: { key?: Buffer; timeoutSeconds: number },
): Promise<Response> {
  const bytes = request.bytes;
  return new Promise((resolve) => {
    let wait = RETRANSMIT_MILLISECONDS;
    let again: NodeJS.Timeout | undefined;
    const done = (response: Response): void => {
      clearTimeout(again);
      clearTimeout(end);
      stop();
      resolve(response);
    };
    const end = setTimeout(
      () => done({ ok: false, outcome: "no-answer", reason: `no answer in ${timeoutSeconds} s` }),
      timeoutSeconds * 1000,
    );
    let stop = (): void => undefined;
    const send = (): void => {
      carrier.send(bytes);
      if (carrier.transport === "tcp") return;
      again = setTimeout(send, wait);
      wait *= 2;
    };
    stop = carrier.listen((frame) => {
      const message = answerTo(request, frame, key);
      if (message !== undefined) done(responseOf(message));
    }, done);
    send();
  });
}

function answerTo(request: Message, frame: Buffer, key?: Buffer): Message | undefined {
  const message = parseMessage(frame);
  if (message?.transactionIdHex !== request.transactionIdHex) return undefined;
  if (message.messageClass === classes.ERROR) return message;
  if (message.messageClass !== classes.RESPONSE) return undefined;
  return key === undefined ? message : parseMessage(frame, key);
}

function responseOf(message: Message): Response {
  if (message.messageClass === classes.RESPONSE) return { ok: true, message };
  const [code, reason] = (message.getAttributeValue("ERROR-CODE") as [number, string] | undefined) ?? [
    0,
    "an error without a code",
  ];
  return { ok: false, outcome: "refused", code, reason: reason.replaceAll("\0", ""), message };
}
