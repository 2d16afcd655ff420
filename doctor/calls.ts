/** A call in chat, as an app makes it: over UDP, over TCP, and through the relay. */
import { relays } from "../components/services/coturn.tls";
import { joinCall } from "../probe/calls/join";
import { askJson, parseJson } from "../probe/net/http";
import type { Check, Seen } from "./check";
import { siteTrust } from "./names";
import { giveToken, needed, type NoSession, type Patient, type Session, siteAt } from "./patient";

const timeoutSeconds = 6;

/** For each step of a call: where all ways are closed, three of them come one after the other. */
const callSeconds = 4;

/** Ways for media, each alone, in the words of people. A person is in one call at a time. */
const ways = [
  { transportPolicy: "udp", id: "udp", title: "UDP" },
  { transportPolicy: "tcp", id: "tcp", title: "TCP, for networks without UDP" },
  { transportPolicy: "relay", id: "relay", title: "the relay, for networks that let nothing else through" },
] as const;

export function callChecks(patient: Patient): Check[] {
  const { settings, stack } = patient.topology;
  if (settings.calls === "off") return [];
  const server = settings.calls === "rtcd" ? "rtcd" : "mattermost";
  const port = settings.calls === "rtcd" ? settings.media.rtcdPort : settings.media.embeddedPort;
  let found: Promise<Room | NoSession> | undefined;
  const room = (): Promise<Room | NoSession> => (found ??= ownChannel(patient));
  return ways
    .filter(({ id }) => id !== "relay" || relays(settings))
    .map(({ id, title, transportPolicy }, index): Check => ({
      id: `calls.${id}`,
      group: "calls",
      title: `a call over ${title}`,
      means: "people join a call and hear nothing, or never get in",
      fix: `let ${port}/${id === "tcp" ? "tcp" : "udp"} through to the machine, in every firewall before it as well; then npm run logs -- ${stack} ${server}`,
      through: ["chat.certificate"],
      needs: [
        ...needed(patient, "mattermost", server),
        "chat.server",
        "chat.websocket",
        ...(id === "relay" ? ["relay.turn-udp"] : []),
      ],
      after: ways.slice(0, index).map((way) => `calls.${way.id}`),
      run: async () => {
        const own = await room();
        if ("problem" in own) return { ok: "unchecked", saw: own.problem, fix: own.fix };
        return join(patient, own, transportPolicy);
      },
    }));
}

/** A channel in which nobody hears the doctor: the direct one of the session's person with themselves. */
interface Room extends Session {
  channelId: string;
}

async function join(
  patient: Patient,
  room: Room,
  transportPolicy: (typeof ways)[number]["transportPolicy"],
): Promise<Seen> {
  const { url } = siteAt(patient.topology.settings, "chat");
  const session = await joinCall({
    siteUrl: url,
    token: room.token,
    channelId: room.channelId,
    transportPolicy,
    timeoutSeconds: callSeconds,
    ...(await siteTrust(patient, "chat")),
  });
  const { address, port, protocol } = session.pair.remote;
  await session.close();
  return { ok: true, saw: `media at ${address}:${port}/${protocol}` };
}

type Chat = Pick<Patient, "topology" | "trust" | "addressOf">;

/** Where chat refuses it, nobody can tell whether calls work: whoever has a session may yet be barred from all else. */
async function ownChannel(patient: Patient): Promise<Room | NoSession> {
  const session = await patient.session();
  if ("problem" in session) return session;
  try {
    return { ...session, channelId: await directChannel(patient, session) };
  } catch (error) {
    return { problem: (error as Error).message, fix: giveToken(patient.topology.stack) };
  }
}

async function directChannel(chat: Chat, { userId, token }: Session): Promise<string> {
  const { id } = await askChat<{ id: string }>(chat, token, "POST", "/channels/direct", [userId, userId]);
  return id;
}

/**
 * Each call leaves a post in its channel, also one that fails. That they can't be removed is no fault of the calls.
 * @param since in milliseconds.
 */
export async function removePosts(chat: Chat, session: Session, since: number): Promise<void> {
  const { token } = session;
  try {
    const channelId = await directChannel(chat, session);
    const { posts } = await askChat<{
      posts: Record<string, { id: string; type: string; create_at: number; delete_at?: number }>;
    }>(chat, token, "GET", `/channels/${channelId}/posts?since=${since}`);
    // Those that were removed since then are told as well.
    for (const { id, type, create_at: at, delete_at: gone = 0 } of Object.values(posts))
      if (type === "custom_calls" && at >= since && gone === 0)
        await askChat(chat, token, "DELETE", `/posts/${id}`);
  } catch {
    return;
  }
}

/** A question to chat's API. @throws Error with its words where that isn't a success. */
export async function askChat<T>(
  chat: Chat,
  token: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const url = new URL(`/api/v4${path}`, siteAt(chat.topology.settings, "chat").url);
  const trust = await siteTrust(chat, "chat");
  const headers = { authorization: `Bearer ${token}` };
  const answer = await askJson(url, { method, headers, body, trust, timeoutSeconds });
  if (answer.ok) return answer.body as T;
  const { message = answer.reason } = (parseJson(answer.reason) ?? {}) as { message?: string };
  throw new Error(`${method} ${path}: ${answer.code ?? answer.outcome} ${message}`);
}
