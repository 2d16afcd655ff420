/** A coturn of the bench's own, from the project's own declaration: its file, its limits, its network. */
import { randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { labels } from "../../components/host/engine";
import { containerName } from "../../components/platform/names";
import { filesPath, type Sandbox, type ServiceFile } from "../../components/services/service";
import { fill, type Late } from "../../components/services/text";
import { stunBinding, turnCredentials, type TurnServer } from "../../probe";
import { parseSettings } from "../../stacks/settings/parse";
import { type ServicePlan, type Topology, topologyOf } from "../../stacks/topology";
import { cpuSharesOf } from "../../stacks/topology/sizing";

const stack = "bench";
const turnPort = 17_478;
const secret = randomBytes(20).toString("hex");

/** For ten people in calls and ten in meetings, as in the stack `local`. */
export const relayTopology = (address: string, overrides: Readonly<Record<string, string>>): Topology =>
  topologyOf(
    stack,
    parseSettings({
      source: "bench/media/coturn.ts",
      values: {
        domain: "localhost",
        host: { provider: "local", address },
        people: { accounts: 20, active: 20, inCalls: 10, inMeetings: 10 },
        media: { turnPort, relayFirstPort: 17_500 },
        protectData: false,
        images: { overrides },
      },
      encrypted: [],
    }),
  );

export const coturnOf = ({ services }: Topology): ServicePlan => {
  const found = services.find(({ name }) => name === "coturn");
  if (found === undefined) throw new Error("this stack has no relay");
  return found;
};

export class BenchCoturn {
  private constructor(
    private readonly container: Docker.Container,
    private readonly address: string,
  ) {}

  /** Starts it, and waits until it answers. Its label is that of a stack of the bench, which removes it. */
  static async start(docker: Docker, plan: ServicePlan, address: string): Promise<BenchCoturn> {
    const name = containerName(stack, plan.name);
    const volume = await docker.createVolume({ Name: `${name}-files`, Labels: { [labels.stack]: stack } });
    const { command, files = [] } = plan.spec;
    const container = await docker.createContainer({
      name,
      Image: plan.image.reference,
      User: `${plan.service.user.uid}:${plan.service.user.gid}`,
      ...(command === undefined ? {} : { Cmd: [...command] }),
      Labels: { [labels.stack]: stack, [labels.service]: plan.name },
      // A health check's processes would count as the relay's.
      Healthcheck: { Test: ["NONE"] },
      HostConfig: {
        ...hostConfig(plan),
        Mounts: [{ Type: "volume", Source: volume.name, Target: filesPath }],
      },
    });
    await container.putArchive(archive(files, plan, address), { path: filesPath });
    await container.start();
    const coturn = new BenchCoturn(container, address);
    await coturn.answers();
    return coturn;
  }

  private async answers(): Promise<void> {
    for (let tries = 0; tries < 20; tries++)
      if ((await stunBinding({ host: this.address, port: turnPort, timeoutSeconds: 0.5 })).ok) return;
      else await pause(200);
    throw new Error("the relay doesn't answer");
  }

  /** The relay for someone, with credentials of now. */
  server(user: string, transport: "udp" | "tcp"): TurnServer {
    return { host: this.address, port: turnPort, transport, ...turnCredentials(secret, { user }) };
  }

  /** What its container has used so far. */
  async cpuSeconds(): Promise<number> {
    const { cpu_stats: cpu } = await this.container.stats({ stream: false, "one-shot": true });
    return cpu.cpu_usage.total_usage / 1e9;
  }

  async remove(): Promise<void> {
    await this.container.remove({ force: true, v: true });
  }
}

/** What the project's own containers get of it. */
function hostConfig({ service: { sandbox, user }, needs }: ServicePlan): Docker.HostConfig {
  const memory = needs.memoryMiB * 1024 ** 2;
  const openFiles = sandbox.openFiles?.value;
  return {
    NetworkMode: sandbox.hostNetwork === undefined ? "none" : "host",
    ReadonlyRootfs: sandbox.writableRoot === undefined,
    CapDrop: ["ALL"],
    CapAdd: [...(sandbox.capabilities?.value ?? [])],
    SecurityOpt: ["no-new-privileges:true"],
    Memory: memory,
    MemorySwap: memory,
    CpuShares: cpuSharesOf(needs.cpus),
    Tmpfs: temporary(sandbox, `uid=${user.uid},gid=${user.gid}`),
    ...(openFiles === undefined ? {} : { Ulimits: [{ Name: "nofile", Soft: openFiles, Hard: openFiles }] }),
  };
}

const temporary = (sandbox: Sandbox, owner: string): Record<string, string> =>
  Object.fromEntries(
    Object.keys(sandbox.temporary?.value ?? {}).map((path) => [path, `rw,size=16m,mode=0700,${owner}`]),
  );

/** The files, complete, with their owner. */
function archive(
  files: readonly ServiceFile[],
  { service }: ServicePlan,
  address: string,
): NodeJS.ReadableStream {
  const show = (late: Late): string => ("secret" in late ? secret : address);
  const tar = pack();
  for (const { name, mode = 0o400, content } of files)
    tar.entry({ name, mode, ...service.user }, fill(content, show));
  tar.finalize();
  return tar.pipe(new PassThrough());
}
