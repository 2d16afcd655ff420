import { join } from "node:path";
import { accounts, busyboxEntries, busyboxTools } from "./busybox";
import { authorityEntries, programOfModule } from "./goModule";
import { sources, versionOf, type Recipe, type Reference } from "./recipe";

/** The released restic, static. */
export async function resticBinary(version: string): Promise<string> {
  return programOfModule({
    name: "restic",
    module: "github.com/restic/restic",
    version,
    folder: "cmd/restic",
  });
}

export async function resticRecipe(reference: Reference): Promise<Recipe> {
  const version = versionOf(reference);
  return {
    what: `restic ${version} built from its Go module, with a busybox in place of Alpine`,
    kind: "home-made",
    tools: ["go", ...busyboxTools],
    inputs: [
      version,
      ...(await sources(__filename, join(__dirname, "goModule.ts"), join(__dirname, "busybox.ts"))),
    ],
    // The official one starts restic through a script, which lowers its priority where that is asked for.
    config: [
      "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      'ENTRYPOINT ["/usr/bin/restic"]',
    ],
    gather: async () => [
      ...(await busyboxEntries()),
      ...accounts(),
      ...(await authorityEntries()),
      { type: "folder", path: "root", mode: 0o700 },
      { type: "file", path: "usr/bin/restic", from: await resticBinary(version), mode: 0o755 },
    ],
  };
}
