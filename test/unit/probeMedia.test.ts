import { setTimeout as pause } from "node:timers/promises";
import { ProbeError } from "../../probe/error";
import { NoMedia } from "../../probe/media/failure";
import { parseCandidate } from "../../probe/media/pair";
import { openSession, type Signalling } from "../../probe/media/session";
import { packMessage, unpackMessage } from "../../probe/rtcd";
import { loopbackSfu } from "../helpers/loopbackSfu";

const where = "a test";
const silent: Signalling = { send: () => undefined, listen: () => undefined, close: () => undefined };

describe("a media session", () => {
  it("sends sound and counts what comes back", async () => {
    const { signalling, close } = loopbackSfu();
    const session = await openSession(signalling, { transportPolicy: "udp", timeoutSeconds: 10, where });
    expect(session.pair).toMatchObject({ remote: { address: "127.0.0.1", protocol: "udp" } });
    expect(session.ice.remote.pwd).not.toBe("");
    for (let tries = 0; tries < 100 && session.received < 5; tries++) await pause(20);
    expect(session).toMatchObject({ open: true, senders: 1 });
    expect(session.received).toBeGreaterThanOrEqual(5);
    expect(session.sent).toBeGreaterThanOrEqual(session.received);
    await session.close();
    expect(session.open).toBe(false);
    await close();
  });

  it("says what was missing", async () => {
    await expect(openSession(silent, { transportPolicy: "relay", timeoutSeconds: 1, where })).rejects.toThrow(
      /no TURN server/,
    );
    await expect(openSession(silent, { transportPolicy: "udp", timeoutSeconds: 0.1, where })).rejects.toThrow(
      /No media connection in 0.1 s[^]*no candidates of the media server/,
    );
    const turn = { host: "127.0.0.1", port: 9, transport: "tcp", username: "u", credential: "c" } as const;
    await expect(
      openSession(silent, { transportPolicy: "relay", turn, timeoutSeconds: 0.1, where }),
    ).rejects.toThrow(/gives no relayed address: unreachable ECONNREFUSED[^]*127.0.0.1:9\/tcp/);
    const gone: Signalling = { ...silent, listen: (_handler, broken) => broken("it went") };
    await expect(openSession(gone, { transportPolicy: "udp", timeoutSeconds: 5, where })).rejects.toThrow(
      /signalling ended before media flowed: it went/,
    );
  });

  it("tells a closed door from what else may be wrong", async () => {
    const closed = openSession(silent, { transportPolicy: "udp", timeoutSeconds: 0.1, where });
    await expect(closed).rejects.toBeInstanceOf(NoMedia);
    const gone: Signalling = { ...silent, listen: (_handler, broken) => broken("it went") };
    const ended = await openSession(gone, { transportPolicy: "udp", timeoutSeconds: 5, where }).catch(
      (error: unknown) => error,
    );
    expect(ended).toBeInstanceOf(ProbeError);
    expect(ended).not.toBeInstanceOf(NoMedia);
  });

  it("reads candidates of SDP", () => {
    expect(parseCandidate("candidate:1 1 TCP 1671430143 192.0.2.1 8443 typ host tcptype passive")).toEqual({
      type: "host",
      protocol: "tcp",
      address: "192.0.2.1",
      port: 8443,
    });
  });
});

describe("rtcd's messages", () => {
  it("are two msgpack values in a row", () => {
    const frame = packMessage("leave", { sessionID: "s" });
    expect(frame.toString("latin1")).toBe("\xa5leave\x81\xa9sessionID\xa1s");
    expect(unpackMessage(frame)).toEqual(["leave", { sessionID: "s" }]);
  });
});
