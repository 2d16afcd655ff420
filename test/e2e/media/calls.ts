import { setTimeout as pause } from "node:timers/promises";
import { type Carrying, iceCheck, joinCall, type MediaSession, tcpOpen, type Trust } from "../../../probe";
import type { MediaSite, Person } from "./site";

/** Ways for media, each alone: nothing falls back to another. */
export const ways = [
  { way: "UDP", transportPolicy: "udp" },
  { way: "TCP", transportPolicy: "tcp" },
  { way: "the relay alone, asked over UDP", transportPolicy: "relay", turnTransport: "udp" },
  { way: "the relay alone, asked over TCP", transportPolicy: "relay", turnTransport: "tcp" },
] as const;
type Way = (typeof ways)[number];

/** Someone's place in a channel's call. */
interface Seat {
  person: Person;
  channelId: string;
}

/** Packets that prove that somebody is heard. */
const enough = 30;

/** Whether there is a way for media is tested here, not how fast it is: another suite runs beside this one. */
const patienceSeconds = 60;

/** Waits until everybody has heard enough, from each of so many others. */
export async function heard(sessions: readonly MediaSession[], others = 1): Promise<void> {
  const end = Date.now() + patienceSeconds * 1000;
  while (sessions.some(({ received, senders }) => received < enough || senders < others)) {
    if (Date.now() > end) {
      const counts = sessions.map(({ received, senders }) => `${received} from ${senders}`);
      throw new Error(`not everybody heard enough: ${counts.join(", ")}`);
    }
    await pause(100);
  }
}

const joinsAtOnce = 3;

/** Joins a call in a channel, some at a time: the plugin wants each person in one call alone. */
export async function joined(
  media: MediaSite,
  way: Pick<Way, "transportPolicy"> & { turnTransport?: Carrying; turnTrust?: Trust },
  seats: readonly Seat[],
): Promise<MediaSession[]> {
  const join = ({ person, channelId }: Seat): Promise<MediaSession> =>
    joinCall({
      siteUrl: media.chatUrl,
      token: person.token,
      channelId,
      ...way,
      mediaAddress: media.address,
      packetsPerSecond: 25,
      timeoutSeconds: patienceSeconds,
      ...media.trust,
    });
  const patient = (seat: Seat): Promise<MediaSession> =>
    join(seat).catch((error: unknown) => {
      // As an app does: on a busy machine, one of several connections may give up before its turn comes.
      if (!(error instanceof Error) || !error.message.startsWith("No media connection")) throw error;
      console.warn(`${seat.person.name} joins once more: ${error.message}`);
      return join(seat);
    });
  const joining: PromiseSettledResult<MediaSession>[] = [];
  // All these people's handshakes are computed by one process.
  for (let first = 0; first < seats.length; first += joinsAtOnce)
    joining.push(...(await Promise.allSettled(seats.slice(first, first + joinsAtOnce).map(patient))));
  const sessions = joining.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = joining.find(({ status }) => status === "rejected");
  if (failed === undefined) return sessions;
  // Open ones would keep the whole run from ending.
  await leave(sessions);
  throw (failed as PromiseRejectedResult).reason;
}

export const leave = (sessions: readonly MediaSession[]): Promise<unknown> =>
  Promise.all(sessions.map((session) => session.close()));

/** What each session must show: it was heard, over the one advertised address and the way that was asked for. */
export function expectWay(
  session: MediaSession,
  media: MediaSite,
  port: number,
  { transportPolicy, ...way }: Pick<Way, "transportPolicy"> & { turnTransport?: Carrying },
): void {
  const { remote, local, relayTransport } = session.pair;
  expect(remote).toMatchObject({ address: media.address, port });
  // Not one of its container's beside it.
  expect(new Set(session.ice.candidates.map(({ address }) => address))).toEqual(new Set([media.address]));
  expect(session.sent).toBeGreaterThan(0);
  if (transportPolicy === "relay") {
    expect(local.type).toBe("relay");
    expect(relayTransport).toBe("turnTransport" in way ? way.turnTransport : undefined);
  } else expect(remote.protocol).toBe(transportPolicy);
}

/** So many people, each in a channel with one other. */
export async function inPairs(media: MediaSite, count: number): Promise<Seat[]> {
  const people = await media.people(count);
  const pairs = people.flatMap((person, index) => {
    const other = people[index + 1];
    return index % 2 === 0 && other !== undefined ? [[person, other] as const] : [];
  });
  const channels = await Promise.all(
    pairs.map(([a, b]) => media.ask<{ id: string }>(a.token, "/api/v4/channels/direct", [a.id, b.id])),
  );
  return pairs.flatMap((pair, index) =>
    pair.map((person) => ({ person, channelId: channels[index]?.id ?? "" })),
  );
}

/** The free edition: calls of two, inside the chat server. */
export function embeddedCalls(get: () => MediaSite): void {
  describe("calls inside the chat server", () => {
    let seats: Seat[] = [];

    beforeAll(async () => {
      seats = await inPairs(get(), 10);
    });

    it.each(ways)("let ten people speak and hear at once over $way", async (way) => {
      const media = get();
      const sessions = await joined(media, way, seats);
      expect(sessions).toHaveLength(10);
      try {
        await heard(sessions);
        for (const session of sessions) expectWay(session, media, media.ports.embeddedPort, way);
      } finally {
        await leave(sessions);
      }
    });

    it("refuse a channel of more than two, as the free edition does", async () => {
      const [one] = seats;
      if (one === undefined) throw new Error("nobody is there");
      const town = await townSquare(get(), one.person.token);
      await expect(
        joined(get(), { transportPolicy: "udp" }, [{ person: one.person, channelId: town }]),
      ).rejects.toThrow(/only allow calls in DMs/);
    });

    it("answer at their advertised port to who has a session, directly and through the relay, and to nobody else", async () => {
      const media = get();
      const sessions = await joined(media, { transportPolicy: "udp" }, seats.slice(0, 2));
      try {
        const [session] = sessions;
        if (session === undefined) throw new Error("no session");
        const { remote, localUfrag } = session.ice;
        const at = { address: media.address, port: media.ports.embeddedPort, remote, localUfrag };
        expect(await iceCheck({ ...at, protocol: "udp" })).toMatchObject({ ok: true });
        expect(await iceCheck({ ...at, protocol: "udp", via: media.turn("checker") })).toMatchObject({
          ok: true,
          mapped: { address: media.address },
        });
        const stranger = { ufrag: "nobody", pwd: "wrong-password-of-nobody" };
        expect(await iceCheck({ ...at, remote: stranger, protocol: "udp", timeoutSeconds: 2 })).toMatchObject(
          { ok: false, outcome: "no-answer" },
        );
        expect(await tcpOpen({ host: media.address, port: media.ports.embeddedPort })).toMatchObject({
          ok: true,
        });
      } finally {
        await leave(sessions);
      }
    });
  });
}

/** The channel that everybody of the team is in. */
export async function townSquare(media: MediaSite, token: string): Promise<string> {
  const [team] = await media.ask<{ id: string }[]>(token, "/api/v4/users/me/teams");
  const channels = await media.ask<{ id: string; name: string }[]>(
    token,
    `/api/v4/users/me/teams/${team?.id ?? ""}/channels`,
  );
  return channels.find(({ name }) => name === "town-square")?.id ?? "";
}
