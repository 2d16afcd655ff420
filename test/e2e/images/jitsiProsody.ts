import { mkdir, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { busyboxTools } from "./busybox";
import { baseConfig, baseEntries, baseSources, owner } from "./jitsi";
import { cached, filesBelow, hashOf, run, sources, type Recipe } from "./recipe";
import { folderEntries, type Entry } from "./rootfs";

const source = join(__dirname, "jitsi/prosody");

const roots = ["prosody", "lua5.4", "lua-expat", "lua-filesystem", "lua-sec", "lua-socket", "openssl"];
/** Of all that those depend on, what a program loads; the rest would install or administer a machine. */
const loaded = /^(prosody$|openssl$|lua|zlib|lib(c6|expat|gcc-s|icu|readline|ssl|stdc\+\+|tinfo|zstd))/;
const needed = /^(usr\/(bin\/(lua|prosody$|openssl$)|lib\/|lib64\/|share\/lua\/)|etc\/ssl\/openssl\.cnf$)/;
// Lua modules that are written in Lua lie in the folder of 5.1, and links in those of the others.
const unneeded = /\/lib\/.*\/(gconv|audit|lua\/5\.[123]|liblua5\.[123])/;

/** Debian's packages, unpacked but not installed. */
async function debianFolder(): Promise<string> {
  return cached("prosody-debian", hashOf(...roots, loaded.source).slice(0, 16), async (path) => {
    const folder = join(dirname(path), "debs");
    await mkdir(folder);
    const depends = [
      "--recurse",
      ...["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"],
    ];
    const download = async (): Promise<void> => {
      const flags = depends.map((name) => (name.startsWith("--") ? name : `--no-${name}`));
      const lines = (await run("apt-cache", ["depends", ...flags, ...roots])).split("\n");
      const names = [...new Set(lines.filter((line) => loaded.test(line)))];
      await run("apt-get", ["download", ...names], { cwd: folder });
    };
    // A machine whose package lists are old or missing needs them once.
    await download().catch(async () => {
      await run("apt-get", ["update"]);
      await download();
    });
    await mkdir(path);
    for (const deb of await readdir(folder)) await run("dpkg-deb", ["-x", join(folder, deb), path]);
  });
}

/** The files that Prosody runs from, with everything below /usr as on a Debian of today. */
async function debianEntries(): Promise<Entry[]> {
  const merged = (path: string): string => path.replace(/^(bin|lib|lib64)\//, "usr/$1/");
  const wanted = (path: string): boolean => needed.test(merged(path)) && !unneeded.test(merged(path));
  const entries = (await folderEntries(await debianFolder(), "", wanted))
    .map((entry) => ({ ...entry, path: entry.path.slice(1) }))
    .map((entry) => ({ ...entry, path: merged(entry.path) }));
  return [
    ...entries,
    { type: "link", path: "lib", to: "usr/lib" },
    { type: "link", path: "lib64", to: "usr/lib64" },
    // Prosody's first line asks for it here.
    { type: "link", path: "usr/bin/env", to: "/bin/busybox" },
  ];
}

export async function jitsiProsodyRecipe(): Promise<Recipe> {
  const modules = await filesBelow(join(source, "modules"));
  const files = [join(source, "init"), join(source, "prosody.cfg.lua"), ...modules];
  const folders = ["prosody-plugins-custom", "prosody-plugins-contrib"];
  return {
    what: "Prosody from Debian's package (0.12 in Debian 12) instead of 13, with Lua modules of its own in place of Jitsi's",
    kind: "home-made",
    tools: ["apt-cache", ...busyboxTools],
    inputs: await sources(__filename, ...baseSources, ...files),
    config: baseConfig(["/config", "/prosody-plugins-custom"], ["5222", "5280"]),
    gather: async () => [
      ...(await baseEntries("5280/health")),
      ...(await debianEntries()),
      ...folders.map((path): Entry => ({ type: "folder", path })),
      { type: "folder", path: "var/lib/prosody", ...owner },
      { type: "file", path: "usr/local/bin/start", from: join(source, "init"), mode: 0o755 },
      { type: "file", path: "defaults/prosody.cfg.lua", from: join(source, "prosody.cfg.lua"), mode: 0o644 },
      ...modules.map((from): Entry => {
        return { type: "file", path: `prosody-plugins/${basename(from)}`, from, mode: 0o644 };
      }),
    ],
  };
}
