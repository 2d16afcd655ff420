/** A mail server, asked as one asks who is about to hand mail over; none is. */
import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { checkTimeout, type Failure, within } from "../error";
import { tlsOptions, type Trust } from "./trust";
import { failureOf, nameOf } from "./wire";

export interface SmtpGreeting {
  readonly ok: true;
  /** What it can do, as it says after TLS, for example `AUTH PLAIN LOGIN`. */
  readonly offers: readonly string[];
  /** For example TLSv1.3; left out without TLS. */
  readonly protocol?: string;
}
export type SmtpAnswer = SmtpGreeting | Failure;

/**
 * Greets the server, begins TLS where that is asked for, and hangs up. A certificate that isn't trusted, or is for
 * another name, is a failure with Node's code for it.
 * @param options.security `starttls`: TLS within the conversation. `tls`: from the first byte on
 * @param options.timeoutSeconds for all of it; default 8
 */
export async function smtpGreeting({
  host,
  port,
  security,
  timeoutSeconds = 8,
  ...trust
}: Trust & {
  host: string;
  port: number;
  security: "starttls" | "tls" | "none";
  timeoutSeconds?: number;
}): Promise<SmtpAnswer> {
  checkTimeout(timeoutSeconds, `smtpGreeting ${host}:${port}`);
  const sockets: Socket[] = [];
  const keep = <S extends Socket>(socket: S): S => {
    sockets.push(socket);
    return socket;
  };
  const converse = async (): Promise<SmtpAnswer> => {
    const options = { ...nameOf(host), ...tlsOptions(trust) };
    const first = keep(
      security === "tls"
        ? connectTls({ host, port, ...options })
        : connect({ host: trust.address ?? host, port }),
    );
    await ready(first, security === "tls" ? "secureConnect" : "connect");
    let line = new Conversation(first);
    await line.expect(220);
    let offers = await line.ask("EHLO muster.invalid", 250);
    if (security !== "starttls")
      return greeting(offers, security === "tls" ? (first as TLSSocket) : undefined);
    await line.ask("STARTTLS", 220);
    const secure = keep(connectTls({ socket: first, ...options }));
    await ready(secure, "secureConnect");
    line = new Conversation(secure);
    offers = await line.ask("EHLO muster.invalid", 250);
    return greeting(offers, secure);
  };
  try {
    return await within<SmtpAnswer, Failure>(timeoutSeconds, converse(), {
      ok: false,
      outcome: "no-answer",
      reason: `no answer in ${timeoutSeconds} s`,
    });
  } catch (error) {
    return error instanceof Refused
      ? { ok: false, outcome: "refused", code: error.code, reason: error.message }
      : failureOf(error as NodeJS.ErrnoException);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

const greeting = (offers: readonly string[], secure: TLSSocket | undefined): SmtpGreeting => ({
  ok: true,
  // The first line is the server's name.
  offers: offers.slice(1),
  ...(secure === undefined ? {} : { protocol: secure.getProtocol() ?? "TLS" }),
});

/** The server's own no. */
class Refused extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

const ready = (socket: Socket, event: "connect" | "secureConnect"): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once(event, resolve).once("error", reject);
  });

/** Lines to and fro. */
class Conversation {
  private received = "";
  private waiting: (() => void) | undefined;
  private broken: Error | undefined;

  constructor(private readonly socket: Socket) {
    socket.on("data", this.take).on("error", this.fail).on("close", this.closed);
  }

  ask(command: string, code: number): Promise<string[]> {
    this.socket.write(`${command}\r\n`);
    return this.expect(code);
  }

  /** The lines of one answer, without their code. @throws Refused where that is another one. */
  async expect(code: number): Promise<string[]> {
    for (;;) {
      const whole = /^(?:\d{3}-.*\r?\n)*\d{3}(?: .*)?\r?\n/.exec(this.received)?.[0];
      if (whole !== undefined) {
        this.received = this.received.slice(whole.length);
        const lines = whole.trimEnd().split(/\r?\n/);
        const said = Number(whole.slice(0, 3));
        if (said !== code) throw new Refused(said, lines.at(-1) ?? "");
        return lines.map((line) => line.slice(4));
      }
      if (this.broken !== undefined) throw this.broken;
      await new Promise<void>((resolve) => (this.waiting = resolve));
    }
  }

  private readonly take = (chunk: Buffer): void => {
    this.received += chunk.toString("utf8");
    this.waiting?.();
  };
  private readonly fail = (error: Error): void => {
    this.broken = error;
    this.waiting?.();
  };
  private readonly closed = (): void => this.fail(this.broken ?? new Error("the server hung up"));
}
