import { setTimeout as pause } from "node:timers/promises";
import { allocate, type Allocation, echoThroughTurn, stunBinding, tcpOpen, udpEcho } from "../../../probe";
import { relayRange } from "../../../components/services/coturn";
import type { MediaStack } from "./stack";

/** Who gets a relay, and where it leads to. */
export function relay(get: () => MediaStack): void {
  describe("the relay", () => {
    const transports = ["udp", "tcp"] as const;

    it.each(transports)("answers STUN over %s", async (transport) => {
      const { address, ports } = get();
      expect(await stunBinding({ host: address, port: ports.turnPort, transport })).toMatchObject({
        ok: true,
      });
    });

    it.each(transports)(
      "carries data there and back, asked over %s, from a port of its range",
      async (transport) => {
        const media = get();
        const echo = await udpEcho({ address: media.address });
        try {
          const answer = await echoThroughTurn({
            turn: media.turn("echo", transport),
            peer: echo.endpoint,
            count: 50,
          });
          expect(answer).toMatchObject({ ok: true, sent: 50, received: 50 });
          const { first, last } = relayRange(media.stack.topology().settings);
          const { relayed } = answer as { relayed: { address: string; port: number } };
          expect(relayed.address).toBe(media.address);
          expect(relayed.port).toBeGreaterThanOrEqual(first);
          expect(relayed.port).toBeLessThanOrEqual(last);
        } finally {
          echo.close();
        }
      },
    );

    it("refuses wrong, expired and missing credentials", async () => {
      const media = get();
      const good = media.turn("someone");
      const { username, credential, ...nobody } = good;
      expect(await allocate(nobody)).toMatchObject({ ok: false, code: 401 });
      expect(await allocate({ ...good, credential: `${credential ?? ""}x` })).toMatchObject({
        ok: false,
        code: 401,
      });
      expect(await allocate({ ...good, username: `9${username ?? ""}` })).toMatchObject({
        ok: false,
        code: 401,
      });
      expect(await allocate(media.turn("someone", "udp", -60))).toMatchObject({ ok: false, code: 401 });
      const allowed = await allocate(good);
      expect(allowed).toMatchObject({ ok: true });
      if (allowed.ok) await allowed.close();
    });

    it("leads nowhere private: not to loopback, the networks, the cloud's metadata, the database", async () => {
      const media = get();
      const database = await media.addressOf("postgres");
      expect(database).toMatch(/^(172|10|192\.168)\./);
      const allocation = await allocate(media.turn("prober"));
      if (!allocation.ok) throw new Error(allocation.reason);
      try {
        for (const [address, port] of [
          ["127.0.0.1", 80],
          ["10.0.0.1", 53],
          ["172.17.0.1", 53],
          ["192.168.0.1", 53],
          ["100.64.0.1", 53],
          ["169.254.169.254", 80],
          ["0.0.0.0", 80],
          ["224.0.0.1", 5353],
          [database, 5432],
          [await media.addressOf("mattermost"), 8065],
        ] as const) {
          expect([address, await allocation.permit({ address, port })]).toEqual([
            address,
            expect.objectContaining({ ok: false, code: 403 }),
          ]);
          expect([address, await allocation.bind({ address, port })]).toEqual([
            address,
            expect.objectContaining({ ok: false, code: 403 }),
          ]);
        }
        expect(
          await allocation.permit({ address: media.address, port: media.ports.embeddedPort }),
        ).toMatchObject({ ok: true });
      } finally {
        await allocation.close();
      }
    });

    it("stops a flood at the quota of its user, and still serves others", async () => {
      const media = get();
      const { allocations } = relayRange(media.stack.topology().settings);
      const quota = allocations / 4;
      const taken: Allocation[] = [];
      // coturn gives a UDP allocation that was ended back after a few seconds only.
      await pause(6000);
      const flood = async (user: string, count: number): Promise<(number | "ok")[]> => {
        const answers = await Promise.all(
          Array.from({ length: count }, () => allocate({ ...media.turn(user), timeoutSeconds: 10 })),
        );
        taken.push(...answers.filter((answer) => answer.ok));
        return answers.map((answer) => (answer.ok ? "ok" : (answer.code ?? 0)));
      };
      try {
        const one = await flood("flood", quota + 10);
        expect(one.filter((answer) => answer === "ok")).toHaveLength(quota);
        expect(one.filter((answer) => answer === 486)).toHaveLength(10);
        expect(await flood("bystander", 1)).toEqual(["ok"]);
        // Many names together stop at the total: each allocation has a port of the range, and no more are open.
        const rest = (
          await Promise.all(Array.from({ length: 5 }, (_, user) => flood(`mass${user}`, quota)))
        ).flat();
        expect(taken.length).toBe(allocations);
        expect(rest.filter((answer) => answer !== "ok").every((code) => code === 486 || code === 508)).toBe(
          true,
        );
      } finally {
        await Promise.all(taken.map((allocation) => allocation.close()));
      }
      expect(await tcpOpen({ host: media.address, port: media.ports.turnPort })).toMatchObject({ ok: true });
    });
  });
}
