/** What an `up` on this machine needs, checked before anything is created; all that is missing in one list. */
import { statfs } from "node:fs/promises";
import type Docker from "dockerode";
import { labels } from "../components/host/engine";
import { physicalPrefix } from "../components/platform/names";
import { imagesOf, type Topology } from "../stacks/topology";
import { UserError } from "./errors";
import { takenPorts } from "./preflight.network";
import { capturePulumi } from "./pulumi";
import { containerIds, instanceOf, type StackState, volumeNames } from "./state";

/** Something that is missing, and how to get it. */
export interface Missing {
  what: string;
  fix: string;
}

const leastNode = [20, 20] as const;
/** The first Docker Engine that lets an unprivileged user bind low ports within a container. */
const leastEngine = [20, 10] as const;
/** Images and a first start fit into this. */
const leastDiskGiB = 3;

/** @throws UserError that lists all that is missing. */
export async function requireAll(missing: readonly Missing[]): Promise<void> {
  if (missing.length === 0) return;
  const list = missing.map(({ what, fix }) => `  - ${what}\n      fix: ${fix}`).join("\n");
  await Promise.reject(new UserError(`Nothing was changed. Missing:\n${list}`));
}

/** Node and the Pulumi CLI. */
export async function missingTools(): Promise<Missing[]> {
  const missing: Missing[] = [];
  if (isOlder(process.versions.node, leastNode))
    missing.push({
      what: `Node ${leastNode.join(".")} or newer; this is ${process.version}`,
      fix: "install Node 22",
    });
  const { code, stderr } = await capturePulumi(undefined, ["version"]);
  if (code !== 0)
    missing.push({
      what: `the Pulumi CLI: ${stderr.trim().split("\n").at(-1) ?? "it didn't answer"}`,
      fix: "allow access to get.pulumi.com once, or install that version; `npm run plan -- local` works without it",
    });
  return missing;
}

/** The Docker Engine, and room on its machine. */
export async function missingOnHost(
  docker: Docker,
  topology: Topology,
  state: StackState | undefined,
): Promise<Missing[]> {
  const { engine, version } = await engineVersion(docker);
  if (version === undefined)
    return [
      {
        what: `the Docker Engine doesn't answer: ${engine}`,
        fix: "start it (systemctl start docker, or Docker Desktop); for another socket, set muster:host.engine",
      },
    ];
  return [
    ...tooOld(version),
    ...(await missingRoom(docker, topology)),
    ...(await missingImages(docker, topology)),
    ...(await takenNames(docker, topology, state)),
    ...(await takenPorts(docker, topology, state)),
  ];
}

/** An engine's version, by which it can't run what we run. */
export const tooOld = (version: string): Missing[] =>
  isOlder(version, leastEngine)
    ? [{ what: `Docker Engine ${leastEngine.join(".")} or newer; this is ${version}`, fix: "upgrade Docker" }]
    : [];

/** An engine that answers, but can't run what we run. */
export const tooOldEngine = async (docker: Docker): Promise<Missing[]> =>
  tooOld((await docker.version()).Version);

async function engineVersion(docker: Docker): Promise<{ engine: string; version: string | undefined }> {
  try {
    return { engine: "", version: (await docker.version()).Version };
  } catch (error) {
    return { engine: (error as Error).message, version: undefined };
  }
}

/** Memory and disk that aren't there. */
export async function missingRoom(docker: Docker, { hosts, services }: Topology): Promise<Missing[]> {
  const info = (await docker.info()) as {
    MemTotal: number;
    DockerRootDir: string;
    OperatingSystem: string;
  };
  const onHostNetwork = services.filter(({ service }) => service.sandbox.hostNetwork !== undefined);
  const demandMiB = hosts.reduce((sum, { demand }) => sum + demand.memoryMiB, 0);
  const memoryMiB = Math.floor(info.MemTotal / 1024 ** 2);
  const freeGiB = await freeDiskGiB(info.DockerRootDir);
  return [
    ...(info.OperatingSystem === "Docker Desktop"
      ? onHostNetwork.map(({ service }) => ({
          what: `Linux for ${service.title}: Docker Desktop's host network is that of a virtual machine`,
          fix: "set muster:turn to off; within one network nobody needs a relay",
        }))
      : []),
    ...(memoryMiB < demandMiB
      ? [
          {
            what: `memory: ${demandMiB} MiB needed, the engine's machine has ${memoryMiB} MiB`,
            fix: "lower muster:people, or give it more (Docker Desktop: Settings, Resources)",
          },
        ]
      : []),
    ...(freeGiB !== undefined && freeGiB < leastDiskGiB
      ? [
          {
            what: `disk: ${leastDiskGiB} GiB needed, ${freeGiB.toFixed(1)} GiB free under ${info.DockerRootDir}`,
            fix: "make room, for example with docker system prune",
          },
        ]
      : []),
  ];
}

/** Free room where Docker keeps its data; `undefined` where that isn't a folder of ours (Docker Desktop). */
async function freeDiskGiB(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return (bavail * bsize) / 1024 ** 3;
  } catch {
    return undefined;
  }
}

/** Images that are neither there nor to be had. What needs a sign-in is left to the pull. */
export async function missingImages(docker: Docker, topology: Topology): Promise<Missing[]> {
  const all = [...new Set(imagesOf(topology).map(({ reference }) => reference))];
  const checked = await Promise.all(
    all.map(async (reference) => ({ reference, problem: await imageProblem(docker, reference) })),
  );
  return checked.flatMap(({ reference, problem }) =>
    problem === undefined
      ? []
      : [
          {
            what: `the image ${reference}: ${problem}`,
            fix: "look whether its registry answers and has it; muster:images.mirror and muster:images.overrides name others",
          },
        ],
  );
}

async function imageProblem(docker: Docker, reference: string): Promise<string | undefined> {
  const image = docker.getImage(reference);
  const there = await image.inspect().then(
    () => true,
    () => false,
  );
  if (there) return undefined;
  return image.distribution().then(
    () => undefined,
    (error: unknown) => {
      const { statusCode, message, json } = error as Error & {
        statusCode?: number;
        json?: { message?: string };
      };
      return statusCode === 401 || statusCode === 403 ? undefined : (json?.message ?? message);
    },
  );
}

/** Containers and volumes of this stack's names that belong to another installation. */
export async function takenNames(
  docker: Docker,
  { stack }: Topology,
  state: StackState | undefined,
): Promise<Missing[]> {
  const filters = { label: [`${labels.stack}=${stack}`] };
  const instance = instanceOf(state);
  const known = { containers: containerIds(state), volumes: volumeNames(state) };
  const foreign = (label: Record<string, string> | null | undefined): boolean =>
    instance === undefined || label?.[labels.instance] !== instance;
  const containers = (await docker.listContainers({ all: true, filters })).filter(
    ({ Id, Labels }) => !known.containers.has(Id) && foreign(Labels),
  );
  const volumes = (await docker.listVolumes({ filters })).Volumes.filter(
    ({ Name, Labels }) => !known.volumes.has(Name) && foreign(Labels),
  );
  if (containers.length === 0 && volumes.length === 0) return [];
  const names = [
    ...containers.map(({ Names }) => Names[0]?.slice(1) ?? ""),
    ...volumes.map(({ Name }) => Name),
  ];
  return [
    {
      what: `names of stack ${stack} are taken by another installation, whose state isn't here: ${names.join(", ")}`,
      fix: `run it from the folder that made them; or, to give them up for good: docker rm -f and docker volume rm what starts with ${physicalPrefix(stack)}-`,
    },
  ];
}

function isOlder(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}
