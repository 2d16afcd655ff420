/** rtcd as the Mattermost server uses it, so that it can be measured alone. */
import { Decoder, Encoder } from "@msgpack/msgpack";
import { randomBytes } from "node:crypto";
import WebSocket from "ws";
import { checkTimeout, type Failure, ProbeError } from "./error";
import {
  CALLS_DATA_CHANNEL,
  type MediaSession,
  openSession,
  type Signal,
  type Signalling,
} from "./media/session";
import { type TransportPolicy } from "./media/peer";
import { askJson, parseJson } from "./net/http";
import { openWebsocket } from "./net/websocket";
import { type TurnServer } from "./turn/allocation";

/** What rtcd answers on /version. Fields are empty where its build didn't set them. */
export interface RtcdVersion {
  readonly ok: true;
  readonly buildVersion: string;
  readonly buildHash: string;
  readonly buildDate: string;
  readonly goVersion: string;
}

/**
 * Which version of rtcd answers.
 * @param url its HTTP address, for example http://rtcd:8045
 * @param options.timeoutSeconds default 5
 */
export async function rtcdVersion(
  url: string,
  { timeoutSeconds = 5 }: { timeoutSeconds?: number } = {},
): Promise<RtcdVersion | Failure> {
  checkTimeout(timeoutSeconds, `rtcdVersion ${url}`);
  const answer = await askJson(new URL("/version", url), { timeoutSeconds });
  return answer.ok ? { ok: true, ...(answer.body as Omit<RtcdVersion, "ok">) } : answer;
}

/** A Mattermost server's account on an rtcd. */
export interface RtcdAccount {
  readonly url: string;
  readonly clientId: string;
  readonly authKey: string;
}

/**
 * Registers a client, where rtcd allows that to anyone (RTCD_API_SECURITY_ALLOWSELFREGISTRATION).
 * @param options.timeoutSeconds default 5
 */
export async function rtcdRegister(
  url: string,
  { clientId = `probe${randomBytes(4).toString("hex")}`, timeoutSeconds = 5 } = {},
): Promise<RtcdAccount> {
  const authKey = randomBytes(24).toString("base64url");
  const answer = await askJson(new URL("/register", url), {
    method: "POST",
    body: { clientID: clientId, authKey },
    timeoutSeconds: checkTimeout(timeoutSeconds, `rtcdRegister ${url}`),
  });
  if (answer.ok) return { url, clientId, authKey };
  throw new ProbeError({
    what: `rtcd didn't register the client: ${answer.code ?? answer.outcome} ${answer.reason}`,
    where: `${url}/register`,
    fix: "allow self-registration, or give an account that it knows",
  });
}

/** Types of rtcd's messages about media. */
const ICE = 1;
const SDP = 2;

/**
 * Joins a call on a bare rtcd: the part of the Mattermost server (websocket /ws, msgpack) and that of the
 * browser (WebRTC) in one. Everyone with the same account and `callId` is in one call.
 * @param options.turn needed for the policy `relay`
 * @param options.mediaAddress take only rtcd's candidates of this address; default all
 * @param options.packetsPerSecond of sound; default 50
 * @param options.timeoutSeconds until media can flow; default 20
 */
export async function rtcdSession({
  account,
  callId,
  sessionId = randomBytes(13).toString("hex"),
  transportPolicy,
  turn,
  mediaAddress,
  packetsPerSecond,
  timeoutSeconds = 20,
}: {
  account: RtcdAccount;
  callId: string;
  sessionId?: string;
  transportPolicy: TransportPolicy;
  turn?: TurnServer;
  mediaAddress?: string;
  packetsPerSecond?: number;
  timeoutSeconds?: number;
}): Promise<MediaSession> {
  checkTimeout(timeoutSeconds, `rtcdSession ${account.url}`);
  const signalling = await rtcdSignalling(account, { callId, sessionId, timeoutSeconds });
  const where = `${account.url}, call ${callId}`;
  return openSession(signalling, {
    dataChannel: CALLS_DATA_CHANNEL,
    transportPolicy,
    turn,
    mediaAddress,
    packetsPerSecond,
    timeoutSeconds,
    where,
  });
}

async function rtcdSignalling(
  { url, clientId, authKey }: RtcdAccount,
  { callId, sessionId, timeoutSeconds }: { callId: string; sessionId: string; timeoutSeconds: number },
): Promise<Signalling> {
  const address = new URL("/ws", url.replace(/^http/, "ws"));
  const headers = { authorization: `Basic ${Buffer.from(`${clientId}:${authKey}`).toString("base64")}` };
  const opened = await openWebsocket(address, { headers, timeoutSeconds });
  if (!opened.ok)
    throw new ProbeError({
      what: `rtcd's websocket doesn't open: ${opened.code ?? opened.outcome} ${opened.reason}`,
      where: address.href,
      fix: "check the account, and that rtcd is up",
    });
  const { socket } = opened;
  const send = (type: string, data: unknown): void => socket.send(packMessage(type, data));
  send("join", { callID: callId, userID: `user${sessionId}`, sessionID: sessionId, channelID: callId });
  return {
    send: (signal) => {
      const data = signal.type === "candidate" ? signal.candidate : signal;
      send("rtc", {
        ...{ group_id: "", user_id: "", session_id: sessionId, call_id: callId },
        type: signal.type === "candidate" ? ICE : SDP,
        data: Buffer.from(JSON.stringify(data)),
      });
    },
    listen: (handler, broken) => {
      socket.on("message", (frame: Buffer) => {
        const [type, data] = unpackMessage(frame);
        const signal = type === "rtc" ? signalOf((data as { data?: Uint8Array }).data) : undefined;
        if (signal !== undefined) handler(signal);
        if (type === "close") broken("rtcd closed the session");
      });
      socket.on("close", () => broken("the websocket was closed"));
    },
    close: () => {
      if (socket.readyState === WebSocket.OPEN) send("leave", { sessionID: sessionId });
      socket.close();
    },
  };
}

const signalOf = (bytes: Uint8Array = new Uint8Array()): Signal | undefined =>
  parseJson(Buffer.from(bytes).toString("utf8")) as Signal | undefined;

/** rtcd's messages are two msgpack values one after the other: the type, and the data. */
export function packMessage(type: string, data: unknown): Buffer {
  const encoder = new Encoder();
  return Buffer.concat([encoder.encode(type), encoder.encode(data)]);
}

/** The type and the data of one of rtcd's messages; an empty type where it is none. */
export function unpackMessage(frame: Uint8Array): readonly [type: string, data: unknown] {
  try {
    const [type, data] = [...new Decoder().decodeMulti(frame)];
    return [String(type), data];
  } catch {
    return ["", undefined];
  }
}
