import { join } from "node:path";
import { accounts, busyboxEntries, busyboxTools } from "./busybox";
import { debianTools, loadedLibraries, unpackedPackage } from "./debian";
import { authorityEntries } from "./goModule";
import { sources, type Recipe, type Reference } from "./recipe";
import type { Entry } from "./rootfs";

/** Where the official image has it: beside a shell, and not on the path. */
async function programEntries(root: string): Promise<Entry[]> {
  const program = join(root, "usr/bin/lego");
  return [
    { type: "file", path: "lego", from: program, mode: 0o755 },
    ...(await loadedLibraries(root, [program])),
  ];
}

export async function legoRecipe(reference: Reference): Promise<Recipe> {
  return {
    what: `Debian's lego (4.9.1 in Debian 12) instead of ${reference.tag}, with a busybox in place of Alpine`,
    kind: "home-made",
    tools: [...new Set([...debianTools, ...busyboxTools])],
    inputs: await sources(
      __filename,
      join(__dirname, "debian.ts"),
      join(__dirname, "busybox.ts"),
      join(__dirname, "goModule.ts"),
    ),
    config: [
      "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "EXPOSE 80",
      'ENTRYPOINT ["/lego"]',
    ],
    gather: async () => [
      ...(await busyboxEntries()),
      ...accounts(),
      ...(await authorityEntries()),
      ...(await programEntries(await unpackedPackage("lego"))),
    ],
  };
}
