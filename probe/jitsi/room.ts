/** A person in a room of Jitsi Meet: the conference request to jicofo, then the room itself. */
import { type Element } from "@xmldom/xmldom";
import { randomUUID } from "node:crypto";
import { childOf, childrenOf, conditionOf, element } from "./xml";
import { type JitsiAccess, openXmpp, type Refusal, type XmppSession } from "./xmpp";

const FOCUS = "http://jitsi.org/protocol/focus";
const JITMEET = "http://jitsi.org/jitmeet";
const MUC = "http://jabber.org/protocol/muc";
const MUC_USER = `${MUC}#user`;

export interface RoomVisit {
  /**
   * `waiting-for-host`: nobody who may open the room is there yet. `lobby`: the room is open, and someone in it
   * would have to let us in. `refused`: no, at the stage told.
   */
  readonly outcome: "joined" | "refused" | "waiting-for-host" | "lobby";
  readonly stage: Refusal["stage"] | "conference" | "room";
  /** The server's condition where we aren't in, for example not-authorized (XMPP), 502 (HTTP), no-answer. */
  readonly condition?: string;
  readonly text?: string;
  /** Our name in the room. */
  readonly nick?: string;
  /** Our own role as of now, where we got in: moderator, participant, or none after we left. */
  readonly role?: string;
  /** Names of all inside as of now, ours and jicofo's (`focus`) among them. */
  readonly occupants: readonly string[];
  /** Whether we are still inside. */
  readonly open: boolean;
  close(): void;
}

/**
 * Joins a room as the web page does; closes by itself what didn't get in.
 * @param options.displayName default `Muster probe`
 * @param options.mucDomain of the rooms, default `muc.` with the domain
 * @param options.timeoutSeconds for each question; default 10
 */
export async function joinRoom({
  displayName = "Muster probe",
  mucDomain,
  timeoutSeconds = 10,
  ...access
}: JitsiAccess & { displayName?: string; mucDomain?: string; timeoutSeconds?: number }): Promise<RoomVisit> {
  const { room, domain = "meet.jitsi" } = access;
  const session = await openXmpp(access, timeoutSeconds);
  if (!session.ok) return outside({ outcome: "refused", ...session });
  const address = `${room.toLowerCase()}@${mucDomain ?? `muc.${domain}`}`;
  const asked = await askFocus(session, { address, focus: `focus.${domain}` });
  if (asked !== undefined) {
    session.close();
    return asked;
  }
  return enter(session, { address, displayName });
}

type Told = Pick<RoomVisit, "outcome" | "stage" | "condition" | "text">;

function outside({ outcome, stage, condition, text }: Told): RoomVisit {
  const told = { ...(condition === undefined ? {} : { condition }), ...(text === undefined ? {} : { text }) };
  return { outcome, stage, ...told, occupants: [], open: false, close: () => undefined };
}

/** The outcome where jicofo doesn't open the conference; undefined where it does. */
async function askFocus(
  session: XmppSession,
  { address, focus }: { address: string; focus: string },
): Promise<RoomVisit | undefined> {
  const request = element("conference", { xmlns: FOCUS, room: address, "machine-uid": randomUUID() });
  const answer = await session.ask(focus, "set", request);
  const stage = "conference";
  if (answer === undefined) return outside({ outcome: "refused", stage, condition: "no-answer" });
  const error = childOf(answer, "error");
  if (error !== undefined) {
    const told = conditionOf(error);
    // Jicofo asks those to log in who may not open a room; the page then says that it waits for the host.
    const waits = told.condition === "not-authorized";
    return outside({ outcome: waits ? "waiting-for-host" : "refused", stage, ...told });
  }
  const ready = childOf(answer, "conference", FOCUS)?.getAttribute("ready") === "true";
  return ready ? undefined : outside({ outcome: "refused", stage, condition: "not-ready" });
}

async function enter(
  session: XmppSession,
  { address, displayName }: { address: string; displayName: string },
): Promise<RoomVisit> {
  // Prosody's muc_resource_validate wants the first part of a random address.
  const nick = session.jid.slice(0, 8);
  const occupants = new Map<string, string>();
  session.listen((stanza) => keepCount(stanza, address, occupants));
  const own = session.wait(
    (stanza) => isPresence(stanza, address) && (stanza.getAttribute("type") === "error" || isOwn(stanza)),
  );
  session.send(
    element(
      "presence",
      { xmlns: "jabber:client", to: `${address}/${nick}` },
      element("x", { xmlns: MUC }),
      element("nick", { xmlns: "http://jabber.org/protocol/nick" }, { text: displayName }),
    ),
  );
  const answer = await own;
  const error = answer && childOf(answer, "error");
  if (answer === undefined || error !== undefined) {
    session.close();
    return outside(error === undefined ? { ...refused, condition: "no-answer" } : atTheDoor(error));
  }
  return {
    outcome: "joined",
    stage: "room",
    nick,
    get role() {
      return occupants.get(nick) ?? "none";
    },
    get occupants() {
      return [...occupants.keys()].sort();
    },
    get open() {
      return session.open && occupants.has(nick);
    },
    close: () => {
      const leave = { xmlns: "jabber:client", to: `${address}/${nick}`, type: "unavailable" };
      session.send(element("presence", leave));
      session.close();
    },
  };
}

const refused = { outcome: "refused", stage: "room" } as const;

/** Prosody's module of lobby rooms tells in the error why someone waits. */
function atTheDoor(error: Element): Told {
  const told = conditionOf(error);
  if (childOf(error, "waiting-for-host", JITMEET) !== undefined)
    return { ...refused, ...told, outcome: "waiting-for-host" };
  return { ...refused, ...told, outcome: childOf(error, "lobbyroom") === undefined ? "refused" : "lobby" };
}

const isPresence = (stanza: Element, address: string): boolean =>
  stanza.localName === "presence" && (stanza.getAttribute("from") ?? "").split("/")[0] === address;

/** Status 110: this presence is our own (XEP-0045). */
function isOwn(presence: Element): boolean {
  const x = childOf(presence, "x", MUC_USER);
  return x !== undefined && childrenOf(x, "status").some((status) => status.getAttribute("code") === "110");
}

/** Who is inside, with their roles. */
function keepCount(stanza: Element, address: string, occupants: Map<string, string>): void {
  if (!isPresence(stanza, address)) return;
  const nick = (stanza.getAttribute("from") ?? "").slice(address.length + 1);
  const type = stanza.getAttribute("type");
  const x = childOf(stanza, "x", MUC_USER);
  const item = x && childOf(x, "item");
  if (type === "unavailable") occupants.delete(nick);
  else if (type !== "error") occupants.set(nick, item?.getAttribute("role") ?? "");
}
