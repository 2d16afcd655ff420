/** A plugin's archive as its makers publish it, served where containers reach this machine. */
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";

/** What stands in a plugin's `plugin.json`, as far as an installation looks at it. */
export interface Manifest {
  id: string;
  name: string;
  version: string;
  min_server_version: string;
}

/** The meetings' plugin. */
const jitsi: Manifest = { id: "jitsi", name: "Jitsi", version: "2.1.0", min_server_version: "5.2.0" };

export class PluginServer {
  private server: Server | undefined;

  /** @returns the plugin, as `muster:chat.plugins` names it. */
  async serve(
    address: string,
    manifest: Manifest = jitsi,
  ): Promise<{ id: string; version: string; url: string; sha256: string }> {
    const { id, version } = manifest;
    const archive = await archiveOf(manifest);
    const server = createServer((_request, response) => response.end(archive));
    this.server = server;
    await new Promise<void>((listening) => server.listen(0, address, listening));
    const bound = server.address();
    const port = typeof bound === "object" && bound !== null ? bound.port : 0;
    const sha256 = createHash("sha256").update(archive).digest("hex");
    return { id, version, url: `http://${address}:${port}/${id}-${version}.tar.gz`, sha256 };
  }

  close(): void {
    this.server?.close();
  }
}

async function archiveOf(manifest: Manifest): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: `${manifest.id}/plugin.json` }, JSON.stringify(manifest));
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return gzipSync(Buffer.concat(chunks));
}
