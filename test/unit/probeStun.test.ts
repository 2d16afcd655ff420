import { createSocket, type Socket } from "node:dgram";
import { createServer, type AddressInfo, type Server } from "node:net";
import { classes, Message, methods, parseMessage } from "werift";
import { iceCheck, stunBinding, tcpOpen, udpClosed } from "../../probe";
import { type Framing, rfc4571, stunStream } from "../../probe/net/framing";

const host = "127.0.0.1";
type Answer = (request: Message, raw: Buffer, from: [string, number]) => Message | undefined;

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

function udpServer(answer: Answer): Promise<number> {
  const socket: Socket = createSocket("udp4");
  socket.on("message", (raw, { address, port }) => {
    const request = parseMessage(raw);
    const reply = request && answer(request, raw, [address, port]);
    if (reply !== undefined) socket.send(reply.bytes, port, address);
  });
  closing.push(() => socket.close());
  return new Promise((resolve) => socket.bind(0, host, () => resolve(socket.address().port)));
}

function tcpServer(framing: Framing, answer: Answer): Promise<number> {
  const server: Server = createServer((socket) => {
    let rest = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      const split = framing.split(Buffer.concat([rest, chunk]));
      rest = Buffer.from(split.rest);
      for (const raw of split.frames) {
        const request = parseMessage(raw);
        const reply = request && answer(request, raw, [host, socket.remotePort ?? 0]);
        if (reply !== undefined) socket.write(framing.encode(reply.bytes));
      }
    });
    socket.on("error", () => undefined);
  });
  closing.push(() => server.close());
  return new Promise((resolve) =>
    server.listen(0, host, () => resolve((server.address() as AddressInfo).port)),
  );
}

const mapped: Answer = ({ transactionId }, _raw, from) =>
  new Message(methods.BINDING, classes.RESPONSE, transactionId)
    .setAttribute("XOR-MAPPED-ADDRESS", from)
    .addFingerprint();

describe("stunBinding", () => {
  it("tells our address, by UDP and TCP", async () => {
    const udp = await stunBinding({ host, port: await udpServer(mapped) });
    expect(udp).toMatchObject({ ok: true, mapped: { address: host, port: expect.any(Number) } });
    const port = await tcpServer(stunStream, mapped);
    const tcp = await stunBinding({ host, port, transport: "tcp" });
    expect(tcp).toMatchObject({ ok: true, mapped: { address: host } });
  });

  it("asks again where the first packet is lost", async () => {
    let asked = 0;
    const port = await udpServer((...given) => (++asked === 1 ? undefined : mapped(...given)));
    expect(await stunBinding({ host, port })).toMatchObject({ ok: true });
    expect(asked).toBe(2);
  });

  it("takes no answer to another question", async () => {
    const port = await udpServer((request, raw, from) =>
      mapped(Object.assign(request, { transactionId: Buffer.alloc(12, 7) }), raw, from),
    );
    expect(await stunBinding({ host, port, timeoutSeconds: 0.2 })).toEqual({
      ok: false,
      outcome: "no-answer",
      reason: "no answer in 0.2 s",
    });
  });

  it("tells a refusal with its code", async () => {
    const port = await udpServer(({ transactionId }) =>
      new Message(methods.BINDING, classes.ERROR, transactionId).setAttribute("ERROR-CODE", [
        400,
        "Bad Request",
      ]),
    );
    expect(await stunBinding({ host, port })).toEqual({
      ok: false,
      outcome: "refused",
      code: 400,
      reason: "Bad Request",
    });
  });

  it("tells a closed port and an unknown name", async () => {
    const port = await udpServer(mapped);
    closing.splice(0).forEach((close) => close());
    expect(await stunBinding({ host, port })).toMatchObject({ ok: false, outcome: "unreachable" });
    expect(await stunBinding({ host, port, transport: "tcp" })).toMatchObject({ outcome: "unreachable" });
    expect(await stunBinding({ host: "nowhere.invalid", port })).toMatchObject({ outcome: "unreachable" });
  });

  it("refuses a time that can't be waited for", async () => {
    await expect(stunBinding({ host, port: 1, timeoutSeconds: 0 })).rejects.toThrow(
      /timeoutSeconds[^]*allowed:/,
    );
  });
});

describe("iceCheck", () => {
  const remote = { ufrag: "theirs", pwd: "a password of twenty-two" };

  /** Answers as an ICE agent does: signed, and only to whom knows the password. */
  const agent: Answer = (request, raw, from) => {
    const key = Buffer.from(remote.pwd);
    if (parseMessage(raw, key) === undefined) return undefined;
    if (request.getAttributeValue("USERNAME") !== "theirs:ours") return undefined;
    return new Message(methods.BINDING, classes.RESPONSE, request.transactionId)
      .setAttribute("XOR-MAPPED-ADDRESS", from)
      .addMessageIntegrity(key)
      .addFingerprint();
  };

  it.each(["udp", "tcp"] as const)("is answered by %s", async (protocol) => {
    const port = await (protocol === "udp" ? udpServer(agent) : tcpServer(rfc4571, agent));
    const check = { address: host, port, protocol, remote, localUfrag: "ours" };
    expect(await iceCheck(check)).toMatchObject({ ok: true, mapped: { address: host } });
  });

  it("isn't answered with a wrong password, and takes no unsigned answer", async () => {
    const check = { address: host, protocol: "udp", localUfrag: "ours", timeoutSeconds: 0.2 } as const;
    const wrong = { ...check, port: await udpServer(agent), remote: { ...remote, pwd: "wrong" } };
    expect(await iceCheck(wrong)).toMatchObject({ ok: false, outcome: "no-answer" });
    const unsigned = { ...check, port: await udpServer(mapped), remote };
    expect(await iceCheck(unsigned)).toMatchObject({ ok: false, outcome: "no-answer" });
  });
});

describe("ports of which nothing is known", () => {
  it("are open or closed", async () => {
    const tcp = await tcpServer(rfc4571, mapped);
    const udp = await udpServer(mapped);
    expect(await tcpOpen({ host, port: tcp })).toMatchObject({
      ok: true,
      remote: { address: host, port: tcp },
    });
    expect(await udpClosed({ host, port: udp, timeoutSeconds: 0.2 })).toMatchObject({ closed: false });
    closing.splice(0).forEach((close) => close());
    expect(await tcpOpen({ host, port: tcp })).toMatchObject({ ok: false, outcome: "unreachable" });
    expect(await udpClosed({ host, port: udp })).toEqual({ closed: true, reason: "ECONNREFUSED" });
  });
});
