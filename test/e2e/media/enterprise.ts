import { iceCheck, joinCall, rtcdVersion, tcpOpen } from "../../../probe";
import { expectWay, heard, joined, leave, townSquare, ways } from "./calls";
import type { Person } from "./site";
import type { MediaStack } from "./stack";

/** A licence as the double of Mattermost knows it; a real one ends with a signature. */
export const licence = Buffer.concat([
  Buffer.from(
    JSON.stringify({
      id: "test",
      expires_at: 4_102_444_800_000,
      sku_short_name: "enterprise",
      features: { users: 100 },
    }),
  ),
  Buffer.alloc(256),
]).toString("base64");

/** The other shape: the enterprise edition with a licence and rtcd, and guests in meetings. */
export function becomeEnterprise(get: () => MediaStack): void {
  describe("with rtcd", () => {
    let people: Person[] = [];
    let town = "";

    it("is refused without a licence, at the plan", async () => {
      const { stack } = get();
      stack.set(["calls"], "rtcd");
      for (const edition of ["team", "enterprise"]) {
        stack.set(["edition"], edition);
        const refused = await stack.run(["up", stack.name]);
        expect(refused.code).toBe(1);
        expect(refused.output).toContain("muster:calls: a media server of its own for calls (rtcd)");
        expect(refused.output).toContain("the server would ignore it silently");
      }
    });

    it("comes up from the other shape, with rtcd healthy before the chat server starts", async () => {
      const media = get();
      const { stack } = media;
      await stack.store("licence", licence);
      stack.set(["meetingAccess"], "guests");
      console.log(`Images:\n${(await stack.ensureImages()).join("\n")}`);
      await media.up();
      expect(await stack.unwell()).toEqual([]);
      const state = async (name: string) =>
        (await stack.docker.getContainer(media.container(name)).inspect()).State;
      const [rtcd, chat] = [await state("rtcd"), await state("mattermost")];
      const firstHealthy = rtcd.Health?.Log.find(({ ExitCode }) => ExitCode === 0)?.End ?? rtcd.StartedAt;
      expect(Date.parse(chat.StartedAt)).toBeGreaterThan(Date.parse(rtcd.StartedAt));
      expect(Date.parse(chat.StartedAt)).toBeGreaterThanOrEqual(Date.parse(firstHealthy) - 1000);
      people = await media.people(11);
      town = await townSquare(media, people[0]?.token ?? "");
    });

    it("is the version that is pinned, as seen from outside its container", async () => {
      const media = get();
      const found = await rtcdVersion(`http://${await media.reach("rtcd", 8045)}`);
      expect(found).toMatchObject({ ok: true, buildVersion: "v1.2.6" });
      expect(await tcpOpen({ host: media.address, port: 8045, timeoutSeconds: 2 })).toMatchObject({
        ok: false,
      });
    });

    it.each(ways)("lets ten people in one call speak and hear over $way", async (way) => {
      const media = get();
      const seats = people.slice(0, 10).map((person) => ({ person, channelId: town }));
      const sessions = await joined(media, way, seats);
      expect(sessions).toHaveLength(10);
      try {
        await heard(sessions, 9);
        for (const session of sessions) expectWay(session, media, media.ports.rtcdPort, way);
      } finally {
        await leave(sessions);
      }
    });

    it("lets in no more than the stack is sized for, and answers at its port through the relay", async () => {
      const media = get();
      const seats = people.slice(0, 10).map((person) => ({ person, channelId: town }));
      const sessions = await joined(media, { transportPolicy: "udp" }, seats);
      try {
        const eleventh = joinCall({
          siteUrl: media.chatUrl,
          token: people[10]?.token ?? "",
          channelId: town,
          transportPolicy: "udp",
          ...media.trust,
        });
        await expect(eleventh).rejects.toThrow(/limits/);
        const [session] = sessions;
        if (session === undefined) throw new Error("no session");
        const { remote, localUfrag, candidates } = session.ice;
        expect(new Set(candidates.map(({ address }) => address))).toEqual(new Set([media.address]));
        const at = { address: media.address, port: media.ports.rtcdPort, remote, localUfrag };
        for (const transport of ["udp", "tcp"] as const)
          expect(
            await iceCheck({ ...at, protocol: "udp", via: media.turn("checker", transport) }),
          ).toMatchObject({ ok: true });
        expect(await iceCheck({ ...at, protocol: "tcp" })).toMatchObject({ ok: true });
      } finally {
        await leave(sessions);
      }
    });
  });
}
