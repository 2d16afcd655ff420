/** A name server of the tests' own: the records that it is given, over UDP and, as Pebble asks, TCP. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

const types: Readonly<Record<number, "A" | "TXT">> = { 1: "A", 16: "TXT" };
const headerBytes = 12;

export class NameServer {
  private readonly texts = new Map<string, Set<string>>();
  private readonly socket: Socket = createSocket("udp4");
  /** A client of ours sends one question for each connection, and small enough to come in one piece. */
  private readonly server: Server = createServer((connection) => {
    connection.on("error", () => connection.destroy());
    connection.once("data", (data) => {
      const answer = this.answer(data.subarray(2)) ?? Buffer.alloc(0);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      connection.end(Buffer.concat([length, answer]));
    });
  });

  private constructor(
    readonly address: string,
    readonly port: number,
    private readonly hostOf: (name: string) => string | undefined,
  ) {}

  /** @param hostOf the IPv4 address of a name; without one it has none. */
  static async open(
    address: string,
    port: number,
    hostOf: (name: string) => string | undefined = () => undefined,
  ): Promise<NameServer> {
    const server = new NameServer(address, port, hostOf);
    server.socket.on("message", (query, from) => {
      const answer = server.answer(query);
      if (answer !== undefined) server.socket.send(answer, from.port, from.address);
    });
    server.socket.bind(port, address);
    await once(server.socket, "listening");
    server.server.listen(port, address);
    await once(server.server, "listening");
    return server;
  }

  /** `host:port`, as lego and Pebble take it. */
  get at(): string {
    return `${this.address}:${this.port}`;
  }

  addText(name: string, text: string): void {
    const key = keyOf(name);
    this.texts.set(key, (this.texts.get(key) ?? new Set()).add(text));
  }

  removeText(name: string, text: string): void {
    this.texts.get(keyOf(name))?.delete(text);
  }

  close(): void {
    this.socket.close();
    this.server.close();
  }

  private answer(query: Buffer): Buffer | undefined {
    const question = questionIn(query);
    if (question === undefined) return undefined;
    const { name, type, end } = question;
    const data = this.recordsOf(name, types[type]);
    const header = Buffer.alloc(headerBytes);
    query.copy(header, 0, 0, 2);
    // An answer with authority, and no error.
    header.writeUInt16BE(0x8580, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(data.length, 6);
    const records = data.map((rdata) => {
      const fields = Buffer.alloc(headerBytes);
      // The name is that of the question.
      fields.writeUInt16BE(0xc00c, 0);
      fields.writeUInt16BE(type, 2);
      fields.writeUInt16BE(1, 4);
      fields.writeUInt16BE(rdata.length, 10);
      return Buffer.concat([fields, rdata]);
    });
    return Buffer.concat([header, query.subarray(headerBytes, end), ...records]);
  }

  private recordsOf(name: string, type: "A" | "TXT" | undefined): Buffer[] {
    if (type === "TXT")
      return [...(this.texts.get(name) ?? [])].map((text) =>
        Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]),
      );
    const host = type === "A" ? this.hostOf(name) : undefined;
    return host === undefined ? [] : [Buffer.from(host.split(".").map(Number))];
  }
}

const keyOf = (name: string): string => name.toLowerCase().replace(/\.$/, "");

/** The one question of a query, and where it ends. */
function questionIn(query: Buffer): { name: string; type: number; end: number } | undefined {
  const labels: string[] = [];
  let at = headerBytes;
  for (;;) {
    const length = query[at];
    if (length === undefined) return undefined;
    at += 1;
    if (length === 0) break;
    labels.push(query.toString("latin1", at, at + length));
    at += length;
  }
  if (query.length < at + 4) return undefined;
  return { name: keyOf(labels.join(".")), type: query.readUInt16BE(at), end: at + 4 };
}
