import { callsIceServers, echoThroughTurn, type MediaSession, udpEcho } from "../../../probe";
import { expectWay, heard, joined, leave } from "../media/calls";
import type { Person } from "../media/site";
import { suites } from "../suites";
import { type CertificateStage, until } from "./stage";

/** Serial numbers as they are shown. */
const serialNumber = /^[0-9A-F]{8,}$/;

/** A call of two, each over the relay's TLS port alone. */
export async function callOverTls(stage: CertificateStage): Promise<MediaSession[]> {
  const people = await stage.people(2);
  const [one, other] = people as [Person, Person];
  const channel = await stage.ask<{ id: string }>(one.token, "/api/v4/channels/direct", [one.id, other.id]);
  const sessions = await joined(
    stage,
    {
      transportPolicy: "relay",
      turnTransport: "tls",
      turnTrust: { ca: await stage.authority.root() },
    },
    people.map((person) => ({ person, channelId: channel.id })),
  );
  try {
    await heard(sessions);
    return sessions;
  } catch (error) {
    await leave(sessions);
    throw error;
  }
}

/** How many of 20 packets come back through the relay. */
export async function echoed(
  stage: CertificateStage,
  turn: Parameters<typeof echoThroughTurn>[0]["turn"],
): Promise<number> {
  const echo = await udpEcho({ address: stage.address });
  try {
    const answer = await echoThroughTurn({ turn, peer: echo.endpoint, count: 20 });
    return answer.ok ? answer.received : 0;
  } finally {
    echo.close();
  }
}

export function issue(get: () => CertificateStage): void {
  describe("the first certificate", () => {
    it("isn't waited for: the relay works while DNS refuses, and takes the certificate without a restart", async () => {
      const stage = get();
      stage.dns.refuses = true;
      const { done } = stage.stack.start(["up", stage.stack.name]);
      await until("a refused certificate, said in health", 240, async () =>
        /no certificate yet; to get one has failed since .*403/.test(
          (await stage.health("certificates")).said,
        ),
      );
      await until("a healthy relay", 120, async () => (await stage.health("coturn")).status === "healthy");
      expect(await echoed(stage, await stage.plainTurn("early"))).toBe(20);
      expect(await stage.serial()).not.toMatch(serialNumber);
      const started = await stage.startedAt("coturn");

      stage.dns.refuses = false;
      const { code, output } = await done;
      expect([code, output]).toEqual([0, expect.stringContaining("All services are healthy.")]);
      await until("a served certificate", 20, async () => serialNumber.test(await stage.serial()));
      expect(await stage.startedAt("coturn")).toBe(started);
      await stage.learn();
      expect(await stage.stack.unwell()).toEqual([]);
    });

    it("is for the name that clients are told, and chains to the authority's root", async () => {
      const stage = get();
      expect(await stage.served()).toMatchObject({ names: [stage.name], ok: true });
      const [person] = await stage.people(1);
      const { turn, iceServers } = await callsIceServers({
        siteUrl: stage.chatUrl,
        token: person?.token ?? "",
        ...stage.trust,
      });
      const port = suites.certificates.media.turnTlsPort;
      expect(iceServers.flatMap(({ urls }) => urls)).toContain(`turns:${stage.name}:${port}?transport=tcp`);
      expect(turn.map(({ transport }) => transport)).toEqual(["udp", "tcp", "tls"]);
    });

    it("serves a call whose media take the relay over TLS alone", async () => {
      const stage = get();
      const sessions = await callOverTls(stage);
      try {
        for (const session of sessions)
          expectWay(session, stage, stage.ports.embeddedPort, {
            transportPolicy: "relay",
            turnTransport: "tls",
          });
      } finally {
        await leave(sessions);
      }
      expect(await echoed(stage, await stage.secureTurn("echo"))).toBe(20);
    });
  });
}
