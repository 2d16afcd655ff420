/** The container that restores or imports: the backup's own, but it may write to what that one only reads, and goes away. */
import type Docker from "dockerode";
import { labels, linesOf } from "../components/host/engine";
import { containerName } from "../components/platform/names";
import type { Topology } from "../stacks/topology";
import { UserError } from "./errors";
import { workerIsBusy } from "./heal";
import { bringPrograms, packed } from "./restic";
import { orderPath, type Source } from "./source";
import { stopped } from "./writers";

export interface Order {
  source: Source;
  /** Id, or `latest`. */
  snapshot: string;
  /** Into another stack than its own. */
  elsewhere: boolean;
  /** What people have written in the target since is replaced. */
  overwrite: boolean;
  /** The database that is replaced is kept beside the restored one, and no newer file is removed. */
  keepReplaced: boolean;
}

/** Runs one phase of restore.sh; `onLine` sees what it says. */
export async function runInRestorer(
  docker: Docker,
  topology: Topology,
  order: Order,
  phase: "look" | "restore",
  onLine: (line: string) => void = () => undefined,
): Promise<{ code: number; output: string }> {
  await requireVolumes(docker, order.source);
  const container = await makeWorker(docker, topology, "restore", ["/muster/restore.sh", phase], {
    mounts: order.source.mounts,
  });
  try {
    const files = [{ path: `${orderPath}/settings.sh`, text: orderText(order) }, ...order.source.files];
    await container.putArchive(await packed(files), { path: "/" });
    await bringPrograms(docker, container, order.source.programs);
    return await runWorker(docker, container, onLine);
  } finally {
    await container.remove({ force: true, v: true });
  }
}

/** A container like the backup's, named after what it does, that may write to what that one only reads. */
export async function makeWorker(
  docker: Docker,
  { stack }: Topology,
  work: string,
  command: readonly string[],
  { mounts = [], folders = [] }: { mounts?: Source["mounts"]; folders?: readonly string[] } = {},
): Promise<Docker.Container> {
  const name = containerName(stack, work);
  const former = docker.getContainer(name);
  if (!(await stopped(docker, name))) throw new UserError(workerIsBusy(name, work, stack));
  // From a time that was cut short.
  await former.remove({ force: true, v: true }).catch(() => undefined);
  const like = await docker.getContainer(containerName(stack, "backup")).inspect();
  const [network, ...networks] = Object.keys(like.NetworkSettings.Networks);
  const container = await docker.createContainer({
    name,
    ...optionsOf(like, command),
    Labels: { ...like.Config.Labels, [labels.worker]: work },
    // Volumes without a name go away with the container.
    Volumes: Object.fromEntries(folders.map((folder) => [folder, {}])),
    HostConfig: { ...hostConfigOf(like, mounts), NetworkMode: network ?? "none" },
  });
  for (const other of networks) await docker.getNetwork(other).connect({ Container: container.id });
  return container;
}

/** Starts it and waits for its end; `onLine` sees what it says. */
export async function runWorker(
  docker: Docker,
  container: Docker.Container,
  onLine: (line: string) => void = () => undefined,
): Promise<{ code: number; output: string }> {
  const stream = await container.attach({ stream: true, stdout: true, stderr: true });
  const said = linesOf(docker, stream, onLine);
  const ended = container.wait({ condition: "next-exit" }) as Promise<{ StatusCode: number }>;
  await container.start();
  const [{ StatusCode }, output] = await Promise.all([ended, said]);
  return { code: StatusCode, output };
}

/** The engine would make a volume that isn't there, and an empty repository with it. */
async function requireVolumes(docker: Docker, { mounts }: Source): Promise<void> {
  for (const { source, kind } of mounts)
    if (kind === "volume")
      await docker
        .getVolume(source)
        .inspect()
        .catch(() => {
          throw new UserError(
            `The volume ${source} with the backups isn't on this Docker Engine.\n  fix: restore where it is; for restores anywhere, back up to sftp or s3; nothing was changed`,
          );
        });
}

const optionsOf = (
  { Config }: Docker.ContainerInspectInfo,
  command: readonly string[],
): Docker.ContainerCreateOptions => ({
  Image: Config.Image,
  Entrypoint: ["sh"],
  Cmd: [...command],
  Env: [...Config.Env, "progress=1"],
  User: Config.User,
  AttachStdout: true,
  AttachStderr: true,
});

function hostConfigOf(
  { HostConfig, Mounts }: Docker.ContainerInspectInfo,
  mounts: Source["mounts"],
): Docker.HostConfig {
  const own = Mounts.filter(({ Type }) => Type === "volume").map(({ Name, Destination }) => ({
    Type: "volume" as const,
    Source: Name ?? "",
    Target: Destination,
    ReadOnly: Destination === "/muster",
  }));
  const further = mounts.map(({ source, target, kind }) => ({
    Type: kind,
    Source: source,
    Target: target,
    ReadOnly: false,
  }));
  return {
    Mounts: [...own, ...further],
    CapDrop: HostConfig.CapDrop as string[],
    CapAdd: HostConfig.CapAdd as string[],
    SecurityOpt: HostConfig.SecurityOpt as string[],
    Tmpfs: HostConfig.Tmpfs,
    Memory: HostConfig.Memory,
    MemorySwap: HostConfig.MemorySwap,
    LogConfig: { Type: "none", Config: {} },
  };
}

/** What restore.sh is told. */
const orderText = ({ source, snapshot, elsewhere, overwrite, keepReplaced }: Order): string =>
  [
    `source=${source.host}`,
    `snapshot=${snapshot}`,
    `elsewhere=${elsewhere ? "yes" : "no"}`,
    `overwrite=${overwrite ? "yes" : "no"}`,
    `keep_replaced=${keepReplaced ? "yes" : "no"}`,
    ...source.lines,
    "",
  ].join("\n");
