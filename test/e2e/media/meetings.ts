import { createHmac } from "node:crypto";
import {
  bridgeEndpoint,
  bridgeHealth,
  externalServices,
  iceCheck,
  joinRoom,
  type RoomVisit,
} from "../../../probe";
import { heard, leave, townSquare } from "./calls";
import type { MediaSite, Person } from "./site";

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token such as the plugin makes, with changes. */
export function token(secret: string, claims: Record<string, unknown>): string {
  const body = {
    iss: "muster",
    aud: "muster",
    sub: "meet.localhost",
    exp: Math.floor(Date.now() / 1000) + 600,
    ...claims,
  };
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(body)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** A meeting as somebody starts it in chat: the plugin makes its name and its token. */
async function startMeeting(
  media: MediaSite,
  person: Person,
): Promise<{ room: string; jwt: string; link: string }> {
  const channel = await townSquare(media, person.token);
  const { meeting_id: room } = await media.ask<{ meeting_id: string }>(
    person.token,
    "/plugins/jitsi/api/v1/meetings",
    { channel_id: channel, topic: "" },
  );
  const { posts } = await media.ask<{
    posts: Record<string, { type: string; props: Record<string, string> }>;
  }>(person.token, `/api/v4/channels/${channel}/posts`);
  const post = Object.values(posts).find(({ props }) => props["meeting_id"] === room);
  return { room, jwt: post?.props["meeting_jwt"] ?? "", link: post?.props["meeting_link"] ?? "" };
}

const outcome = ({ outcome: found, condition }: RoomVisit): string =>
  condition === undefined ? found : `${found}: ${condition}`;

/** Who gets into a meeting where members meet alone. */
export function membersMeet(get: () => MediaSite): void {
  describe("meetings of members", () => {
    const visit = (room: string, jwt?: string, guest = false): Promise<RoomVisit> =>
      joinRoom({ siteUrl: get().meetUrl, room, jwt, guest, ...get().trust });

    it("are opened by the plugin's token, and others are seen in them", async () => {
      const media = get();
      const [anna] = await media.people(1);
      if (anna === undefined) throw new Error("nobody is there");
      const meeting = await startMeeting(media, anna);
      expect(meeting.link.startsWith(`${media.meetUrl}/`)).toBe(true);
      const first = await visit(meeting.room, meeting.jwt);
      const second = await visit(meeting.room, meeting.jwt);
      try {
        expect([outcome(first), outcome(second)]).toEqual(["joined", "joined"]);
        expect(second.occupants).toContain(first.nick);
      } finally {
        first.close();
        second.close();
      }
    });

    it("stay closed for forged, expired and wrong tokens, and without one", async () => {
      const media = get();
      const secret = await media.stack.secret("jitsi-app-secret");
      const room = "closed-to-strangers";
      const past = Math.floor(Date.now() / 1000) - 600;
      const good = await visit(room, token(secret, { room }));
      expect(outcome(good)).toBe("joined");
      for (const [name, jwt] of [
        ["forged", token("another secret", { room })],
        ["expired", token(secret, { room, exp: past })],
        ["for another audience", token(secret, { room, aud: "somebody" })],
        ["of another issuer", token(secret, { room, iss: "somebody" })],
        ["for another room", token(secret, { room: "elsewhere" })],
        ["unsigned", `${encode({ alg: "none" })}.${encode({ room, iss: "muster", aud: "muster" })}.`],
        ["none", undefined],
      ] as const) {
        const visited = await visit(room, jwt);
        expect([name, visited.outcome]).toEqual([name, "refused"]);
      }
      good.close();
    });

    it("have no door for guests", async () => {
      const visited = await visit("members-only", undefined, true);
      expect(visited.outcome).toBe("refused");
    });

    it("get the relay's credentials from their own server, for a time, and they work", async () => {
      const media = get();
      const secret = await media.stack.secret("jitsi-app-secret");
      const room = "with-relay";
      const services = await externalServices({
        siteUrl: media.meetUrl,
        room,
        jwt: token(secret, { room }),
        ...media.trust,
      });
      if (!services.ok) throw new Error(`${services.stage}: ${services.condition}`);
      expect(
        services.turn.map(({ host, port, transport }) => `${host}:${port}/${transport ?? "udp"}`).sort(),
      ).toEqual([
        `${media.address}:${media.ports.turnPort}/tcp`,
        `${media.address}:${media.ports.turnPort}/udp`,
      ]);
      for (const turn of services.turn) {
        const seconds = Number(turn.username?.split(":")[0]) - Date.now() / 1000;
        expect(seconds).toBeGreaterThan(3600);
        expect(seconds).toBeLessThan(5 * 3600);
      }
      await throughTheBridge(media, { transportPolicy: "relay", turn: services.turn[0] });
    });

    it("have a bridge that carries sound, over UDP and through the relay alone", async () => {
      const media = get();
      expect(await bridgeHealth(await bridgeUrl(media))).toMatchObject({ ok: true });
      await throughTheBridge(media, { transportPolicy: "udp" });
      await throughTheBridge(media, { transportPolicy: "relay", turn: media.turn("meeting", "tcp") });
    });

    it("may be shown in a frame by chat alone", async () => {
      const { headers, body, status } = await get().chat.ask("/", { headers: { Host: "meet.localhost" } });
      expect([status, body.includes("Jitsi")]).toEqual([200, true]);
      expect(headers["content-security-policy"]).toBe(`frame-ancestors 'self' ${get().chatUrl}`);
    });
  });
}

/** That a member's token opens a room, and the bridge carries sound. */
export async function meetingOpens(media: MediaSite): Promise<void> {
  const room = "once-more";
  const secret = await media.stack.secret("jitsi-app-secret");
  const visited = await joinRoom({
    siteUrl: media.meetUrl,
    room,
    jwt: token(secret, { room }),
    ...media.trust,
  });
  expect(outcome(visited)).toBe("joined");
  visited.close();
  await throughTheBridge(media, { transportPolicy: "udp" });
}

export const bridgeUrl = async (media: MediaSite): Promise<string> =>
  `http://${await media.reach("jitsi-jvb", 8080)}`;

type Join = Parameters<Awaited<ReturnType<typeof bridgeEndpoint>>["join"]>[0];

/** Ten people in one meeting, as the bridge alone sees it. */
async function throughTheBridge(
  media: MediaSite,
  how: { transportPolicy: Join["transportPolicy"]; turn?: Join["turn"] | undefined },
): Promise<void> {
  const conference = await bridgeEndpoint(await bridgeUrl(media));
  const turn = how.turn === undefined ? {} : { turn: how.turn };
  const sessions = await Promise.all(
    Array.from({ length: 10 }, () =>
      conference.join({
        transportPolicy: how.transportPolicy,
        ...turn,
        mediaAddress: media.address,
        packetsPerSecond: 10,
      }),
    ),
  );
  try {
    await heard(sessions);
    for (const { pair, ice } of sessions) {
      expect(pair.remote).toMatchObject({ address: media.address, port: media.ports.meetingsPort });
      expect(ice.candidates.map(({ address }) => address)).toContain(media.address);
    }
    const [session] = sessions;
    if (session === undefined) throw new Error("no session");
    const { remote, localUfrag } = session.ice;
    expect(
      await iceCheck({
        address: media.address,
        port: media.ports.meetingsPort,
        protocol: "udp",
        remote,
        localUfrag,
        via: media.turn("checker"),
      }),
    ).toMatchObject({ ok: true });
  } finally {
    await leave(sessions);
  }
}

/** Who gets into a meeting where guests may come. */
export function guestsMeet(get: () => MediaSite): void {
  describe("meetings with guests", () => {
    const visit = (room: string, who: { jwt?: string; displayName?: string }): Promise<RoomVisit> =>
      joinRoom({ siteUrl: get().meetUrl, room, guest: who.jwt === undefined, ...who, ...get().trust });

    it("wait for a member to start them, and then keep guests in the lobby", async () => {
      const secret = await get().stack.secret("jitsi-app-secret");
      const room = "with-guests";
      expect((await visit(room, {})).outcome).toBe("waiting-for-host");
      const member = await visit(room, { jwt: token(secret, { room }) });
      try {
        expect(outcome(member)).toBe("joined");
        const second = await visit(room, { jwt: token(secret, { room }) });
        expect(outcome(second)).toBe("joined");
        expect((await visit(room, {})).outcome).toBe("lobby");
        second.close();
      } finally {
        member.close();
      }
    });

    it("let nobody pass the lobby by a token of his own making", async () => {
      const secret = await get().stack.secret("jitsi-app-secret");
      const room = "with-forgers";
      const member = await visit(room, { jwt: token(secret, { room }) });
      try {
        const forged = token("another secret", { room, context: { user: { lobby_bypass: true } } });
        const visited = await joinRoom({
          siteUrl: get().meetUrl,
          room,
          guest: true,
          jwt: forged,
          ...get().trust,
        });
        expect(["lobby", "refused"]).toContain(visited.outcome);
      } finally {
        member.close();
      }
    });
  });
}
