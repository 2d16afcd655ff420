/**
 * From a container's description to Docker's arguments. Pure: one table of what every container gets.
 * Why each option stands here: docs/decisions/0003-docker-provider-rules.md.
 */
import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { cpuSharesOf } from "../../stacks/topology/sizing";
import { filesPath, type Health, type Owner, type Sandbox } from "../services/service";

/** One container, whichever purpose it has. */
export interface ContainerPlan {
  name: string;
  image: string;
  user: Owner;
  memoryMiB: number;
  cpus: number;
  sandbox: Sandbox;
  entrypoint: readonly string[] | undefined;
  command: readonly string[] | undefined;
  /** `KEY=value`, sorted. */
  environment: readonly pulumi.Input<string>[];
  labels: Readonly<Record<string, pulumi.Input<string>>>;
  /** Volumes by the path at which they are mounted. */
  mounts: readonly { volume: pulumi.Input<string>; path: string; readOnly: boolean }[];
  /** Networks that it is on; an alias only where others may look it up. */
  networks: readonly { name: pulumi.Input<string>; alias?: string }[];
  ports: readonly {
    number: number;
    published: number;
    bind: pulumi.Input<string>;
    protocol: "tcp" | "udp";
  }[];
  health: Health;
  /** A service comes back by itself; a job runs once. */
  lifetime: "service" | "job";
  stopGraceSeconds: number;
}

/** Logs rotate: at most this much per container. */
const logs = { "max-size": "10m", "max-file": "3" };

export function containerArgs(plan: ContainerPlan): docker.ContainerArgs {
  const { sandbox, health } = plan;
  return {
    name: plan.name,
    image: plan.image,
    user: `${plan.user.uid}:${plan.user.gid}`,
    ...(plan.entrypoint === undefined ? {} : { entrypoints: [...plan.entrypoint] }),
    ...(plan.command === undefined ? {} : { command: [...plan.command] }),
    envs: [...plan.environment],
    labels: Object.entries(plan.labels).map(([label, value]) => ({ label, value })),
    mounts: [
      ...plan.mounts.map(({ volume, path, readOnly }) => ({
        type: "volume",
        source: volume,
        target: path,
        readOnly,
      })),
      ...Object.entries(sandbox.hostFolders?.value ?? {}).map(([path, folder]) => ({
        type: "bind",
        source: folder,
        target: path,
        readOnly: true,
      })),
    ],
    ...networkArgs(plan),
    memory: plan.memoryMiB,
    // Equal to memory: no swap, and no difference after a refresh.
    memorySwap: plan.memoryMiB,
    cpuShares: cpuSharesOf(plan.cpus),
    readOnly: sandbox.writableRoot === undefined,
    capabilities: { drops: ["ALL"], adds: [...(sandbox.capabilities?.value ?? [])] },
    securityOpts: ["no-new-privileges:true"],
    tmpfs: temporaryFolders(plan),
    ...(sandbox.openFiles === undefined ? {} : { ulimits: [openFiles(sandbox.openFiles.value)] }),
    ...(sandbox.sharedMemoryMiB === undefined ? {} : { shmSize: sandbox.sharedMemoryMiB.value }),
    healthcheck: {
      tests: ["CMD", ...health.command],
      interval: goDuration(health.intervalSeconds),
      timeout: goDuration(health.timeoutSeconds),
      startPeriod: goDuration(health.startSeconds),
      retries: health.retries,
    },
    wait: true,
    waitTimeout: health.startSeconds,
    restart: plan.lifetime === "service" ? "unless-stopped" : "no",
    mustRun: plan.lifetime === "service",
    logDriver: "json-file",
    logOpts: logs,
    // Unset, the provider kills at once.
    destroyGraceSeconds: plan.stopGraceSeconds,
    stopTimeout: plan.stopGraceSeconds,
  };
}

const openFiles = (most: number) => ({ name: "nofile", soft: most, hard: most });

function networkArgs({ networks, ports, sandbox }: ContainerPlan): Partial<docker.ContainerArgs> {
  if (sandbox.hostNetwork !== undefined) return { networkMode: "host" };
  if (networks.length === 0) return { networkMode: "none" };
  return {
    networkMode: "bridge",
    networksAdvanced: networks.map(({ name, alias }) => ({
      name,
      ...(alias === undefined ? {} : { aliases: [alias] }),
    })),
    ports: ports.map(({ number, published, bind, protocol }) => ({
      internal: number,
      external: published,
      ip: bind,
      protocol,
    })),
  };
}

function temporaryFolders({ sandbox, user }: ContainerPlan): Record<string, string> {
  return Object.fromEntries(
    Object.entries(sandbox.temporary?.value ?? {}).map(([path, folder]) => {
      const { sizeMiB, run } =
        typeof folder === "number"
          ? { sizeMiB: folder, run: "noexec" }
          : { sizeMiB: folder.sizeMiB, run: "exec" };
      return [path, `rw,nosuid,nodev,${run},size=${sizeMiB}m,mode=0700,uid=${user.uid},gid=${user.gid}`];
    }),
  );
}

/** A duration as Docker prints it back, such as `1m30s`: written any other way, it would differ forever. */
export function goDuration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds % 60;
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}

/** What the provider changes silently, without changing the container: replaced instead. */
export const replacedOnChange = ["healthcheck", "tmpfs", "mounts", "init", "cpuPeriod", "cpuQuota"];

/** Where a container finds its files. */
export const filesMount = (volume: pulumi.Input<string>) => ({ volume, path: filesPath, readOnly: true });
