/** A mail server on this machine's loopback that takes every letter and passes none on. */
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

export class MailSink {
  readonly letters: { from: string; to: string[]; text: string }[] = [];
  private constructor(private readonly server: SMTPServer) {}

  static async open(): Promise<MailSink> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS"],
      onData: (stream, { envelope }, done) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          const from = envelope.mailFrom === false ? "" : envelope.mailFrom.address;
          const to = envelope.rcptTo.map(({ address }) => address);
          sink.letters.push({ from, to, text: Buffer.concat(chunks).toString("utf8") });
          done();
        });
      },
    });
    const sink = new MailSink(server);
    await new Promise<void>((listening) => void server.listen(0, "127.0.0.1", listening));
    return sink;
  }

  get port(): number {
    return (this.server.server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    return new Promise((closed) => this.server.close(closed));
  }
}
