import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { tlsLines } from "../../components/services/coturn.tls";
import {
  allocate,
  type Allocation,
  echoThroughTurn,
  servedCertificate,
  stunBinding,
  turnCredentials,
  type TurnServer,
  udpEcho,
} from "../../probe";
import { type SelfSigned, selfSigned } from "../helpers/selfSigned";
import { localTopology } from "../helpers/stacks";
import { freePort } from "../helpers/freePort";

const found =
  spawnSync("turnserver", ["--version"]).error === undefined &&
  spawnSync("openssl", ["version"]).error === undefined;
if (!found) console.warn("SKIPPED: no turnserver (coturn) or no openssl in PATH");

/** What the relay's file says of TLS, to a real coturn. */
(found ? describe : describe.skip)("a real coturn with the relay's own lines", () => {
  const host = "127.0.0.1";
  const name = "localhost";
  const secret = "a-secret-of-the-test";
  const folder = mkdtempSync(join(tmpdir(), "muster-coturn-tls-"));
  let coturn: ChildProcess;
  let port = 0;
  let tlsPort = 0;

  const place = ({ certificate, key }: SelfSigned): void => {
    writeFileSync(join(folder, "certificate.pem"), `# a first line of its own\n${certificate}${key}`);
    coturn.kill("SIGUSR2");
  };
  const turn = (transport: "tcp" | "tls", ca?: string): TurnServer => ({
    ...{ host: name, port: transport === "tls" ? tlsPort : port, transport, trust: { ca } },
    ...turnCredentials(secret, { user: "somebody" }),
  });
  const serialSeen = async (ca: string): Promise<string> => {
    const seen = await servedCertificate({ host, port: tlsPort, name, ca });
    return seen.ok ? seen.serial : seen.reason;
  };
  const serialBecomes = async (ca: string, wanted: RegExp): Promise<string> => {
    for (let tries = 0; tries < 50; tries++) {
      const serial = await serialSeen(ca);
      if (wanted.test(serial)) return serial;
      await pause(100);
    }
    throw new Error(`still ${await serialSeen(ca)}`);
  };

  beforeAll(async () => {
    [port, tlsPort] = await Promise.all([freePort(), freePort()]);
    const { settings } = localTopology({
      ...{ domain: "example.org", calls: "embedded", turn: "tls", media: { turnTlsPort: tlsPort } },
      edge: { provider: "none", dns: { provider: "httpreq" } },
    });
    const lines = [
      ...[`listening-ip=${host}`, `relay-ip=${host}`, `listening-port=${port}`, "realm=test", "fingerprint"],
      ...["use-auth-secret", `static-auth-secret=${secret}`, "allow-loopback-peers"],
      ...[
        "no-dtls",
        "no-cli",
        "no-rfc5780",
        "log-file=stdout",
        `pidfile=${folder}/pid`,
        `userdb=${folder}/db`,
      ],
      ...tlsLines(settings).map((line) => line.replace("=/tmp/", `=${folder}/`)),
    ];
    writeFileSync(join(folder, "conf"), lines.join("\n"));
    writeFileSync(join(folder, "certificate.pem"), "");
    // An OpenSSL that would let old versions of TLS pass.
    const lax =
      "[d]\nssl_conf=s\n[s]\nsystem_default=l\n[l]\nCipherString=DEFAULT@SECLEVEL=0\nMinProtocol=TLSv1\n";
    writeFileSync(join(folder, "openssl.cnf"), `openssl_conf=d\n${lax}`);
    coturn = spawn("turnserver", ["-c", join(folder, "conf")], {
      env: { ...process.env, OPENSSL_CONF: join(folder, "openssl.cnf") },
      stdio: "ignore",
    });
    const up = async (): Promise<boolean> => (await stunBinding({ host, port, timeoutSeconds: 0.3 })).ok;
    for (let tries = 0; tries < 20 && !(await up()); tries++) await pause(50);
  });
  afterAll(() => {
    coturn.kill();
    rmSync(folder, { recursive: true });
  });

  it("relays without a certificate, takes one when it is told, and another under a relayed connection", async () => {
    const echo = await udpEcho({ address: host });
    const peer = echo.endpoint;
    let allocation: Allocation | undefined;
    try {
      expect(await echoThroughTurn({ turn: turn("tcp"), peer })).toMatchObject({ ok: true, received: 5 });
      const [first, second] = [selfSigned(name), selfSigned(name)];
      expect(await serialSeen(first.certificate)).not.toMatch(/^[0-9A-F]{30,}$/);

      place(first);
      const serial = await serialBecomes(first.certificate, /^[0-9A-F]{30,}$/);
      const secure = turn("tls", first.certificate);
      expect(await echoThroughTurn({ turn: secure, peer })).toMatchObject({ ok: true, received: 5 });

      const taken = await allocate(secure);
      if (!taken.ok) throw new Error(taken.reason);
      allocation = taken;
      expect(await taken.bind(peer)).toEqual({ ok: true });
      place(second);
      expect(await serialBecomes(second.certificate, /^[0-9A-F]{30,}$/)).not.toBe(serial);
      expect(await echoed(taken, peer)).toBe("still here");
    } finally {
      await allocation?.close();
      echo.close();
    }
  });

  it("speaks TLS 1.2, and nothing older", async () => {
    const only = selfSigned(name);
    const old = await serialSeen(only.certificate);
    place(only);
    await serialBecomes(only.certificate, new RegExp(`^(?!${old}$)[0-9A-F]{30,}$`));
    const at = { host, port: tlsPort, name, ca: only.certificate };
    const protocol = "TLSv1.2";
    expect(await servedCertificate({ ...at, protocol })).toMatchObject({ ok: true, protocol });
    for (const older of ["TLSv1.1", "TLSv1"] as const)
      expect(await servedCertificate({ ...at, protocol: older })).toMatchObject({ ok: false });
  });
});

function echoed(allocation: Allocation, peer: { address: string; port: number }): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("nothing came back")), 3000);
    allocation.listen(({ data }) => {
      clearTimeout(timer);
      resolve(data.toString());
    });
    allocation.send(peer, Buffer.from("still here"));
  });
}
