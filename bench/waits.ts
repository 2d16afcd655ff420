/** How long containers take to become healthy by themselves: time that no program around them can save. */
import type Docker from "dockerode";
import { labels } from "../components/host/engine";
import { type RecordedResource, unwrap } from "../test/helpers/graph";

const containerType = "docker:index/container:Container";

interface DockerEvent {
  Action: string;
  Actor: { Attributes: { name: string } };
  timeNano: number;
}

/** Listens to the engine for a stack's containers: each one's start, and the first time that it is healthy. */
export class HealthWaits {
  private readonly started = new Map<string, number>();
  private readonly healthy = new Map<string, number>();

  private constructor(private readonly events: NodeJS.ReadableStream & { destroy: () => void }) {
    let rest = "";
    events.setEncoding("utf8");
    events.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.trim() !== "") this.note(JSON.parse(line) as DockerEvent);
    });
  }

  static async listen(docker: Docker, stack: string): Promise<HealthWaits> {
    const events = await docker.getEvents({
      filters: {
        type: ["container"],
        event: ["start", "health_status"],
        label: [`${labels.stack}=${stack}`],
      },
    });
    return new HealthWaits(events as unknown as NodeJS.ReadableStream & { destroy: () => void });
  }

  private note({ Action: action, Actor: { Attributes }, timeNano }: DockerEvent): void {
    const seen =
      action === "start" ? this.started : action === "health_status: healthy" ? this.healthy : undefined;
    if (seen !== undefined && !seen.has(Attributes.name)) seen.set(Attributes.name, timeNano / 1e9);
  }

  /** Stops listening. */
  end(): void {
    this.events.destroy();
  }

  /** From start to healthy, by the container's name. */
  seconds(): ReadonlyMap<string, number> {
    return new Map(
      [...this.healthy].flatMap(([name, at]) => {
        const start = this.started.get(name);
        return start === undefined ? [] : [[name, at - start] as const];
      }),
    );
  }
}

export interface Chain {
  seconds: number;
  /** Names of its containers, in order. */
  containers: readonly string[];
}

/** The longest chain of waits, each container after those that it depends on. */
export function longestChain(
  resources: readonly RecordedResource[],
  waits: ReadonlyMap<string, number>,
): Chain {
  const containers = new Map(
    resources.filter(({ type }) => type === containerType).map((resource) => [resource.urn, resource]),
  );
  const known = new Map<string, Chain>();
  const upTo = (resource: RecordedResource): Chain => {
    const before = known.get(resource.urn);
    if (before !== undefined) return before;
    const own = waits.get(String(unwrap(resource.inputs["name"])));
    if (own === undefined) throw new Error(`the engine never said that ${resource.name} is healthy`);
    const first = longest(resource.dependencies.flatMap((urn) => containers.get(urn) ?? []).map(upTo));
    const chain = { seconds: first.seconds + own, containers: [...first.containers, resource.name] };
    known.set(resource.urn, chain);
    return chain;
  };
  return longest([...containers.values()].map(upTo));
}

const longest = (chains: readonly Chain[]): Chain =>
  chains.reduce((best, chain) => (chain.seconds > best.seconds ? chain : best), {
    seconds: 0,
    containers: [],
  });
