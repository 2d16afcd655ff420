import { join } from "node:path";
import { accounts, busyboxEntries, busyboxTools } from "./busybox";
import { authorityEntries, programOnModule } from "./goModule";
import { sources, versionOf, type Recipe, type Reference } from "./recipe";
import type { Entry } from "./rootfs";

// A program of our own, so that `caddy version` names the release.
const main = `package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"
)

func main() { caddycmd.Main() }
`;

export async function caddyRecipe(reference: Reference): Promise<Recipe> {
  const version = versionOf(reference);
  return {
    what: `Caddy ${version} built from its Go module, with a busybox in place of Alpine`,
    kind: "home-made",
    tools: ["go", ...busyboxTools],
    inputs: [
      version,
      ...(await sources(__filename, join(__dirname, "goModule.ts"), join(__dirname, "busybox.ts"))),
    ],
    // As in the official image, which also runs as root and declares no volume.
    config: [
      `ENV CADDY_VERSION=v${version} XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data`,
      "EXPOSE 80 443 443/udp 2019",
      "WORKDIR /srv",
      'CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]',
    ],
    gather: async () => [
      ...(await busyboxEntries()),
      ...accounts(),
      ...(await authorityEntries()),
      ...["config/caddy", "data/caddy", "srv", "root"].map((path): Entry => ({ type: "folder", path })),
      { type: "text", path: "etc/caddy/Caddyfile", text: ':80\nrespond "Caddy, made for tests"\n' },
      {
        type: "file",
        path: "usr/bin/caddy",
        from: await programOnModule("caddy", main, "github.com/caddyserver/caddy/v2/cmd", version),
        mode: 0o755,
        capability: "NET_BIND_SERVICE",
      },
    ],
  };
}
