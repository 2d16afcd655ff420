import { dirname, join } from "node:path";
import { copyFile, mkdir, open, readdir } from "node:fs/promises";
import { cached, exists, run, sources, type Recipe, type Reference } from "./recipe";
import type { Entry } from "./rootfs";

/** Programs that the busybox parts of every recipe need. */
export const busyboxTools: readonly string[] = ["apt-get", "dpkg-deb"];

/** A static busybox: this machine's where it is one, else the one in Debian's package, unpacked but not installed. */
export async function busyboxBinary(): Promise<string> {
  return cached("busybox-binary", "debian", async (path) => {
    if ((await exists("/bin/busybox")) && (await isStatic("/bin/busybox"))) {
      return copyFile("/bin/busybox", path);
    }
    const folder = join(dirname(path), "deb");
    await mkdir(folder);
    const download = (): Promise<string> => run("apt-get", ["download", "busybox-static"], { cwd: folder });
    // A machine whose package lists are old or missing needs them once.
    await download().catch(async () => {
      await run("apt-get", ["update"]);
      await download();
    });
    const [deb] = await readdir(folder);
    if (deb === undefined) throw new Error("apt-get download busybox-static left no package");
    await run("dpkg-deb", ["-x", join(folder, deb), join(folder, "root")]);
    const binary = join(
      folder,
      "root",
      (await exists(join(folder, "root/bin/busybox"))) ? "bin" : "usr/bin",
      "busybox",
    );
    if (!(await isStatic(binary))) throw new Error(`${binary} of busybox-static is not static`);
    await copyFile(binary, path);
  });
}

/** Whether an ELF program asks for no loader: it then runs in an image that has no libraries. */
async function isStatic(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const header = Buffer.alloc(4096);
    await file.read(header, 0, header.length, 0);
    const first = Number(header.readBigUInt64LE(32));
    const size = header.readUInt16LE(54);
    const count = header.readUInt16LE(56);
    const PT_INTERP = 3;
    for (let index = 0; index < count; index++) {
      if (header.readUInt32LE(first + index * size) === PT_INTERP) return false;
    }
    return true;
  } finally {
    await file.close();
  }
}

/** /bin/busybox, its applets and what a bare Linux has. */
export async function busyboxEntries(): Promise<Entry[]> {
  const binary = await busyboxBinary();
  const applets = (await run(binary, ["--list"]))
    .split("\n")
    .filter((name) => name !== "" && name !== "busybox");
  return [
    { type: "folder", path: "tmp", mode: 0o1777 },
    { type: "file", path: "bin/busybox", from: binary, mode: 0o755 },
    ...applets.map((name): Entry => ({ type: "link", path: `bin/${name}`, to: "busybox" })),
  ];
}

/** /etc/passwd and /etc/group with root and, where given, one more user. */
export function accounts(name?: string, id?: number, home = "/"): Entry[] {
  const user = name === undefined ? "" : `${name}:x:${id}:${id}::${home}:/bin/sh\n`;
  const group = name === undefined ? "" : `${name}:x:${id}:\n`;
  return [
    { type: "text", path: "etc/passwd", text: `root:x:0:0:root:/root:/bin/sh\n${user}` },
    { type: "text", path: "etc/group", text: `root:x:0:\n${group}` },
    // Without it glibc would ask the network for "localhost".
    { type: "text", path: "etc/nsswitch.conf", text: "hosts: files dns\n" },
  ];
}

export async function busyboxRecipe(reference: Reference): Promise<Recipe> {
  return {
    what: `a static busybox from Debian, of Debian's version instead of ${reference.tag}`,
    kind: "home-made",
    tools: busyboxTools,
    inputs: await sources(__filename),
    config: ['CMD ["sh"]'],
    gather: async () => [
      ...(await busyboxEntries()),
      { type: "folder", path: "root", mode: 0o700 },
      ...accounts(),
    ],
  };
}
