import { setTimeout as pause } from "node:timers/promises";
import { heard, joined, leave, expectWay, townSquare, ways } from "../media/calls";
import { meetingOpens } from "../media/meetings";
import type { Person } from "../media/site";
import type { PairStage } from "./stage";

/** Calls, whose signalling is on one host and whose media are on the other. */
export function calls(pair: PairStage): void {
  describe("calls across the two hosts", () => {
    it.each(ways)("let ten people speak and hear over $way", async (way) => {
      const sessions = await call(pair, 10, way);
      try {
        await heard(sessions, 9);
        for (const session of sessions) expectWay(session, pair, pair.ports.rtcdPort, way);
      } finally {
        await leave(sessions);
      }
    });
  });
}

type Way = Parameters<typeof joined>[1];

/** People in the channel of everybody. */
async function call(pair: PairStage, count: number, way: Way): ReturnType<typeof joined> {
  const people: Person[] = await pair.people(count);
  const channelId = await townSquare(pair, people[0]?.token ?? "");
  return joined(
    pair,
    way,
    people.map((person) => ({ person, channelId })),
  );
}

const patienceSeconds = 90;

/** Each machine alone goes down and comes back, without an up. */
export function reboots(pair: PairStage): void {
  const allConnects = async (): Promise<void> => {
    await mediaServerFound();
    for (const transportPolicy of ["udp", "relay"] as const) {
      const sessions = await call(pair, 2, { transportPolicy });
      await heard(sessions).finally(() => leave(sessions));
    }
    await meetingOpens(pair);
  };

  /** The chat server looks for its media server now and then. */
  const mediaServerFound = async (): Promise<void> => {
    const end = Date.now() + patienceSeconds * 1000;
    for (;;)
      try {
        await leave(await call(pair, 1, { transportPolicy: "udp" }));
        return;
      } catch (error) {
        if (Date.now() > end) throw error;
        await pause(1000);
      }
  };

  describe("after a reboot of one alone, without an up", () => {
    it("has calls and meetings again where media are; meanwhile people go on chatting", async () => {
      await pair.media.shutDown();
      expect((await pair.chat.ask("/api/v4/system/ping")).status).toBe(200);
      await pair.media.powerOn();
      await pair.on.healthy(240);
      await allConnects();
    });

    it("has chat, calls and meetings again where chat is", async () => {
      await pair.main.reboot();
      await pair.on.healthy(240);
      await allConnects();
      expect((await pair.stack.up()).output).toContain("Nothing has changed");
    });
  });
}
