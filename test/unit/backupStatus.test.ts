import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { readBackupStatus, unknownStatus } from "../../components/host/backupStatus";

const container = "muster-test-backup";

describe("what the backup's container has written down", () => {
  let dir: string;
  let server: Server | undefined;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "muster-engine-"));
  });
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((done) => (server === undefined ? done(0) : server.close(done)));
    server = undefined;
    rmSync(dir, { recursive: true });
  });
  const socket = (): string => join(dir, "docker.sock");
  const engine = async (listener: RequestListener): Promise<void> => {
    server = createServer(listener);
    await new Promise<void>((done) => server?.listen(socket(), done));
  };
  const read = (patienceMs?: number): ReturnType<typeof readBackupStatus> =>
    readBackupStatus(`unix://${socket()}`, container, patienceMs);
  const archived = async (text: string, pax?: Record<string, string>): Promise<Buffer> => {
    const archive = pack();
    archive.entry({ name: "record", ...(pax === undefined ? {} : { pax }) }, text);
    archive.finalize();
    return buffer(archive);
  };

  it("is read from its volume, file by file", async () => {
    const files: Record<string, Buffer> = {
      "/status/backup.good": await archived("state\tgood\nat\t12\nwhy\tasked for\n"),
      "/status/drill.good": await archived("at\t34\n", { comment: "an extended header before the file" }),
    };
    await engine(({ url = "" }, response) => {
      const { pathname, searchParams } = new URL(url, "http://engine");
      const file = files[searchParams.get("path") ?? ""];
      if (pathname !== `/containers/${container}/archive` || file === undefined)
        response.writeHead(404).end();
      else response.end(file);
    });
    expect(await read()).toEqual({
      backup: { state: "good", at: "12", why: "asked for" },
      drill: { at: "34" },
    });
  });

  it.each<[string, RequestListener]>([
    ["there is no container", (_, response) => response.writeHead(404).end('{"message":"none"}')],
    ["the answer is no archive", (_, response) => response.end("x".repeat(2000))],
    [
      "the answer is cut off",
      (_, response) =>
        response.writeHead(200, { "content-length": "9999" }).write("x", () => response.destroy()),
    ],
    ["there is nothing in it", (_, response) => response.end(Buffer.alloc(1024))],
  ])("is unknown where %s", async (_, listener) => {
    await engine(listener);
    expect(await read()).toEqual(unknownStatus);
  });

  it("is unknown where there is no engine", async () => {
    expect(await read()).toEqual(unknownStatus);
  });

  it.each<[string, RequestListener]>([
    ["says nothing", () => undefined],
    ["begins and stops", (_, response) => response.write("x")],
  ])("isn't waited for longer than is asked where the engine %s", async (_, listener) => {
    await engine(listener);
    const began = Date.now();
    expect(await read(200)).toEqual(unknownStatus);
    expect(Date.now() - began).toBeLessThan(2000);
  });
});
