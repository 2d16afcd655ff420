/** A person in a call of Mattermost Calls. */
import { encode } from "@msgpack/msgpack";
import { deflateSync } from "node:zlib";
import WebSocket from "ws";
import { checkTimeout, ProbeError, within } from "../error";
import { type TransportPolicy } from "../media/peer";
import {
  CALLS_DATA_CHANNEL,
  type MediaSession,
  openSession,
  type Signal,
  type Signalling,
} from "../media/session";
import { parseJson } from "../net/http";
import { type Trust } from "../net/trust";
import { openWebsocket } from "../net/websocket";
import { type Carrying } from "../net/wire";
import { callsIceServers, type MattermostAccess } from "./ice";

/** Before each of the plugin's actions and events on Mattermost's websocket. */
const PREFIX = "custom_com.mattermost.calls_";

interface Event {
  readonly event?: string;
  readonly data?: Record<string, unknown>;
  readonly status?: string;
  readonly error?: { readonly message?: string };
}

/**
 * Joins a call, or starts one, in a channel; unmuted, with sound that doesn't stop. Nothing falls back: with
 * `tcp` media goes by ICE-TCP or the call fails.
 * @param options.channelId the channel's id, 26 letters and digits
 * @param options.turnTransport which of the plugin's TURN servers for the policy `relay`; default the first
 * @param options.turnTrust by what a TURN server over TLS is trusted; default the system's roots
 * @param options.mediaAddress take only the media server's candidates of this address; default all
 * @param options.packetsPerSecond of sound; default 50
 * @param options.timeoutSeconds for each of: the plugin's answers, joining, media; default 20
 * @throws ProbeError telling at which of these it ended
 */
export async function joinCall({
  channelId,
  transportPolicy,
  turnTransport,
  turnTrust,
  mediaAddress,
  packetsPerSecond,
  timeoutSeconds = 20,
  ...access
}: MattermostAccess & {
  channelId: string;
  transportPolicy: TransportPolicy;
  turnTransport?: Carrying;
  turnTrust?: Trust;
  mediaAddress?: string;
  packetsPerSecond?: number;
  timeoutSeconds?: number;
}): Promise<MediaSession> {
  const where = `${access.siteUrl}, channel ${channelId}`;
  checkTimeout(timeoutSeconds, `joinCall ${where}`);
  const { turn } = await callsIceServers({ ...access, timeoutSeconds });
  const relay = turn.find(({ transport }) => transport === (turnTransport ?? transport));
  const channel = await openChannel(access, timeoutSeconds);
  await channel.join(channelId, { timeoutSeconds, where });
  const session = await openSession(channel.signalling, {
    ...{ transportPolicy, mediaAddress, packetsPerSecond, timeoutSeconds, where },
    dataChannel: CALLS_DATA_CHANNEL,
    turn: transportPolicy === "relay" && relay !== undefined ? { ...relay, trust: turnTrust } : undefined,
  });
  channel.send("unmute");
  return session;
}

interface Channel {
  readonly signalling: Signalling;
  send(action: string, data?: Record<string, unknown>): void;
  join(channelId: string, options: { timeoutSeconds: number; where: string }): Promise<void>;
}

/** Mattermost's websocket, authenticated. */
async function openChannel(
  { siteUrl, token, ...trust }: MattermostAccess,
  timeoutSeconds: number,
): Promise<Channel> {
  const url = websocketUrl(siteUrl);
  const socket = await connected(url, { trust, timeoutSeconds });
  let sequence = 1;
  const message = (action: string, data: unknown): Record<string, unknown> => ({
    action,
    seq: sequence++,
    data,
  });
  const send: Channel["send"] = (action, data = {}) => {
    if (socket.readyState === WebSocket.OPEN)
      socket.send(JSON.stringify(message(`${PREFIX}${action}`, data)));
  };
  const listeners = new Set<(event: Event) => void>();
  socket.on("message", (text: Buffer) => {
    const event = parseJson(text.toString("utf8")) as Event | undefined;
    if (event === undefined) socket.terminate();
    else for (const listener of [...listeners]) listener(event);
  });
  let connectionId = "";
  const hello = next(listeners, socket, ({ event, status }) => event === "hello" || status === "FAIL");
  socket.send(JSON.stringify(message("authentication_challenge", { token })));
  const first = await within(timeoutSeconds, hello, undefined);
  if (first?.event !== "hello") {
    socket.terminate();
    throw new ProbeError({
      what: `Mattermost doesn't let us in: ${first?.error?.message ?? "no greeting came"}`,
      where: url.href,
      fix: "give a token that is valid now",
    });
  }
  connectionId = String(first.data?.["connection_id"]);
  const mine = ({ data }: Event): boolean => data?.["connID"] === connectionId;
  return {
    send,
    join: async (channelId, { timeoutSeconds: seconds, where }) => {
      const answer = next(
        listeners,
        socket,
        (event) => mine(event) && (event.event === `${PREFIX}join` || event.event === `${PREFIX}error`),
      );
      send("join", { channelID: channelId, title: "", threadID: "", av1Support: false, dcSignaling: false });
      const event = await within(seconds, answer, undefined);
      if (event?.event === `${PREFIX}join`) return;
      socket.terminate();
      const reason = event === undefined ? "no answer" : String(event.data?.["data"]);
      throw new ProbeError({
        what: `The call can't be joined: ${reason}`,
        where,
        fix: "check that the person is in the channel and calls are enabled there",
      });
    },
    signalling: {
      send: (signal) => {
        if (signal.type === "candidate") send("ice", { data: JSON.stringify(signal.candidate) });
        else socket.send(encode(message(`${PREFIX}sdp`, { data: deflateSync(JSON.stringify(signal)) })));
      },
      listen: (handler, broken) => {
        listeners.add((event) => {
          if (!mine(event)) return;
          const data = String(event.data?.["data"]);
          const signal =
            event.event === `${PREFIX}signal` ? (parseJson(data) as Signal | undefined) : undefined;
          if (signal !== undefined) handler(signal);
          if (event.event === `${PREFIX}error`) broken(data);
        });
        socket.on("close", (code) => broken(`Mattermost's websocket was closed (${code})`));
      },
      close: () => {
        send("leave");
        socket.close();
      },
    },
  };
}

/** The site's websocket, wherever the site is. */
export function websocketUrl(siteUrl: string): URL {
  return new URL(`${siteUrl.replace(/\/$/, "").replace(/^http/, "ws")}/api/v4/websocket`);
}

async function connected(url: URL, options: { trust: Trust; timeoutSeconds: number }): Promise<WebSocket> {
  const opened = await openWebsocket(url, options);
  if (opened.ok) return opened.socket;
  throw new ProbeError({
    what: `Mattermost's websocket doesn't open: ${opened.code ?? opened.outcome} ${opened.reason}`,
    where: url.href,
    fix: "check the site's address, its certificate (ca), and that the proxy passes websockets on",
  });
}

/** The next event that is wanted, or undefined if the websocket ends first. */
function next(
  listeners: Set<(event: Event) => void>,
  socket: WebSocket,
  wanted: (event: Event) => boolean,
): Promise<Event | undefined> {
  return new Promise((resolve) => {
    const listener = (event: Event): void => {
      if (!wanted(event)) return;
      listeners.delete(listener);
      resolve(event);
    };
    listeners.add(listener);
    socket.once("close", () => resolve(undefined));
  });
}
