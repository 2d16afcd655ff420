import { join } from "node:path";
import { accounts, busyboxEntries, busyboxTools } from "./busybox";
import { authorityEntries, programOnModule } from "./goModule";
import { sources, versionOf, type Recipe, type Reference } from "./recipe";

// The real rclone with the few of its parts that backups use: all of them together take many minutes to build. b2 is
// here for its flag --b2-hard-delete, which restic gives every rclone.
const main = `package main

import (
	"github.com/rclone/rclone/cmd"

	_ "github.com/rclone/rclone/backend/b2"
	_ "github.com/rclone/rclone/backend/local"
	_ "github.com/rclone/rclone/backend/sftp"
	_ "github.com/rclone/rclone/cmd/lsf"
	_ "github.com/rclone/rclone/cmd/mkdir"
	_ "github.com/rclone/rclone/cmd/obscure"
	_ "github.com/rclone/rclone/cmd/serve"
	_ "github.com/rclone/rclone/cmd/serve/restic"
	_ "github.com/rclone/rclone/cmd/version"
)

func main() { cmd.Main() }
`;

export async function rcloneRecipe(reference: Reference): Promise<Recipe> {
  const version = versionOf(reference);
  return {
    what: `rclone ${version} built from its Go module with the backends local, sftp and b2 alone, with a busybox in place of Alpine`,
    kind: "home-made",
    tools: ["go", ...busyboxTools],
    inputs: [
      version,
      ...(await sources(__filename, join(__dirname, "goModule.ts"), join(__dirname, "busybox.ts"))),
    ],
    config: [
      "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin XDG_CONFIG_HOME=/config",
      "WORKDIR /data",
      'ENTRYPOINT ["rclone"]',
    ],
    gather: async () => [
      ...(await busyboxEntries()),
      ...accounts("rclone", 1009, "/home/rclone"),
      ...(await authorityEntries()),
      { type: "folder", path: "root", mode: 0o700 },
      { type: "folder", path: "data" },
      {
        type: "file",
        path: "usr/local/bin/rclone",
        from: await programOnModule("rclone", main, "github.com/rclone/rclone", version),
        mode: 0o755,
      },
    ],
  };
}
