/** The disk of a virtual machine: the throwaway machine's Debian, with a kernel of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import {
  access,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import Docker from "dockerode";
import { cached, hashOf, missingTools, run, sources } from "../images/recipe";
import { oneAtATime } from "../turns";
import { machineImage, machineTools, runInside } from "./image";

const diskGiB = 10;

/** Programs that a virtual machine needs, with Debian's packages that have them. */
const tools = {
  "qemu-system-x86_64": "qemu-system-x86",
  swtpm: "swtpm",
  "mkfs.ext4": "e2fsprogs",
  debugfs: "e2fsprogs",
  setpriv: "util-linux",
  ssh: "openssh-client",
  // Beside the folders of the PATH.
  "../libexec/tangd": "tang",
  "systemd-socket-activate": "systemd",
} as const;

/** Where a person asks for it, machines do without the processor's help, and are some twenty times slower. */
export const emulated = process.env["MUSTER_E2E_VM"] === "emulated";

/** What is missing here for a virtual machine, in words; empty where all is there. */
export async function missingForVirtual(): Promise<string[]> {
  const kvm = emulated ? [] : await missingHelp();
  const programs = await missingTools([...Object.keys(tools), ...machineTools]);
  const processor = process.arch === "x64" ? [] : ["an x86-64 processor"];
  return [
    ...kvm,
    ...processor,
    ...programs.map((name) => (name in tools ? `${name} (of ${tools[name as keyof typeof tools]})` : name)),
  ];
}

/** The device may also be there without such a processor, for kernels that know of it; Debian's doesn't. */
async function missingHelp(): Promise<string[]> {
  const usable = await access("/dev/kvm", constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (usable && /^flags\s*:.* (vmx|svm) /m.test(await readFile("/proc/cpuinfo", "utf8"))) return [];
  return [
    "a processor that helps virtual machines (vmx or svm, and /dev/kvm); MUSTER_E2E_VM=emulated does without",
  ];
}

/** Files of this machine. */
export interface VirtualImage {
  /** Raw, of one ext4 file system; a machine gets a copy. */
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
}

/**
 * Makes it, or finds it made.
 *
 * @throws Error where a program is missing, or no package registry answers.
 */
export function virtualImage(docker = new Docker()): Promise<VirtualImage> {
  return oneAtATime("images", async () => {
    const reference = await machineImage(docker, console.log);
    const hash = hashOf(...(await sources(__filename)), reference).slice(0, 16);
    const folder = await cached("machine-virtual", hash, (path) => make(docker, reference, path));
    return {
      disk: join(folder, "disk.img"),
      kernel: join(folder, "vmlinuz"),
      initrd: join(folder, "initrd.img"),
    };
  });
}

async function make(docker: Docker, reference: string, folder: string): Promise<void> {
  const root = join(dirname(folder), "root");
  await mkdir(root);
  await mkdir(folder);
  await unpack(docker, reference, root);
  await installKernel(root);
  await copyFile(join(root, "vmlinuz"), join(folder, "vmlinuz"));
  await copyFile(join(root, "initrd.img"), join(folder, "initrd.img"));
  await asMachine(root);
  const disk = join(folder, "disk.img");
  await writeFile(disk, "");
  await truncate(disk, diskGiB * 1024 ** 3);
  await run("mkfs.ext4", ["-q", "-F", "-d", root, disk]);
}

async function unpack(docker: Docker, reference: string, root: string): Promise<void> {
  const container = await docker.createContainer({ Image: reference, Cmd: ["true"] });
  try {
    const tar = spawn("tar", ["-x", "--numeric-owner", "-C", root], { stdio: ["pipe", "ignore", "inherit"] });
    (await container.export()).pipe(tar.stdin);
    const [code] = (await once(tar, "close")) as [number | null];
    if (code !== 0) throw new Error(`tar: exit code ${code}`);
  } finally {
    await container.remove();
  }
}

async function installKernel(root: string): Promise<void> {
  await rm(join(root, "etc/resolv.conf"));
  await copyFile("/etc/resolv.conf", join(root, "etc/resolv.conf"));
  const commands = [
    "apt-get update",
    "apt-get install --yes --no-install-recommends linux-image-cloud-amd64 initramfs-tools",
    "apt-get clean",
    "rm -rf /var/lib/apt/lists/*",
  ];
  await runInside(root, commands);
}

/** Takes away what a container needs, and adds what its engine does for it. */
async function asMachine(root: string): Promise<void> {
  const units = join(root, "etc/systemd/system");
  for (const entry of await readdir(units, { withFileTypes: true, recursive: true })) {
    const place = join(entry.parentPath, entry.name);
    if (/^machine-(fstab|swap)\.service$/.test(entry.name)) await rm(place);
    else if (entry.isSymbolicLink() && (await run("readlink", [place])).trim() === "/dev/null")
      await rm(place);
  }
  for (const place of ["usr/lib/machine", ".dockerenv", "dev"])
    await rm(join(root, place), { recursive: true, force: true });
  await mkdir(join(root, "dev"));
  await writeFile(join(root, "etc/fstab"), "/dev/vda / ext4 errors=remount-ro 0 1\n");
  await symlink(
    "/lib/systemd/system/systemd-networkd.service",
    join(units, "multi-user.target.wants/systemd-networkd.service"),
  );
}
