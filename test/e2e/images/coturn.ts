import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { accounts, busyboxEntries, busyboxTools } from "./busybox";
import { debianTools, loadedLibraries, unpackedPackage } from "./debian";
import { sources, type Recipe, type Reference } from "./recipe";
import type { Entry } from "./rootfs";

const nobodyId = 65534;
const data = "/var/lib/coturn";

/** turnserver and its tools, such as turnutils_stunclient and turnutils_uclient. */
async function programEntries(root: string): Promise<Entry[]> {
  const folder = join(root, "usr/bin");
  // A link to turnserver stands beside it under another name.
  const isProgram = (name: string): boolean => name === "turnserver" || name.startsWith("turnutils_");
  const programs = (await readdir(folder)).filter(isProgram).sort();
  const entries = programs.map((name): Entry => {
    const file = { type: "file", path: `usr/bin/${name}`, from: join(folder, name), mode: 0o755 } as const;
    // As in the official image: with the effective bit set, it starts nowhere that withholds this capability.
    return name === "turnserver" ? { ...file, capability: "NET_BIND_SERVICE" } : file;
  });
  return [
    ...entries,
    { type: "link", path: "usr/bin/turnadmin", to: "turnserver" },
    ...(await loadedLibraries(
      root,
      programs.map((name) => join(folder, name)),
    )),
  ];
}

export async function coturnRecipe(reference: Reference): Promise<Recipe> {
  const entrypoint = join(__dirname, "coturn/docker-entrypoint.sh");
  const owned = { type: "folder", uid: nobodyId, gid: nobodyId } as const;
  return {
    what: `Debian's coturn (4.6.1 in Debian 12) instead of ${reference.tag}, with a busybox in place of Debian's tools`,
    kind: "home-made",
    tools: [...new Set([...debianTools, ...busyboxTools])],
    inputs: await sources(
      __filename,
      join(__dirname, "debian.ts"),
      join(__dirname, "busybox.ts"),
      entrypoint,
    ),
    config: [
      "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      `USER ${nobodyId}:${nobodyId}`,
      "EXPOSE 3478 3478/udp 5349 5349/udp",
      `VOLUME ["${data}"]`,
      'ENTRYPOINT ["docker-entrypoint.sh"]',
      // The official one also asks a name server for the host's public address.
      'CMD ["--log-file=stdout"]',
    ],
    gather: async () => [
      ...(await busyboxEntries()),
      ...accounts("nobody", nobodyId, "/nonexistent"),
      ...(await programEntries(await unpackedPackage("coturn"))),
      { ...owned, path: data.slice(1) },
      // Where Debian's build has its database.
      { type: "link", path: "var/lib/turn", to: "coturn" },
      { type: "folder", path: "etc/coturn" },
      { type: "file", path: "usr/local/bin/docker-entrypoint.sh", from: entrypoint, mode: 0o755 },
    ],
  };
}
