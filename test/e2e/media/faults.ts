import { setTimeout as pause } from "node:timers/promises";
import { joinCall, type MediaSession, websocketThroughProxy } from "../../../probe";
import { heard, joined, leave, townSquare } from "./calls";
import type { Person } from "./site";
import type { MediaStack } from "./stack";

const later = (seconds: number): Promise<void> => pause(seconds * 1000);

/** What happens to a call when things change or break around it. */
export function faults(get: () => MediaStack): void {
  describe("when something changes or breaks during a call", () => {
    let people: Person[] = [];
    let town = "";
    const call = (count: number): Promise<MediaSession[]> =>
      joined(
        get(),
        { transportPolicy: "udp" },
        people.slice(0, count).map((person) => ({ person, channelId: town })),
      );
    /** How many more packets each hears within two seconds. */
    const growing = async (sessions: readonly MediaSession[]): Promise<number[]> => {
      const before = sessions.map(({ received }) => received);
      await later(2);
      return sessions.map(({ received }, index) => received - (before[index] ?? 0));
    };
    const callsAnswer = async (): Promise<number> =>
      (await get().chat.ask("/plugins/com.mattermost.calls/version")).status;

    beforeAll(async () => {
      people = await get().people(3);
      town = await townSquare(get(), people[0]?.token ?? "");
    });

    it("keeps a meeting's signalling when an up changes the proxy's configuration", async () => {
      const media = get();
      const { stack } = media;
      const other = await websocketThroughProxy({
        url: `${media.meetUrl.replace("https", "wss")}/xmpp-websocket?room=reload`,
        protocols: ["xmpp"],
        hello: '<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="meet.jitsi" version="1.0"/>',
        ...media.trust,
      });
      if (!other.ok) throw new Error(other.reason);
      try {
        const proxy = stack.docker.getContainer(media.container("caddy"));
        const started = (await proxy.inspect()).State.StartedAt;
        // The largest upload stands in the proxy's file.
        stack.set(["chat", "maxFileSizeMiB"], 42);
        await stack.up();
        expect((await proxy.inspect()).State.StartedAt).toBe(started);
        // The chat server has been replaced for its limit; what goes to others went on.
        expect(other.open).toBe(true);
        expect(await other.alive()).toBe(true);
      } finally {
        other.close();
      }
    });

    it("keeps a call's websocket open through a reload of the proxy", async () => {
      const media = get();
      const sessions = await call(2);
      expect(sessions).toHaveLength(2);
      try {
        await heard(sessions);
        // The same job that an up runs.
        const job = media.stack.docker.getContainer(media.container("caddy-reload"));
        await job.restart();
        await later(3);
        const { State } = await job.inspect();
        expect(State.Health?.Status).toBe("healthy");
        expect(sessions.map(({ open }) => open)).toEqual([true, true]);
        for (const more of await growing(sessions)) expect(more).toBeGreaterThan(20);
      } finally {
        await leave(sessions);
      }
    });

    it("ends no call when rtcd is stopped: it drains first", async () => {
      const media = get();
      const rtcd = media.stack.docker.getContainer(media.container("rtcd"));
      const sessions = await call(2);
      await heard(sessions);
      const stopped = rtcd.stop({ t: 120 });
      await later(3);
      expect((await rtcd.inspect()).State.Running).toBe(true);
      for (const more of await growing(sessions)) expect(more).toBeGreaterThan(20);
      await leave(sessions);
      const began = Date.now();
      await stopped;
      expect(Date.now() - began).toBeLessThan(30_000);
      expect((await rtcd.inspect()).State).toMatchObject({ Running: false, ExitCode: 0 });
    });

    // rtcd is down from the step before: as after a reboot, the chat server may be first.
    it("comes right by itself when the chat server has started before rtcd", async () => {
      const media = get();
      const chat = media.stack.docker.getContainer(media.container("mattermost"));
      await chat.restart({ t: 30 });
      const end = Date.now() + 60_000;
      while ((await callsAnswer()) !== 404) {
        if (Date.now() > end) throw new Error("the Calls plugin never said that it is inactive");
        await later(1);
      }
      const before = (await chat.inspect()).State.StartedAt;
      await media.stack.docker.getContainer(media.container("rtcd")).start();
      await media.stack.healthy(180);
      expect(await callsAnswer()).toBe(200);
      expect((await chat.inspect()).State.StartedAt).not.toBe(before);
      const token = await media.chat.signIn(people[0]?.name ?? "", `Password-of-${people[0]?.name ?? ""}-1`);
      const session = await joinCall({
        siteUrl: media.chatUrl,
        token,
        channelId: town,
        transportPolicy: "udp",
        mediaAddress: media.address,
        ...media.trust,
      });
      await session.close();
    });
  });
}
