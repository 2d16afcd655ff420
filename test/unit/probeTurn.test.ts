import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  allocate,
  echoThroughTurn,
  stunBinding,
  turnCredentials,
  turnServers,
  udpEcho,
  type UdpEcho,
} from "../../probe";
import { freePort } from "../helpers/freePort";

describe("turnCredentials", () => {
  it("are those of coturn's REST API", () => {
    // Also in pion/turn's tests.
    expect(turnCredentials("foobar", { now: 1599491771000, ttlSeconds: 0 })).toEqual({
      username: "1599491771",
      credential: "Tpz/nKkyvX/vMSLKvL4sbtBt8Vs=",
    });
    expect(turnCredentials("foobar", { user: "ann", now: 1000, ttlSeconds: 60 }).username).toBe("61:ann");
    expect(() => turnCredentials("")).toThrow(/secret is empty/);
  });
});

describe("turnServers", () => {
  it("are taken from a browser's iceServers", () => {
    const urls = [
      "stun:turn.example.org:3478",
      "turn:turn.example.org",
      "turn:turn.example.org:443?transport=tcp",
      "turn:[2001:db8::1]:3478?transport=udp",
      "turns:turn.example.org?transport=tcp",
      "turns:turn.example.org:443",
      "turns:turn.example.org?transport=udp",
    ];
    const who = { username: "u", credential: "c" };
    expect(turnServers([{ urls, ...who }, { urls: "turn:other" }])).toEqual([
      { host: "turn.example.org", port: 3478, transport: "udp", ...who },
      { host: "turn.example.org", port: 443, transport: "tcp", ...who },
      { host: "2001:db8::1", port: 3478, transport: "udp", ...who },
      { host: "turn.example.org", port: 5349, transport: "tls", ...who },
      { host: "turn.example.org", port: 443, transport: "tls", ...who },
      { host: "other", port: 3478, transport: "udp" },
    ]);
  });
});

const found = spawnSync("turnserver", ["--version"]).error === undefined;
if (!found)
  console.warn("SKIPPED: no turnserver (coturn) in PATH, so TURN is not tested against a real server");

(found ? describe : describe.skip)("a real coturn", () => {
  const host = "127.0.0.1";
  const secret = "a secret of the test";
  let port = 0;
  let coturn: ChildProcess;
  let echo: UdpEcho;
  const folder = mkdtempSync(join(tmpdir(), "muster-coturn-"));

  beforeAll(async () => {
    port = await freePort();
    const lines = [
      ...[`listening-ip=${host}`, `relay-ip=${host}`, `listening-port=${port}`, "realm=test", "fingerprint"],
      ...["use-auth-secret", `static-auth-secret=${secret}`, "allow-loopback-peers", "user-quota=3"],
      ...["denied-peer-ip=10.0.0.0-10.255.255.255", "denied-peer-ip=169.254.0.0-169.254.255.255"],
      ...["no-tls", "no-dtls", "no-cli", "no-rfc5780", "log-file=stdout", `pidfile=${folder}/pid`],
      `userdb=${folder}/db`,
    ];
    writeFileSync(join(folder, "conf"), lines.join("\n"));
    coturn = spawn("turnserver", ["-c", join(folder, "conf")], { stdio: "ignore" });
    echo = await udpEcho({ address: host });
    const up = async (): Promise<boolean> => (await stunBinding({ host, port, timeoutSeconds: 0.3 })).ok;
    for (let tries = 0; tries < 20 && !(await up()); tries++) await pause(50);
  });
  afterAll(() => {
    coturn.kill();
    echo.close();
    rmSync(folder, { recursive: true });
  });

  const turn = (user: string, transport: "udp" | "tcp" = "udp") =>
    ({ host, port, transport, ...turnCredentials(secret, { user }) }) as const;

  it.each(["udp", "tcp"] as const)("relays to a peer and back, reached by %s", async (transport) => {
    for (const by of ["channel", "indication"] as const) {
      // An odd size, so that padding counts.
      const options = { turn: turn(`${transport}-${by}`, transport), peer: echo.endpoint, by, bytes: 163 };
      expect(await echoThroughTurn(options)).toMatchObject({
        ok: true,
        relayed: { address: host },
        sent: 5,
        received: 5,
      });
    }
  });

  it("refuses credentials that are wrong, expired or missing with 401", async () => {
    const expired = turnCredentials(secret, { user: "late", ttlSeconds: -60 });
    for (const who of [
      { ...turn("wrong"), credential: "no" },
      { host, port, ...expired },
      { host, port },
    ])
      expect(await allocate(who)).toEqual({
        ok: false,
        outcome: "refused",
        code: 401,
        reason: "Unauthorized",
      });
  });

  it("doesn't relay into private networks: 403", async () => {
    for (const address of ["10.0.0.1", "169.254.169.254"]) {
      const peer = { address, port: 80 };
      expect(await echoThroughTurn({ turn: turn("curious"), peer })).toMatchObject({
        outcome: "refused",
        code: 403,
      });
    }
  });

  it("keeps its quota under a flood: 486", async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => allocate(turn("flood", "tcp"))));
    expect(all.filter(({ ok }) => ok)).toHaveLength(3);
    expect(all.filter((one) => !one.ok && one.code === 486)).toHaveLength(5);
    for (const one of all) if (one.ok) await one.close();
  });
});
