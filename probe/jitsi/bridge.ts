/** The Jitsi videobridge over its HTTP interface: health, and conferences of our own (COLIBRI 2). */
import { randomBytes, randomUUID } from "node:crypto";
import { checkTimeout, type Failure, ProbeError } from "../error";
import { type TransportPolicy } from "../media/peer";
import { type MediaSession, openSession, type Signal, type Signalling } from "../media/session";
import { askJson } from "../net/http";
import { type TurnServer } from "../turn/allocation";
import { answerOf, type BridgeTransport, transportOf } from "./colibri";

/**
 * Whether the bridge says that it is well (GET /about/health). A bridge that isn't is `refused` with 500 or 503
 * and says why.
 * @param url its private HTTP address, for example http://jvb:8080
 * @param options.timeoutSeconds default 5
 */
export async function bridgeHealth(
  url: string,
  { timeoutSeconds = 5 }: { timeoutSeconds?: number } = {},
): Promise<{ readonly ok: true } | Failure> {
  checkTimeout(timeoutSeconds, `bridgeHealth ${url}`);
  const answer = await askJson(new URL("/about/health", url), { timeoutSeconds });
  return answer.ok ? { ok: true } : answer;
}

/** A conference that exists on the bridge alone, without jicofo and Prosody. */
export interface BridgeConference {
  readonly meetingId: string;
  /**
   * Comes in with sound; what others in it send is counted. The bridge forwards to others, so it takes two.
   * @param options.turn needed for the policy `relay`
   * @param options.mediaAddress take only the bridge's candidates of this address; default all
   * @param options.packetsPerSecond of sound; default 50
   * @param options.timeoutSeconds until media can flow; default 20
   */
  join(options: {
    transportPolicy: TransportPolicy;
    turn?: TurnServer;
    mediaAddress?: string;
    packetsPerSecond?: number;
    timeoutSeconds?: number;
  }): Promise<MediaSession>;
}

/**
 * Opens a conference on the bridge by POST /colibri/v2/conferences, which the bridge offers where it is told to
 * (COLIBRI_REST_ENABLED). It ends by itself when nobody is in it.
 * @param url the bridge's private HTTP address, for example http://jvb:8080
 * @param options.timeoutSeconds default 5
 * @throws ProbeError where the bridge refuses
 */
export async function bridgeEndpoint(
  url: string,
  { timeoutSeconds = 5 }: { timeoutSeconds?: number } = {},
): Promise<BridgeConference> {
  checkTimeout(timeoutSeconds, `bridgeEndpoint ${url}`);
  const meetingId = randomUUID();
  const name = `probe${randomBytes(4).toString("hex")}@muc.meet.jitsi`;
  const body = { "meeting-id": meetingId, name, create: true, endpoints: [] };
  await colibri(new URL("/colibri/v2/conferences", url), { method: "POST", body, timeoutSeconds });
  const conference = new URL(`/colibri/v2/conferences/${meetingId}`, url);
  return {
    meetingId,
    join: ({ timeoutSeconds: seconds = 20, ...options }) =>
      openSession(bridgeSignalling(conference, seconds), {
        ...options,
        timeoutSeconds: checkTimeout(seconds, `${url}, conference ${meetingId}`),
        where: `${url}, conference ${meetingId}`,
      }),
  };
}

interface Endpoints {
  readonly endpoints?: readonly { readonly transport?: { readonly transport?: BridgeTransport } }[];
}

async function colibri(
  url: URL,
  options: { method: string; body: unknown; timeoutSeconds: number },
): Promise<Endpoints> {
  const answer = await askJson(url, options);
  if (answer.ok) return answer.body as Endpoints;
  throw new ProbeError({
    what: `The videobridge refuses: ${answer.code ?? answer.outcome} ${answer.reason}`,
    where: `${options.method} ${url.href}`,
    fix: "enable the bridge's COLIBRI REST interface, or read its log",
  });
}

/** COLIBRI in the place of a signalling channel: our offer becomes an endpoint, what it gets becomes the answer. */
function bridgeSignalling(conference: URL, timeoutSeconds: number): Signalling {
  const id = randomBytes(4).toString("hex");
  let handler: (signal: Signal) => void = () => undefined;
  let broken: (reason: string) => void = () => undefined;
  const patch = (endpoint: Record<string, unknown>): Promise<Endpoints> =>
    colibri(conference, { method: "PATCH", body: { endpoints: [{ id, ...endpoint }] }, timeoutSeconds });
  const negotiate = async (offer: string): Promise<void> => {
    const opus = { name: "opus", id: "111", clockrate: "48000", channels: "2" };
    const medias = [{ type: "audio", "payload-types": [opus] }];
    const { endpoints } = await patch({ create: true, medias, transport: { "ice-controlling": false } });
    const theirs = endpoints?.[0]?.transport?.transport;
    if (theirs === undefined) throw new Error("the bridge's answer has no transport");
    const { transport, sources } = transportOf(offer, id);
    await patch({ transport: { transport }, sources });
    const { sdp, candidates } = answerOf(offer, theirs);
    handler({ type: "answer", sdp });
    for (const candidate of candidates) handler({ type: "candidate", candidate: { candidate } });
  };
  return {
    send: (signal) => {
      if (signal.type === "offer")
        negotiate(signal.sdp).catch((error: unknown) => broken((error as Error).message));
    },
    listen: (onSignal, onBroken) => {
      handler = onSignal;
      broken = onBroken;
    },
    close: () => {
      patch({ expire: true }).catch(() => undefined);
    },
  };
}
