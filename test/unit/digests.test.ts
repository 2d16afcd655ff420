import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockDigests, type Pin } from "../../scripts/digests";

const sha256 = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const index = (architecture: string): string =>
  JSON.stringify({ schemaVersion: 2, manifests: [{ platform: { os: "linux", architecture } }] });
const config = JSON.stringify({ os: "linux", architecture: "amd64" });
const image = JSON.stringify({ schemaVersion: 2, config: { digest: sha256(config) } });

const pin = (repository: string, tag: string): Pin => ({
  registry: "docker.io",
  repository,
  tag,
  key: `${repository}:${tag}`,
});

/** A registry on this machine that wants a token, and counts what it is asked. */
class Registry {
  readonly requests: { method: string; url: string; accept: string; token: string | undefined }[] = [];
  /** Answers with an error this many times before it answers properly. */
  busy = 0;
  /** Bodies by `repository/manifests/reference` or `repository/blobs/digest`. */
  readonly content = new Map<string, string>();
  /** Digest to claim instead of the right one. */
  claims: string | undefined;
  address = "";
  private readonly server: Server = createServer((request, response) => {
    this.answer(request, response);
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.address = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  tag(repository: string, tag: string, body: string): void {
    this.content.set(`${repository}/manifests/${tag}`, body);
    this.content.set(`${repository}/manifests/${sha256(body)}`, body);
  }

  private answer({ method = "", url = "", headers }: IncomingMessage, response: ServerResponse): void {
    this.requests.push({ method, url, accept: headers.accept ?? "", token: headers.authorization });
    if (this.busy > 0) {
      this.busy -= 1;
      response.writeHead(503).end();
    } else if (url.startsWith("/token?")) {
      const scope = new URL(url, this.address).searchParams.get("scope") ?? "";
      response.end(JSON.stringify({ token: `for ${scope}` }));
    } else this.answerSignedIn(url, headers.authorization, response);
  }

  private answerSignedIn(url: string, token: string | undefined, response: ServerResponse): void {
    const path = url.replace(/^\/v2\//, "");
    const scope = `repository:${path.replace(/\/(manifests|blobs)\/.*$/, "")}:pull`;
    const body = this.content.get(path);
    if (token !== `Bearer for ${scope}`)
      response
        .writeHead(401, {
          "www-authenticate": `Bearer realm="${this.address}/token",service="test",scope="${scope}"`,
        })
        .end();
    else if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { "docker-content-digest": this.claims ?? sha256(body) }).end(body);
  }
}

describe("npm run digests", () => {
  const registry = new Registry();
  let folder: string;
  let file: string;
  const before = '{ "old:1": "as it was" }\n';

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "muster-digests-"));
    file = join(folder, "images.lock.json");
    writeFileSync(file, before);
    await registry.start();
  });
  afterEach(async () => {
    await registry.stop();
    rmSync(folder, { recursive: true });
    registry.requests.length = 0;
    registry.content.clear();
    registry.busy = 0;
    registry.claims = undefined;
  });

  const lock = (...pins: Pin[]): Promise<Record<string, string>> =>
    lockDigests(pins, file, { registry: registry.address, retries: 2, pauseMs: 1 });
  const expectUntouched = (): void => {
    expect(readFileSync(file, "utf8")).toBe(before);
  };

  it("writes the digests of indexes and of single images, sorted, and drops what is no longer pinned", async () => {
    registry.tag("library/zebra", "1.0.0", index("amd64"));
    registry.tag("acme/chat", "2.0.0", image);
    registry.content.set(`acme/chat/blobs/${sha256(config)}`, config);

    await lock(pin("library/zebra", "1.0.0"), pin("acme/chat", "2.0.0"));

    expect(readFileSync(file, "utf8")).toBe(
      `{\n  "acme/chat:2.0.0": "${sha256(image)}",\n  "library/zebra:1.0.0": "${sha256(index("amd64"))}"\n}\n`,
    );
  });

  it("fetches a token for the one repository, asks with HEAD first, and accepts indexes and images", async () => {
    registry.tag("library/zebra", "1.0.0", index("amd64"));
    await lock(pin("library/zebra", "1.0.0"));

    const manifest = "/v2/library/zebra/manifests/";
    expect(registry.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      `HEAD ${manifest}1.0.0`,
      "GET /token?service=test&scope=repository%3Alibrary%2Fzebra%3Apull",
      `HEAD ${manifest}1.0.0`,
      `GET ${manifest}${sha256(index("amd64"))}`,
    ]);
    const [, , head] = registry.requests;
    expect(head?.token).toBe("Bearer for repository:library/zebra:pull");
    expect(head?.accept.split(", ")).toEqual([
      "application/vnd.oci.image.index.v1+json",
      "application/vnd.docker.distribution.manifest.list.v2+json",
      "application/vnd.oci.image.manifest.v1+json",
      "application/vnd.docker.distribution.manifest.v2+json",
    ]);
  });

  it("lists every image that failed and writes nothing, although others were found", async () => {
    registry.tag("library/found", "1.0.0", index("amd64"));
    registry.tag("library/arm", "1.0.0", index("arm64"));
    const wanted = [
      pin("library/found", "1.0.0"),
      pin("library/missing", "9.9.9"),
      pin("library/arm", "1.0.0"),
    ];

    await expect(lock(...wanted)).rejects.toThrow(
      /^Nothing was written\. Failed:\n {2}- library\/arm:1\.0\.0: not made for linux\/amd64\n {2}- library\/missing:9\.9\.9: no such tag$/,
    );
    expectUntouched();
  });

  it.each([
    ["of another content", sha256("something else"), /the registry answers 404/],
    ["that is none", "sha256:abc", /the registry gave no digest: sha256:abc/],
  ])("refuses a digest %s", async (_, claim, message) => {
    registry.tag("library/zebra", "1.0.0", index("amd64"));
    registry.claims = claim;
    await expect(lock(pin("library/zebra", "1.0.0"))).rejects.toThrow(message);
    expectUntouched();
  });

  it("refuses a manifest that isn't what its digest says", async () => {
    registry.content.set("library/zebra/manifests/1.0.0", index("amd64"));
    registry.content.set(`library/zebra/manifests/${sha256(index("amd64"))}`, `${index("amd64")} `);
    registry.claims = sha256(index("amd64"));
    await expect(lock(pin("library/zebra", "1.0.0"))).rejects.toThrow(
      /the manifest isn't what its digest says/,
    );
    expectUntouched();
  });

  it("asks a busy registry again, and gives up after a while", async () => {
    registry.tag("library/zebra", "1.0.0", index("amd64"));
    registry.busy = 2;
    await lock(pin("library/zebra", "1.0.0"));
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ "library/zebra:1.0.0": sha256(index("amd64")) });

    writeFileSync(file, before);
    registry.requests.length = 0;
    registry.busy = 100;
    await expect(lock(pin("library/zebra", "1.0.0"))).rejects.toThrow(/the registry answers 503/);
    expect(registry.requests).toHaveLength(3);
    expectUntouched();
  });

  it("says which registry doesn't answer", async () => {
    await registry.stop();
    await expect(lock(pin("library/zebra", "1.0.0"))).rejects.toThrow(
      `  - library/zebra:1.0.0: ${registry.address} doesn't answer: connect ECONNREFUSED`,
    );
    expectUntouched();
    expect(existsSync(file)).toBe(true);
    await registry.start();
  });
});
