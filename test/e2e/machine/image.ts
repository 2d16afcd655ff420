/** The image of a throwaway machine: a whole Debian as a server's provider installs it, without a Docker Engine. */
import { createReadStream } from "node:fs";
import { chmod, copyFile, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type Docker from "dockerode";
import { cached, hashOf, missingTools, run, sources } from "../images/recipe";
import { followed } from "../images/registry";

const release = "bookworm";
const repository = "muster-e2e/machine";

/** What a bare server has beyond Debian's smallest system. */
const packages = [
  ...["systemd-sysv", "dbus", "udev", "kmod", "openssh-server", "sudo", "cloud-init", "cron"],
  ...["iproute2", "iptables", "iputils-ping", "e2fsprogs", "ca-certificates", "curl", "gpg", "procps"],
];

/** Where the files of `image/` go. */
const places = {
  init: "usr/lib/machine/init",
  disks: "usr/lib/machine/disks",
  fstab: "usr/lib/machine/fstab",
  "machine-fstab.service": "etc/systemd/system/machine-fstab.service",
  "machine-swap.service": "etc/systemd/system/machine-swap.service",
  "machine-host-keys.service": "etc/systemd/system/machine-host-keys.service",
  "cloud.cfg": "etc/cloud/cloud.cfg.d/90-machine.cfg",
} as const;

const enabled = {
  "machine-fstab.service": "local-fs",
  "machine-swap.service": "multi-user",
  "machine-host-keys.service": "multi-user",
} as const;

/** Units that only cost time here: the kernel is the outer machine's. */
const masked = [
  ...["modprobe@.service", "systemd-modules-load.service", "dev-hugepages.mount", "e2scrub_reap.service"],
  ...["sys-kernel-debug.mount", "sys-kernel-tracing.mount", "console-getty.service"],
];

/** Programs that building the image needs. */
export const machineTools: readonly string[] = [
  "debootstrap",
  "apt-get",
  "unshare",
  "chroot",
  "tar",
  "docker",
];

const filesFolder = join(__dirname, "image");

/**
 * Sees to it that the image is on the Docker host, and returns its reference.
 *
 * @throws Error where a program is missing, or no package registry answers.
 */
export async function machineImage(docker: Docker, log: (line: string) => void): Promise<string> {
  const files = Object.keys(places).map((name) => join(filesFolder, name));
  const settings = { sources: await packageSources(), apt: await aptSettings() };
  const hash = hashOf(...(await sources(__filename, ...files)), JSON.stringify(settings)).slice(0, 16);
  const reference = `${repository}:${hash}`;
  const present = await docker.listImages({ filters: { reference: [repository] } });
  if (present.some(({ RepoTags }) => RepoTags?.includes(reference) === true)) return reference;
  const missing = await missingTools(machineTools);
  if (missing.length > 0) throw new Error(`${reference} cannot be made here: missing: ${missing.join(", ")}`);
  const start = Date.now();
  const rootfs = await cached("machine-rootfs", hash, (path) => archive(path, settings));
  await followed(docker, await docker.importImage(createReadStream(rootfs), { repo: repository, tag: hash }));
  // One that a machine still runs from stays.
  await Promise.allSettled(present.map(({ Id }) => docker.getImage(Id).remove()));
  log(`${reference}: built in ${((Date.now() - start) / 1000).toFixed(1)} s from Debian ${release}`);
  return reference;
}

interface AptSettings {
  /** Lines of sources.list. */
  readonly sources: readonly string[];
  /** Lines of apt.conf: how this machine reaches the registry. */
  readonly apt: readonly string[];
}

/** Debian's own package sources as this machine has them: the throwaway machine installs from the same. */
async function packageSources(): Promise<string[]> {
  const format = ["--format", "$(ORIGIN) deb $(SITE) $(RELEASE) $(COMPONENT)"];
  const list = (): Promise<string> => run("apt-get", ["indextargets", ...format, "Created-By: Packages"]);
  const own = (text: string): string[] =>
    text
      .split("\n")
      .flatMap((line) => (line.startsWith("Debian deb ") ? [line.slice("Debian ".length)] : []));
  const found = own(await list());
  if (found.length > 0) return found;
  // Who a source belongs to is known once its lists are there.
  await run("apt-get", ["update"]);
  return own(await list());
}

async function aptSettings(): Promise<string[]> {
  const lines = (await run("apt-config", ["dump"])).split("\n");
  return lines.filter((line) => /^Acquire::(https?::|Check-)/.test(line)).sort();
}

/** Installs the system into a folder and packs it. */
async function archive(path: string, settings: AptSettings): Promise<void> {
  const root = join(dirname(path), "root");
  const mirror = settings.sources.find((line) => line.split(" ")[2] === release)?.split(" ")[1];
  if (mirror === undefined) throw new Error(`no package source of this machine has Debian ${release}`);
  await run("debootstrap", ["--variant=minbase", release, root, mirror]);
  await writeFile(join(root, "etc/apt/sources.list"), `${settings.sources.join("\n")}\n`);
  await writeFile(join(root, "etc/apt/apt.conf.d/90machine"), aptConfiguration(settings.apt));
  // Nothing here has to outlive a loss of power.
  await writeFile(join(root, "etc/dpkg/dpkg.cfg.d/90machine"), "force-unsafe-io\n");
  const policy = join(root, "usr/sbin/policy-rc.d");
  await writeFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  await copyFile("/etc/resolv.conf", join(root, "etc/resolv.conf"));
  await installInside(root);
  await rm(policy);
  await addFiles(root);
  await run("tar", ["-C", root, "--numeric-owner", "-cf", path, "."]);
}

async function installInside(root: string): Promise<void> {
  const commands = [
    "apt-get update",
    "apt-get upgrade --yes",
    `apt-get install --yes --no-install-recommends ${packages.join(" ")}`,
    "apt-get clean",
    // Each server has its own.
    "rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_* /var/log/*.log /var/log/apt",
    ": >/etc/machine-id",
  ];
  await runInside(root, commands);
}

/** Runs commands of a shell in a system's folder: with mounts and processes of their own, so that nothing is left of them. */
export async function runInside(root: string, commands: readonly string[]): Promise<void> {
  const enter = ["--mount", "--pid", "--fork", `--mount-proc=${join(root, "proc")}`, "chroot", root];
  await run("unshare", [...enter, "sh", "-ec", commands.join("\n")], {
    env: { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C", PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
}

async function addFiles(root: string): Promise<void> {
  for (const [name, place] of Object.entries(places)) {
    const to = join(root, place);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(join(filesFolder, name), to);
    await chmod(to, place.startsWith("usr/lib/machine/") ? 0o755 : 0o644);
  }
  const units = join(root, "etc/systemd/system");
  for (const [unit, target] of Object.entries(enabled)) {
    const wants = join(units, `${target}.target.wants`);
    await mkdir(wants, { recursive: true });
    if (!(await readdir(wants)).includes(unit)) await symlink(`../${basename(unit)}`, join(wants, unit));
  }
  for (const unit of masked) await symlink("/dev/null", join(units, unit));
}

/** Only the language that nobody has to fetch. */
const aptConfiguration = (settings: readonly string[]): string =>
  [...settings, 'Acquire::Languages "none";', ""].join("\n");
