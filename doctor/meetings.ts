/** A meeting, as a browser opens it: who gets in, and whether media get to the videobridge and back. */
import { createHmac, randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { containerName } from "../components/platform/names";
import { jitsiAppId, meets, xmppDomains } from "../components/services/jitsi";
import { bridgeEndpoint } from "../probe/jitsi/bridge";
import { joinRoom, type RoomVisit } from "../probe/jitsi/room";
import type { Check, Seen } from "./check";
import { insidePort } from "./inside";
import { siteTrust } from "./names";
import { containerId, engineFor, needed, type Patient, serviceIn, siteAt } from "./patient";

const timeoutSeconds = 5;

export function meetingChecks(patient: Patient): Check[] {
  const { settings, stack } = patient.topology;
  if (!meets(settings)) return [];
  const shared = {
    group: "meetings",
    through: ["meet.certificate"],
    needs: needed(patient, "jitsi-web", "jitsi-prosody", "jitsi-jicofo"),
  } as const;
  return [
    {
      ...shared,
      id: "meet.member",
      title: "a meeting opens for a token of chat's",
      means: "nobody can start a meeting",
      fix: `npm run logs -- ${stack} jitsi-prosody jitsi-jicofo`,
      run: async () => {
        const room = roomName();
        const visit = await enter(
          patient,
          room,
          token(await patient.secret("jitsi-app-secret"), room, patient),
        );
        visit.close();
        return { ok: visit.outcome === "joined", saw: words(visit) };
      },
    },
    {
      ...shared,
      id: "meet.stranger",
      title: "a meeting stays closed without a token, and for a forged one",
      means: "strangers can open meetings on this server",
      fix: `bring the stack up again, which puts the rules for tokens back: npm run up -- ${stack}`,
      run: async () => {
        const rooms = [roomName(), roomName()] as const;
        const [forged, empty] = await Promise.all([
          enter(patient, rooms[0], token(randomBytes(20).toString("hex"), rooms[0], patient)),
          enter(patient, rooms[1]),
        ]);
        for (const visit of [forged, empty]) visit.close();
        return strangerVerdict(forged, empty, settings.meetingAccess);
      },
    },
    bridgeCheck(patient),
  ];
}

type Visit = Pick<RoomVisit, "outcome" | "stage" | "condition">;

/**
 * Pure. Only a refusal of the token itself tells that others are refused too; where guests may come, those without one
 * wait.
 */
export function strangerVerdict(
  forged: Visit,
  empty: Visit,
  access: Patient["topology"]["settings"]["meetingAccess"],
): Seen {
  const guests = access === "guests";
  const waits = empty.outcome === "lobby" || empty.outcome === "waiting-for-host";
  const wrong = [
    ...(isKeptOut(forged) ? [] : [forged]),
    ...((guests ? waits : isKeptOut(empty)) ? [] : [empty]),
  ];
  const saw = `forged: ${words(forged)}; without: ${words(empty)}`;
  if (wrong.length === 0) return { ok: true, saw };
  if (wrong.some(isLetIn)) return { ok: false, saw };
  return { ok: false, saw, means: wrong.every(isKeptOut) ? noGuests : nobodyKnows };
}

/** What Prosody says of a token that isn't good. */
const isKeptOut = ({ outcome, stage, condition = "" }: Visit): boolean =>
  outcome === "refused" &&
  stage === "authentication" &&
  ["not-allowed", "not-authorized"].includes(condition);

/** Whoever gets past the question for a token was taken for a member; `not-bound` comes after it as well. */
const isLetIn = ({ outcome, stage, condition }: Visit): boolean =>
  outcome !== "refused" || stage === "conference" || stage === "room" || condition === "not-bound";

const noGuests = "guests who have a meeting's link can't come";
const nobodyKnows =
  "nobody can tell whether strangers are kept out: the meeting server doesn't answer as it should";

function bridgeCheck(patient: Patient): Check {
  const { settings, stack } = patient.topology;
  const bridge = serviceIn(patient, "jitsi-jvb");
  const port = settings.media.meetingsPort;
  return {
    id: "meet.media",
    group: "meetings",
    title: `media to the videobridge and back, ${port}/udp`,
    means: "people in a meeting neither see nor hear each other",
    fix: `let ${port}/udp through to the machine, in every firewall before it as well; then npm run logs -- ${stack} jitsi-jvb`,
    through: [containerId("jitsi-jvb")],
    run: async () => {
      const inner = bridge?.ports.find(({ exposure }) => exposure === "internal")?.number ?? 0;
      const docker = engineFor(patient, bridge?.host ?? "");
      const inside = await insidePort(docker, containerName(stack, "jitsi-jvb"), inner);
      try {
        return await twoMeet(inside.url, patient.addressOf(bridge?.host ?? ""));
      } finally {
        inside.close();
      }
    },
  };
}

/** Two people whose sound goes over the bridge; it alone knows of them. */
async function twoMeet(url: string, mediaAddress: string | undefined): Promise<Seen> {
  const conference = await bridgeEndpoint(url, { timeoutSeconds });
  const where = mediaAddress === undefined ? {} : { mediaAddress };
  const joining = await Promise.allSettled(
    [1, 2].map(() => conference.join({ transportPolicy: "udp", timeoutSeconds, ...where })),
  );
  const sessions = joining.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  try {
    const refused = joining.find((one) => one.status === "rejected");
    if (refused !== undefined) throw refused.reason;
    const end = Date.now() + timeoutSeconds * 1000;
    while (sessions.some(({ received }) => received < enough) && Date.now() < end) await pause(50);
    const heard = sessions.map(({ received }) => received);
    const { address = "", port = 0 } = sessions[0]?.pair.remote ?? {};
    return {
      ok: heard.every((packets) => packets >= enough),
      saw: `${heard.join(" and ")} packets of sound over ${address}:${port}`,
    };
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
}

/** Packets that prove that somebody is heard: 50 come in a second. */
const enough = 5;

const roomName = (): string => `doctor-${randomBytes(6).toString("hex")}`;

/** Who has no token comes where guests come, if any may. */
const enter = async (patient: Patient, room: string, jwt?: string): Promise<RoomVisit> =>
  joinRoom({
    siteUrl: siteAt(patient.topology.settings, "meet").url,
    room,
    jwt,
    guest: jwt === undefined && patient.topology.settings.meetingAccess === "guests",
    domain: xmppDomains.XMPP_DOMAIN,
    displayName: "Doctor",
    timeoutSeconds,
    ...(await siteTrust(patient, "meet")),
  });

const words = ({ outcome, stage, condition }: Visit): string =>
  outcome === "refused" ? `refused at the ${stage}: ${condition ?? ""}` : outcome;

/** A token as chat's plugin makes it. */
function token(secret: string, room: string, { topology }: Patient): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    iss: jitsiAppId,
    aud: jitsiAppId,
    sub: siteAt(topology.settings, "meet").host,
    room,
    exp: Math.floor(Date.now() / 1000) + 300,
  };
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
