import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockPlugin } from "../../scripts/digests";

describe("the checksum of the meetings' plugin", () => {
  const dir = mkdtempSync(join(tmpdir(), "muster-lock-"));
  const file = join(dir, "plugins.lock.json");
  const archive = Buffer.from([0, 1, 2, 255]);
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer(({ url: path }, response) => {
      response.statusCode = path === "/plugin.tar.gz" ? 200 : 404;
      response.end(archive);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    rmSync(dir, { recursive: true });
  });

  it("is that of what its publisher gives, under the plugin's version", async () => {
    const sha256 = createHash("sha256").update(archive).digest("hex");
    expect(await lockPlugin({ id: "p", version: "1.2.3", url: `${url}/plugin.tar.gz` }, file)).toBe(sha256);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ "p:1.2.3": sha256 });
  });

  it("stays what it was where the publisher gives something else than an archive", async () => {
    writeFileSync(file, "{}");
    await expect(lockPlugin({ id: "p", version: "2.0.0", url: `${url}/gone` }, file)).rejects.toThrow(
      "Nothing was written.",
    );
    expect(readFileSync(file, "utf8")).toBe("{}");
  });
});
