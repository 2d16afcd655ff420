/** Containers as their engine sees them: running, healthy, of the image that the plan names, and not short of memory. */
import type Docker from "dockerode";
import { containerName } from "../components/platform/names";
import type { ServicePlan } from "../stacks/topology";
import type { Check, Seen } from "./check";
import { containerId, engineFor, engineId, type Patient } from "./patient";

/** Share of its limit at which a container's next burst may end it. */
const fullMemory = 0.95;

/** A container that has started so often since it was made, and not long ago, is in a loop. */
const restartsAtMost = 3;
const recentSeconds = 3600;

export const containerChecks = (patient: Patient): Check[] =>
  patient.topology.services.flatMap((service) => [
    runningCheck(patient, service),
    imageCheck(patient, service),
    memoryCheck(patient, service),
  ]);

function runningCheck(patient: Patient, { name, host, service }: ServicePlan): Check {
  const { stack } = patient.topology;
  return {
    id: containerId(name),
    group: "containers",
    title: `${service.title} runs and is healthy`,
    means: `${service.title} doesn't do its work`,
    fix: `npm run logs -- ${stack} ${name}; npm run up -- ${stack} brings it back`,
    through: [engineId(host)],
    run: async () => {
      const found = await inspect(engineFor(patient, host), containerName(stack, name));
      return found === undefined
        ? { ok: false, saw: "there is no such container" }
        : runningVerdict(found, new Date());
    },
  };
}

type State = Pick<Docker.ContainerInspectInfo, "State" | "RestartCount">;

/** Pure. */
export function runningVerdict({ State, RestartCount }: State, now: Date): Seen {
  if (State.Paused)
    return { ok: false, saw: "paused", fix: "docker unpause it: somebody has stopped it by hand" };
  if (!State.Running) {
    const why = State.OOMKilled ? ", for want of memory" : "";
    return { ok: false, saw: `${State.Status}, code ${State.ExitCode}${why}` };
  }
  const health = State.Health?.Status;
  if (health !== undefined && health !== "healthy") {
    const said = State.Health?.Log.at(-1)?.Output.trim().split("\n")[0] ?? "";
    return { ok: false, saw: `${health}${said === "" ? "" : `: ${said}`}` };
  }
  const seconds = (now.getTime() - new Date(State.StartedAt).getTime()) / 1000;
  if (RestartCount > restartsAtMost && seconds < recentSeconds)
    return {
      ok: false,
      severity: "warning",
      saw: `started again ${RestartCount} times, last ${Math.round(seconds / 60)} minutes ago`,
      means: "it ends by itself again and again: what it does is interrupted each time",
    };
  return { ok: true, saw: `since ${State.StartedAt.slice(0, 16).replace("T", " ")} UTC` };
}

function imageCheck(patient: Patient, { name, host, service, image }: ServicePlan): Check {
  const { stack } = patient.topology;
  return {
    id: `image.${name}`,
    group: "containers",
    title: `${service.title} runs the pinned image`,
    means: "what runs isn't what was tested, and the next up changes it",
    fix: `npm run up -- ${stack}`,
    through: [containerId(name)],
    run: async () => {
      const docker = engineFor(patient, host);
      const { Config, Image } = await docker.getContainer(containerName(stack, name)).inspect();
      const pinned = await docker
        .getImage(image.reference)
        .inspect()
        .then(
          ({ Id }) => Id,
          () => undefined,
        );
      return imageVerdict({ named: Config.Image, id: Image }, { reference: image.reference, id: pinned });
    },
  };
}

/** Pure. @param pinned the plan's reference, and what the engine has under it. */
export function imageVerdict(
  runs: { named: string; id: string },
  pinned: { reference: string; id: string | undefined },
): Seen {
  if (runs.id === pinned.id || (pinned.id === undefined && runs.named === pinned.reference))
    return { ok: true, saw: pinned.reference };
  return {
    ok: false,
    saw: `${runs.named === pinned.reference ? runs.id : runs.named}, not ${pinned.reference}`,
  };
}

function memoryCheck(patient: Patient, { name, host, service }: ServicePlan): Check {
  const { stack } = patient.topology;
  return {
    id: `memory.${name}`,
    group: "containers",
    title: `${service.title} has room in its memory`,
    means: "with a little more to do it is killed, and starts anew",
    fix: "raise muster:people to what there really is; npm run plan shows what that asks of the machine",
    through: [containerId(name)],
    run: async () => {
      const stats = await engineFor(patient, host)
        .getContainer(containerName(stack, name))
        .stats({ stream: false, "one-shot": true });
      return memoryVerdict(usedMiB(stats.memory_stats), Math.round(stats.memory_stats.limit / 1024 ** 2));
    },
  };
}

/** Without what the kernel gives back at once, as `docker stats` counts. */
function usedMiB({ usage = 0, stats }: Partial<Docker.MemoryStats>): number {
  const { inactive_file: version2, total_inactive_file: version1 } = (stats ?? {}) as Record<
    string,
    number | undefined
  >;
  return (usage - (version1 ?? version2 ?? 0)) / 1024 ** 2;
}

/** Pure. */
export function memoryVerdict(used: number, limit: number): Seen {
  const saw = `${Math.round(used)} of ${limit} MiB`;
  return used > limit * fullMemory ? { ok: false, severity: "warning", saw } : { ok: true, saw };
}

/** A container; `undefined` where there is none of that name. */
async function inspect(docker: Docker, name: string): Promise<Docker.ContainerInspectInfo | undefined> {
  try {
    return await docker.getContainer(name).inspect();
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return undefined;
    throw error;
  }
}
