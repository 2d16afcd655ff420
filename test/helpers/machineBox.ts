/**
 * A bare machine in a temporary folder that the bootstrap's script runs on: its paths below that folder, and
 * stand-ins for the programs that would change the machine (test/helpers/machine), which write down their calls.
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { machineScript, topics } from "../../components/host/bootstrap/script";
import type { MachineFacts, MachinePlan } from "../../components/host/bootstrap/plan";
import { Box, FakeRoot, type Finished } from "./shell";

/** Folders of the machine that its scripts use; all of them lie in the box. */
const folders = [
  "bin",
  "boot",
  "etc",
  "home",
  "proc",
  "root",
  "run",
  "sbin",
  "snap",
  "srv",
  "sys",
  "usr",
  "var",
].map((name) => `/${name}`);
const devices = ["/dev/disk", "/dev/mapper", "/dev/tpmrm0"];
/** Each stand-in's file, and the programs that it stands in for. */
const standIns: Record<string, string> = {
  packages: "apt-get dpkg dpkg-query",
  units: "systemctl",
  disk: "blkid wipefs lsblk blockdev dumpe2fs debugfs resize2fs mkfs.ext4 findmnt mount chattr mkswap fallocate swapon swapoff",
  luks: "cryptsetup clevis systemd-cryptenroll",
  network: "iptables-save iptables-restore ip6tables-save ip6tables-restore ss ip curl gpg",
  system:
    "mv id usermod getent uname df date ln modinfo systemd-detect-virt cloud-init docker sshd sysctl wg sleep chown",
};
/** Programs that do here what they do there. */
const real =
  "sh awk cat chmod cksum flock cmp cut env grep head mkdir mv printf rm sed sort stat tail touch tr truncate wc cp".split(
    " ",
  );
const find = (program: string): string =>
  spawnSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).stdout.trim();
const places = Object.fromEntries(real.map((program) => [program, find(program)]));

const uuid = "11111111-2222-4333-8444-555555555555";
export const device = "/dev/disk/by-id/scsi-0DO_Volume_dev";
/** A plan that asks for little. */
export const barePlan: MachinePlan = {
  stack: "dev",
  host: "main",
  user: "root",
  sshPort: 22,
  dockerSource: "distribution",
  rebootAt: "04:30",
  swapMiB: 0,
  architectures: ["amd64"],
  leastMemoryMiB: 4096,
  leastDiskGiB: 5,
  sysctls: {},
  authorizedKeys: ["ssh-ed25519 AAAAours operator"],
  disk: { uuid, encryption: { unlock: "provider" } },
  firewall: [
    { path: "docker", protocol: "tcp", first: 443, last: 443, from: [], why: "web" },
    { path: "input", protocol: "udp", first: 3478, last: 3479, from: [], why: "relay" },
  ],
  sshFrom: ["0.0.0.0/0"],
  anchor: false,
  keepOpen: [],
};
/** One that has something for each topic to do. */
export const fullPlan: MachinePlan = {
  ...barePlan,
  swapMiB: 1,
  sysctls: { "net.core.rmem_max": 16_777_216, "net.core.wmem_max": 1 },
  disk: { device, uuid, encryption: { unlock: "tang", url: "http://tang", thumbprint: "abc" } },
  vpn: {
    port: 51_820,
    network: "10.213.0.0/24",
    address: "10.213.0.1",
    sshOnly: false,
    peers: [{ name: "ann", publicKey: "K=", address: "10.213.0.9" }],
  },
  anchor: true,
};

const shared = new FakeRoot([]);
process.on("exit", () => shared.remove());
for (const [file, programs] of Object.entries(standIns)) {
  const text = `#!/bin/sh\n${readFileSync(join(__dirname, "machine", `${file}.sh`), "utf8")}`;
  for (const program of programs.split(" ")) shared.write(`/${program}`, text, 0o755);
}
for (const [program, place] of Object.entries(places))
  if (!existsSync(shared.path(program))) symlinkSync(place, shared.path(program));

export class MachineBox extends Box {
  /** Further environment of what runs. */
  env: NodeJS.ProcessEnv = {};

  constructor() {
    super(new FakeRoot([...folders, ...devices, "/fake"]));
    for (const folder of ["packages", "disks", "sysctl", "active", "enabled", "running"])
      mkdirSync(this.path(`/fake/${folder}`));
    const start: Record<string, string> = {
      "/etc/os-release": 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
      "/etc/fstab": "# made by hand\nUUID=root / ext4 defaults 0 1\n",
      "/etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n",
      "/proc/meminfo": "MemTotal: 8000000 kB\n",
      "/proc/net/if_inet6": "",
      "/run/systemd/system/x": "",
      "/var/lib/x": "",
      "/etc/wireguard/muster0.key": "key\n",
      "/run/muster/disk.key": "passphrase",
      "/fake/uid": "0",
      "/fake/groups": "sudo",
      "/fake/machine": "x86_64",
      "/fake/free-gib": "20",
      "/fake/zone": "UTC",
      "/fake/cloud-init": "0",
      "/fake/size": "10737418240",
      "/fake/held": "10737418240",
      "/fake/calls": "",
      "/fake/effective":
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin without-password\nAllowTcpForwarding local\nAllowStreamLocalForwarding local\n",
    };
    for (const [path, text] of Object.entries(start)) this.write(path, text);
    rmSync(this.path("/dev/disk"), { recursive: true });
    rmSync(this.path("/dev/tpmrm0"), { recursive: true });
    mkdirSync(this.path("/root/.ssh"), { recursive: true });
    this.attach();
  }
  /** An empty disk. */
  attach(): void {
    this.write(device, "\0".repeat(4096));
  }
  /** What a disk has, as blkid says. */
  holds(values: Record<string, string>, name = device.slice(device.lastIndexOf("/") + 1)): void {
    this.write(
      `/fake/disks/${name}`,
      Object.entries(values)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(""),
    );
  }

  /** What has changed the machine since the last time this was asked. */
  calls(): string[] {
    const calls = this.read("/fake/calls").split("\n").filter(Boolean);
    this.write("/fake/calls", "");
    return calls;
  }

  /** A script's text with its paths in the box. */
  redirect(script: string): string {
    return this.root.redirect(script);
  }
  /** Runs a script that comes on standard input. */
  sh(script: string, env: NodeJS.ProcessEnv = {}): Finished {
    const text = this.root.redirect(script);
    const { status, stdout, stderr } = spawnSync(shared.path("sh"), ["-s"], {
      encoding: "utf8",
      input: `BOOTSTRAP=$$; export BOOTSTRAP\n${text}`,
      cwd: this.root.dir,
      env: {
        PATH: shared.dir,
        ROOT: this.root.dir,
        FAKE: this.path("/fake"),
        STANDINS: join(__dirname, "machine"),
        REAL_MV: places["mv"],
        ...this.env,
        ...env,
      },
    });
    return { code: status ?? 137, stdout, stderr };
  }
  /** Runs the bootstrap, or lines in its place, such as `topic_disk`. */
  run(
    plan: MachinePlan = barePlan,
    lines: readonly string[] = topics.map((topic) => `topic_${topic}`),
    env: NodeJS.ProcessEnv = {},
  ): Finished {
    return this.sh(machineScript(plan, lines), env);
  }
  /** The facts at the end of a run. */
  facts(plan: MachinePlan = barePlan): MachineFacts {
    const { code, stdout, stderr } = this.run(plan);
    if (code !== 0) throw new Error(`exit ${code}: ${stderr}`);
    return JSON.parse(stdout) as MachineFacts;
  }

  /** All that lasts of the machine: each file with its mode and content. */
  state(): Record<string, string> {
    const files: Record<string, string> = {};
    const visit = (inside: string): void => {
      for (const name of readdirSync(this.path(inside)).sort()) {
        const path = `${inside}/${name}`;
        const about = lstatSync(this.path(path));
        if (/^\/(fake\/(calls|slept)|run\/muster\/(lock|sshd))/.test(path)) continue;
        if (about.isDirectory()) visit(path);
        const content = about.isFile()
          ? this.read(path)
          : about.isSymbolicLink()
            ? readlinkSync(this.path(path))
            : "";
        files[path] = `${(about.mode & 0o7777).toString(8)} ${content}`;
      }
    };
    visit("");
    return files;
  }
  /** When each file was last written: a second run writes none. */
  written(): Record<string, number> {
    return Object.fromEntries(
      Object.keys(this.state())
        .filter((path) => !path.startsWith("/fake") && path !== "/run/muster")
        .map((path) => [path, lstatSync(this.path(path)).ctimeMs]),
    );
  }
  /** How a stand-in fails from now on. */
  fails(program: string, words: string): void {
    writeFileSync(this.path(`/fake/${program}-fails`), `${words}\n`);
  }
}
