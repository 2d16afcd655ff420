import { dirname, join } from "node:path";
import { mkdir, writeFile } from "node:fs/promises";
import { accounts, busyboxEntries, busyboxTools } from "./busybox";
import { cached, exists, run, sources, versionOf, type Recipe, type Reference } from "./recipe";
import type { Entry } from "./rootfs";

const main = `package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"
)

func main() { caddycmd.Main() }
`;

/** The certificates of public authorities, where this machine has them. */
const certificates = "/etc/ssl/certs/ca-certificates.crt";

/** Builds the released Caddy as a dependency of a program of our own, so that `caddy version` names the release. */
async function caddyBinary(version: string): Promise<string> {
  return cached("caddy-binary", version, async (path) => {
    const folder = join(dirname(path), "module");
    await mkdir(folder);
    await writeFile(join(folder, "main.go"), main);
    const go = async (...args: string[]): Promise<string> =>
      run("go", args, { cwd: folder, env: { CGO_ENABLED: "0", GOWORK: "off" } });
    await go("mod", "init", "caddy");
    await go("get", `github.com/caddyserver/caddy/v2/cmd@v${version}`);
    await go("mod", "tidy");
    await go("build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".");
  });
}

export async function caddyRecipe(reference: Reference): Promise<Recipe> {
  const version = versionOf(reference);
  return {
    what: `Caddy ${version} built from its Go module, with a busybox in place of Alpine`,
    kind: "home-made",
    tools: ["go", ...busyboxTools],
    inputs: [version, ...(await sources(__filename, join(__dirname, "busybox.ts")))],
    // As in the official image, which also runs as root and declares no volume.
    config: [
      `ENV CADDY_VERSION=v${version} XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data`,
      "EXPOSE 80 443 443/udp 2019",
      "WORKDIR /srv",
      'CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]',
    ],
    gather: async () => {
      const authorities: Entry[] = (await exists(certificates))
        ? [{ type: "file", path: certificates.slice(1), from: certificates, mode: 0o644 }]
        : [];
      return [
        ...(await busyboxEntries()),
        ...accounts(),
        ...authorities,
        ...["config/caddy", "data/caddy", "srv", "root"].map((path): Entry => ({ type: "folder", path })),
        { type: "text", path: "etc/caddy/Caddyfile", text: ':80\nrespond "Caddy, made for tests"\n' },
        {
          type: "file",
          path: "usr/bin/caddy",
          from: await caddyBinary(version),
          mode: 0o755,
          capability: "NET_BIND_SERVICE",
        },
      ];
    },
  };
}
