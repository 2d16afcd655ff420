/** The container that a throwaway machine is: everything that systemd and an engine of its own need, and no more. */
import { readFileSync } from "node:fs";
import type Docker from "dockerode";
import { execute } from "../client";

/** Those that Docker 20.10 knows, by their numbers in the kernel. `--privileged` fails where one is missing here. */
const capabilities: readonly string[] = [
  ...["CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP"],
  ...[
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
  ],
  ...[
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
  ],
  ...[
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
  ],
  ...["MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ"],
];

/** Those of them that this machine itself may have, from the text of /proc/self/status. */
export function grantable(status: string): string[] {
  const mask = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  return capabilities.filter((_, number) => ((mask >> BigInt(number)) & 1n) === 1n);
}

export interface ContainerPlan {
  /** Also of the Docker volume that plays the part of the machine's own disk below /var/lib/docker. */
  readonly name: string;
  readonly hostname: string;
  readonly image: string;
  readonly network: string;
  readonly address: string;
  /** A folder of this machine that it may read, at /media. */
  readonly media?: string;
}

export const machineLabel = "muster.e2e.machine";

export function containerOptions(plan: ContainerPlan): Docker.ContainerCreateOptions {
  return {
    name: plan.name,
    Hostname: plan.hostname,
    Image: plan.image,
    Entrypoint: ["/usr/lib/machine/init"],
    // By this systemd and others know that the kernel isn't theirs.
    Env: ["container=docker", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    StopSignal: "SIGRTMIN+3",
    Labels: { [machineLabel]: plan.hostname },
    NetworkingConfig: {
      EndpointsConfig: { [plan.network]: { IPAMConfig: { IPv4Address: plan.address } } },
    },
    HostConfig: {
      NetworkMode: plan.network,
      CapAdd: grantable(readFileSync("/proc/self/status", "utf8")),
      SecurityOpt: ["seccomp=unconfined", "apparmor=unconfined"],
      // What Docker hides of /proc and /sys otherwise.
      MaskedPaths: [],
      ReadonlyPaths: [],
      DeviceCgroupRules: ["a *:* rwm"],
      Devices: [{ PathOnHost: "/dev/net/tun", PathInContainer: "/dev/net/tun", CgroupPermissions: "rwm" }],
      // Its own part of the control groups: whatever it makes there goes with it.
      CgroupnsMode: "private",
      // An overlay can't hold another one.
      Mounts: [
        { Type: "volume", Source: plan.name, Target: "/var/lib/docker" },
        ...(plan.media === undefined
          ? []
          : [{ Type: "bind", Source: plan.media, Target: "/media", ReadOnly: true }]),
      ],
      Tmpfs: { "/run": "exec,mode=755", "/run/lock": "mode=1777", "/tmp": "exec,mode=1777" },
    },
  } as Docker.ContainerCreateOptions;
}

/**
 * Ends the machines whose containers match, with their own disks. Data disks stay.
 *
 * @param filters Docker's, beside the one for machines.
 */
export async function removeMachines(docker: Docker, filters: Record<string, string[]>): Promise<void> {
  const found = await docker.listContainers({ all: true, filters: { ...filters, label: [machineLabel] } });
  for (const { Id, Names } of found) {
    await endSwapping(docker, Id);
    await docker.getContainer(Id).remove({ force: true });
    for (const name of Names) await removeVolume(docker, name.replace("/", ""));
  }
}

/** The kernel would go on with it after the machine's end, and keep the data disk. */
export async function endSwapping(docker: Docker, id: string): Promise<void> {
  const { State } = await docker.getContainer(id).inspect();
  if (State.Running) await execute(docker, id, ["/usr/lib/machine/fstab", "swapoff"]);
}

/** Also one without a machine, as a run leaves it whose containers somebody has removed. */
export async function removeVolume(docker: Docker, name: string): Promise<void> {
  await docker
    .getVolume(name)
    .remove()
    .catch((error: unknown) => {
      if ((error as { statusCode?: number }).statusCode !== 404) throw error;
    });
}
