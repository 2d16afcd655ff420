/** Programs of Debian for images: packages are downloaded and unpacked, and nothing is installed on this machine. */
import { mkdir, readdir, readFile, realpath, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { cached, filesBelow, run } from "./recipe";
import type { Entry } from "./rootfs";

export const debianTools: readonly string[] = ["apt-get", "dpkg-deb"];

/** A package with everything that it depends on, unpacked into one folder. */
export async function unpackedPackage(name: string): Promise<string> {
  return cached(`${name}-debian`, "unpacked", async (path) => {
    const archives = join(dirname(path), "archives");
    await mkdir(join(archives, "partial"), { recursive: true });
    const status = join(dirname(path), "status");
    await writeFile(status, "");
    const options = {
      // As if nothing were installed, so that the dependencies come along too.
      "Dir::State::status": status,
      "Dir::Cache::archives": archives,
      "Debug::NoLocking": "true",
      "APT::Sandbox::User": "root",
      "APT::Install-Recommends": "false",
    };
    const set = Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
    const download = (): Promise<string> =>
      run("apt-get", ["-qq", ...set, "install", "--yes", "--download-only", name]);
    // A machine whose package lists are old or missing needs them once.
    await download().catch(async () => {
      await run("apt-get", ["update"]);
      await download();
    });
    const packages = (await readdir(archives)).filter((file) => file.endsWith(".deb"));
    for (const file of packages.sort()) await run("dpkg-deb", ["-x", join(archives, file), path]);
  });
}

/** The libraries that a program of an unpacked package loads, and its loader, each where the program looks for it. */
export async function loadedLibraries(root: string, programs: readonly string[]): Promise<Entry[]> {
  const all = await filesBelow(root);
  const loader = all.find((path) => /\/ld-linux[^/]*\.so\.\d+$/.test(path));
  if (loader === undefined) throw new Error(`${root} holds no loader`);
  const folders = [...new Set(all.filter((path) => /\.so(\.\d+)*$/.test(path)).map((path) => dirname(path)))];
  const found = new Map<string, string>();
  for (const program of programs) {
    // Its own loader: this machine's may be of another version than the libraries.
    const listed = await run(await followed(root, loader), [
      "--library-path",
      folders.join(":"),
      "--list",
      program,
    ]);
    for (const line of listed.split("\n")) {
      if (line.includes("not found")) throw new Error(`${program} needs a library that is not here:${line}`);
      const [, name = "", path = ""] = /^\s*(\S+) => (\S+) \(0x/.exec(line) ?? [];
      if (path.startsWith(`${root}/`)) found.set(relative(root, path), await followed(root, path));
      if (name.startsWith("/")) found.set(name.slice(1), await followed(root, loader));
    }
    const interpreter = /\/lib\w*\/ld-linux[^\0]*/.exec(await readFile(program, "latin1"))?.[0];
    if (interpreter !== undefined) found.set(interpreter.slice(1), await followed(root, loader));
  }
  // Named by no program: the C library loads it when a thread is ended.
  const unwinder = all.find((path) => path.endsWith("/libgcc_s.so.1"));
  if (unwinder !== undefined) found.set(relative(root, unwinder), await followed(root, unwinder));
  return [...found].sort().map(([path, from]) => ({ type: "file", path, from, mode: 0o755 }));
}

/** The file that a link means inside the unpacked folder: a package's absolute links start there. */
async function followed(root: string, path: string): Promise<string> {
  const [real, base] = await Promise.all([realpath(path), realpath(root)]);
  return real.startsWith(`${base}/`) ? real : join(root, real);
}
