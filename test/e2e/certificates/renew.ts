import { setTimeout as pause } from "node:timers/promises";
import { leave } from "../media/calls";
import { callOverTls, echoed } from "./issue";
import { type CertificateStage, lifeSeconds, until } from "./stage";

/** How long until a renewal is seen: the longest wait for it, and time for a slow machine. */
const renewalSeconds = lifeSeconds + 60;

export function renew(get: () => CertificateStage): void {
  /** Waits until another certificate is served. */
  const another = async (serial: string, seconds: number): Promise<void> =>
    until("another certificate served", seconds, async () => {
      const now = await get().serial();
      return now !== serial && /^[0-9A-F]{8,}$/.test(now);
    });

  describe("a certificate that ends soon", () => {
    it("is replaced on the TLS port, while a call over that port goes on", async () => {
      const stage = get();
      const sessions = await callOverTls(stage);
      try {
        const serial = await stage.serial();
        await another(serial, renewalSeconds);
        const before = sessions.map(({ received }) => received);
        await pause(2000);
        for (const [index, session] of sessions.entries()) {
          expect(session.open).toBe(true);
          expect(session.received - (before[index] ?? 0)).toBeGreaterThan(20);
        }
      } finally {
        await leave(sessions);
      }
      expect(await echoed(stage, await stage.secureTurn("later"))).toBe(20);
    });

    it("stays in use where no new one can be got, which is said; in the end the service is unwell, and it alone", async () => {
      const stage = get();
      stage.dns.refuses = true;
      const serial = await stage.serial();
      await until("a failure, said while all is well", renewalSeconds, async () => {
        const { status, said } = await stage.health("certificates");
        return status === "healthy" && /holds until .*; to get one has failed since .*403/.test(said);
      });
      expect(await stage.serial()).toBe(serial);
      expect(await echoed(stage, await stage.secureTurn("meanwhile"))).toBe(20);
      expect(await stage.stack.unwell()).toEqual([]);
      await until(
        "an unwell service",
        lifeSeconds,
        async () => (await stage.health("certificates")).status === "unhealthy",
      );
      expect(await stage.stack.unwell()).toEqual(["certificates"]);
      expect(await echoed(stage, stage.turn("plain", "tcp"))).toBe(20);
    });

    it("is replaced by itself once it can be", async () => {
      const stage = get();
      const serial = await stage.serial();
      stage.dns.refuses = false;
      await another(serial, 420);
      await stage.stack.healthy(60);
      expect((await stage.health("certificates")).said).not.toContain("failed");
      expect(await echoed(stage, await stage.secureTurn("again"))).toBe(20);
    });

    it("isn't asked for again by a restart, nor by an up", async () => {
      const stage = get();
      const { issued } = stage.authority;
      const { asked } = stage.dns;
      const serial = await stage.serial();
      await stage.stack.docker.getContainer(stage.container("certificates")).restart();
      await stage.stack.docker.getContainer(stage.container("coturn")).restart();
      await stage.stack.healthy(60);
      expect(await stage.serial()).toBe(serial);
      expect((await stage.stack.up()).output).toContain("Nothing has changed");
      expect([stage.authority.issued, stage.dns.asked]).toEqual([issued, asked]);
      expect(await stage.serial()).toBe(serial);
    });
  });
}
