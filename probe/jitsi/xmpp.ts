/** An XMPP session over the site's websocket (RFC 7395), as Jitsi Meet's web page opens it. */
import { type Element } from "@xmldom/xmldom";
import { randomBytes } from "node:crypto";
import WebSocket from "ws";
import { checkTimeout, type Failure } from "../error";
import { type Trust } from "../net/trust";
import { openWebsocket } from "../net/websocket";
import { childOf, conditionOf, element, parseXml, type Xml } from "./xml";

const FRAMING = "urn:ietf:params:xml:ns:xmpp-framing";
const SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
const BIND = "urn:ietf:params:xml:ns:xmpp-bind";

/** A Jitsi Meet site and who comes. */
export interface JitsiAccess extends Trust {
  /** For example https://meet.example.org */
  readonly siteUrl: string;
  /** The room's name, as in the page's address. */
  readonly room: string;
  /** A token for the room. Without one, and without `guest`, the site must let anyone in. */
  readonly jwt?: string | undefined;
  /** Comes by the domain for guests. Default false. */
  readonly guest?: boolean | undefined;
  /** Inner name of the site, Prosody's XMPP_DOMAIN; default `meet.jitsi`. */
  readonly domain?: string | undefined;
}

/** Someone whom Prosody didn't let in. */
export interface Refusal {
  readonly ok: false;
  /** Where: at the websocket (then `condition` is a `Failure`'s outcome or code), or when logging in. */
  readonly stage: "websocket" | "authentication";
  readonly condition: string;
  readonly text?: string;
}

export interface XmppSession {
  readonly ok: true;
  /** Our full address. */
  readonly jid: string;
  readonly open: boolean;
  send(stanza: Xml): void;
  /** Sends an iq and waits for its answer; undefined where none comes in time. */
  ask(to: string, type: "get" | "set", payload: Xml): Promise<Element | undefined>;
  /** Waits for a stanza that is wanted, from now on; undefined where none comes in time. */
  wait(wanted: (stanza: Element) => boolean): Promise<Element | undefined>;
  /** Calls the handler for each stanza. */
  listen(handler: (stanza: Element) => void): void;
  close(): void;
}

/** Opens the websocket, logs in by SASL ANONYMOUS (the token goes in the address) and binds a resource. */
export async function openXmpp(
  { siteUrl, room, jwt, guest = false, domain = "meet.jitsi", ...trust }: JitsiAccess,
  timeoutSeconds: number,
): Promise<XmppSession | Refusal> {
  checkTimeout(timeoutSeconds, siteUrl);
  const url = new URL(`${siteUrl.replace(/\/$/, "").replace(/^http/, "ws")}/xmpp-websocket`);
  url.searchParams.set("room", room);
  if (jwt !== undefined) url.searchParams.set("token", jwt);
  const opened = await openWebsocket(url, { protocols: ["xmpp"], trust, timeoutSeconds });
  if (!opened.ok) return atWebsocket(opened);
  const { socket } = opened;
  const { listen, wait, broken } = listening(socket, timeoutSeconds);
  const send = (stanza: Xml): void => {
    if (socket.readyState === WebSocket.OPEN) socket.send(stanza);
  };
  const refuse = (stage: Refusal["stage"], condition: string, text?: string): Refusal => {
    socket.close();
    return { ok: false, stage, condition, ...(text === undefined ? {} : { text }) };
  };
  const to = guest ? `guest.${domain}` : domain;
  const restart = async (): Promise<Element | undefined> => {
    const features = wait(({ localName }) => localName === "features" || localName === "error");
    send(element("open", { xmlns: FRAMING, to, version: "1.0" }));
    return features;
  };

  const offered = await restart();
  if (offered?.localName !== "features")
    return refuse("websocket", offered === undefined ? broken() : conditionOf(offered).condition);
  const login = wait(({ namespaceURI }) => namespaceURI === SASL);
  send(element("auth", { xmlns: SASL, mechanism: "ANONYMOUS" }));
  const answer = await login;
  if (answer?.localName !== "success") {
    if (answer === undefined) return refuse("authentication", broken());
    const { condition, text } = conditionOf(answer);
    return refuse("authentication", condition, text);
  }
  await restart();
  const ask: XmppSession["ask"] = (address, type, payload) => {
    const id = randomBytes(6).toString("hex");
    const reply = wait((stanza) => stanza.localName === "iq" && stanza.getAttribute("id") === id);
    send(element("iq", { xmlns: "jabber:client", id, type, to: address }, payload));
    return reply;
  };
  const bound = await ask(to, "set", element("bind", { xmlns: BIND }));
  const jid = bound && childOf(bound, "bind", BIND)?.textContent;
  if (jid === undefined || jid === null) return refuse("authentication", "not-bound");
  return {
    ok: true,
    jid: jid.trim(),
    get open() {
      return socket.readyState === WebSocket.OPEN;
    },
    ...{ send, ask, wait, listen },
    close: () => {
      send(element("close", { xmlns: FRAMING }));
      socket.close();
    },
  };
}

const atWebsocket = ({ outcome, code, reason }: Failure): Refusal => ({
  ok: false,
  stage: "websocket",
  condition: code === undefined ? outcome : String(code),
  text: reason,
});

function listening(
  socket: WebSocket,
  timeoutSeconds: number,
): Pick<XmppSession, "listen" | "wait"> & { broken: () => string } {
  const handlers = new Set<(stanza: Element) => void>();
  let ended: string | undefined;
  socket.on("close", () => (ended ??= "closed"));
  socket.on("message", (data: Buffer) => {
    const stanza = parseXml(data.toString("utf8"));
    if (stanza === undefined) {
      ended ??= "not-xml";
      socket.terminate();
    } else for (const handler of [...handlers]) handler(stanza);
  });
  return {
    listen: (handler) => void handlers.add(handler),
    broken: () => ended ?? "no-answer",
    wait: (wanted) =>
      new Promise((resolve) => {
        const done = (stanza?: Element): void => {
          clearTimeout(timer);
          handlers.delete(handler);
          socket.off("close", over);
          resolve(stanza);
        };
        const over = (): void => done();
        const handler = (stanza: Element): void => {
          if (wanted(stanza)) done(stanza);
        };
        const timer = setTimeout(done, timeoutSeconds * 1000);
        handlers.add(handler);
        socket.once("close", over);
      }),
  };
}
