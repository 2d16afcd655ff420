import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import { mailSeen } from "../../doctor/before/mail";
import { smtpGreeting } from "../../probe/net/smtp";
import { selfSigned } from "../helpers/selfSigned";

const { certificate: cert, key } = selfSigned("mail.example.org");
const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

interface Manner {
  /** TLS from the first byte on. */
  tls?: boolean;
  /** What it says first. */
  hello?: string;
  /** What it can do, before TLS and after. */
  offers?: string[];
  starttls?: boolean;
  /** It never says a word. */
  silent?: boolean;
  /** It hangs up at once. */
  hangsUp?: boolean;
}
/** What clients have said. */
const heard: string[] = [];

async function mailServer({
  tls = false,
  hello = "220-mail.example.org\r\n220 at your service",
  offers = [],
  starttls = true,
  silent = false,
  hangsUp = false,
}: Manner): Promise<number> {
  const serve = (socket: Socket, secure: boolean): void => {
    const write = (text: string): void => void socket.write(`${text}\r\n`);
    const greet = secure ? [...offers, "SIZE 1"] : [...(starttls ? ["STARTTLS"] : []), "SIZE 1"];
    const answer = (chunk: Buffer): void => {
      const line = chunk.toString("utf8").trim();
      heard.push(line);
      if (line.startsWith("EHLO"))
        write(
          ["mail.example.org", ...greet]
            .map((word, at) => `250${at === greet.length ? " " : "-"}${word}`)
            .join("\r\n"),
        );
      else if (line === "STARTTLS" && starttls) {
        write("220 go on");
        socket.off("data", answer);
        const inner = new TLSSocket(socket, { isServer: true, cert, key });
        inner.on("error", () => undefined);
        serve(inner, true);
      } else write("502 5.5.1 command not implemented");
    };
    socket.on("data", answer).on("error", () => undefined);
  };
  const welcome = (socket: Socket): void => {
    if (hangsUp) socket.end();
    else if (!silent) {
      serve(socket, tls);
      socket.write(`${hello}\r\n`);
    }
  };
  const server = tls ? createTlsServer({ cert, key }, welcome) : createServer(welcome);
  server.on("tlsClientError", () => undefined);
  servers.push(server);
  heard.length = 0;
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)),
  );
}

const greet = async (security: "starttls" | "tls" | "none", manner: Manner = {}, trusted = true) =>
  smtpGreeting({
    ...{ host: "mail.example.org", port: await mailServer(manner), security, address: "127.0.0.1" },
    ...{ timeoutSeconds: 2, ...(trusted ? { ca: cert } : {}) },
  });

describe("a mail server that is greeted", () => {
  it("says what it can do, and hears nothing of a mail", async () => {
    const offers = ["AUTH PLAIN LOGIN"];
    expect(await greet("starttls", { offers })).toEqual({
      ok: true,
      offers: [...offers, "SIZE 1"],
      protocol: "TLSv1.3",
    });
    expect(heard).toEqual(["EHLO muster.invalid", "STARTTLS", "EHLO muster.invalid"]);
    expect(await greet("tls", { tls: true, offers })).toMatchObject({ ok: true, protocol: "TLSv1.3" });
    expect(await greet("none")).toEqual({ ok: true, offers: ["STARTTLS", "SIZE 1"] });
  });

  it.each<[string, "starttls" | "tls" | "none", Manner, object]>([
    ["has no TLS to begin", "starttls", { starttls: false }, { outcome: "refused", code: 502 }],
    ["is busy", "none", { hello: "421 too many" }, { outcome: "refused", code: 421, reason: "421 too many" }],
    ["says nothing", "none", { silent: true }, { outcome: "no-answer", reason: "no answer in 2 s" }],
    ["hangs up", "none", { hangsUp: true }, { outcome: "unreachable", reason: "the server hung up" }],
    ["waits for TLS", "starttls", { tls: true }, { ok: false }],
    ["knows no TLS", "tls", {}, { ok: false }],
  ])("%s", async (_what, security, manner, failure) => {
    expect(await greet(security, manner)).toMatchObject({ ok: false, ...failure });
  });

  it.each(["starttls", "tls"] as const)(
    "shows a certificate by %s that must be trusted, and for its name",
    async (security) => {
      const tls = security === "tls";
      expect(await greet(security, { tls }, false)).toMatchObject({ reason: "DEPTH_ZERO_SELF_SIGNED_CERT" });
      const port = await mailServer({ tls });
      const other = { host: "other.example.org", port, security, address: "127.0.0.1", ca: cert };
      expect(await smtpGreeting(other)).toMatchObject({ reason: "ERR_TLS_CERT_ALTNAME_INVALID" });
    },
  );
});

describe("the mail server before a first up", () => {
  const mail = { host: "mail.example.org", port: 587, security: "starttls", from: "a@example.org" } as const;
  const answer = { ok: true, offers: ["AUTH PLAIN"], protocol: "TLSv1.3" } as const;
  const closed = { ok: false, outcome: "unreachable", reason: "ECONNREFUSED" } as const;

  it("is well where it answers as it should", () => {
    expect(mailSeen({ ...mail, username: "a" }, answer, true)).toEqual({
      ok: true,
      saw: "mail.example.org:587, TLSv1.3",
    });
    expect(mailSeen({ ...mail, security: "none" }, { ok: true, offers: [] }, true).saw).toContain(
      "without TLS",
    );
  });

  it("must let somebody sign in who has a name", () => {
    const nobody = { ok: true, offers: ["SIZE 1", "XAUTH"], protocol: "TLSv1.3" } as const;
    expect(mailSeen(mail, nobody, true).ok).toBe(true);
    expect(mailSeen({ ...mail, username: "a" }, nobody, true)).toMatchObject({
      ok: false,
      fix: expect.stringContaining("remove muster:mail.username"),
    });
    expect(mailSeen({ ...mail, username: "a", security: "none" }, nobody, true)).toMatchObject({
      fix: expect.stringContaining("starttls or tls"),
    });
  });

  it("is an error where the machine itself can't reach it, and a warning where only this one can't", () => {
    expect(mailSeen(mail, closed, true)).toEqual({
      ok: false,
      saw: "mail.example.org:587: ECONNREFUSED",
      fix: expect.stringContaining("465 with tls"),
    });
    expect(mailSeen(mail, closed, false)).toMatchObject({
      severity: "warning",
      saw: "mail.example.org:587: ECONNREFUSED, from this machine",
    });
    const refused = { ok: false, outcome: "refused", code: 554, reason: "554 no" } as const;
    expect(mailSeen(mail, refused, false)).not.toHaveProperty("severity");
    const untrusted = { ok: false, outcome: "unreachable", reason: "CERT_HAS_EXPIRED" } as const;
    expect(mailSeen(mail, untrusted, false)).toEqual({
      ok: false,
      saw: "mail.example.org:587: CERT_HAS_EXPIRED",
      fix: "let muster:mail.host be the name that the server's certificate is for",
    });
  });
});
