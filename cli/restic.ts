/** Runs restic once, in a container of its pinned image on this machine's Docker Engine, which then goes away. */
import { dirname } from "node:path";
import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import { connect } from "../components/host/engine";
import { imageReference, type ImageSettings } from "../components/services/images";
import { UserError } from "./errors";

/** A file for the container, which root alone can read. */
export interface RunFile {
  path: string;
  text: string;
}

/** A program from another image than the container's. */
export interface Program {
  image: string;
  from: string;
  to: string;
}

/** The same rclone as the host's, at `to`. */
export const rcloneProgram = (images: ImageSettings, to: string): Program => ({
  image: imageReference("rclone", images),
  from: "/usr/local/bin/rclone",
  to,
});

export interface ResticRun {
  engine: string;
  image: string;
  programs: readonly Program[];
  files: readonly RunFile[];
  /** Without secrets: who may look at containers sees it. */
  environment: Readonly<Record<string, string>>;
  command: readonly string[];
}

/** @returns restic's exit code; what it says goes to our terminal. */
export async function runRestic(run: ResticRun): Promise<number> {
  const docker = await connect(run.engine);
  await pull(docker, run.image);
  const container = await docker.createContainer(containerOf(run));
  const interrupt = (): void => {
    // restic puts its lock away when it is told to stop.
    container.kill({ signal: "SIGINT" }).catch(() => undefined);
  };
  process.once("SIGINT", interrupt);
  try {
    await container.putArchive(await packed(run.files), { path: "/" });
    await bringPrograms(docker, container, run.programs);
    return await finish(docker, container);
  } finally {
    process.off("SIGINT", interrupt);
    await container.remove({ force: true, v: true });
  }
}

/** Pure: what the container gets. */
export const containerOf = ({ image, environment, command }: ResticRun): Docker.ContainerCreateOptions => ({
  Image: image,
  // The official image starts it through a script, which only sets priorities.
  Entrypoint: ["/usr/bin/restic"],
  Cmd: [...command],
  Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
  User: "0:0",
  AttachStdout: true,
  AttachStderr: true,
  HostConfig: {
    // The storage is reached as this machine reaches it, also through a tunnel of its own.
    NetworkMode: "host",
    CapDrop: ["ALL"],
    SecurityOpt: ["no-new-privileges:true"],
  },
});

async function pull(docker: Docker, image: string): Promise<void> {
  const there = await docker
    .getImage(image)
    .inspect()
    .then(
      () => true,
      () => false,
    );
  if (there) return;
  try {
    const stream = await docker.pull(image);
    await new Promise<void>((resolve, reject) =>
      docker.modem.followProgress(stream, (error) => (error === null ? resolve() : reject(error))),
    );
  } catch (error) {
    throw new UserError(
      `The image ${image} can't be fetched: ${(error as Error).message}\n  fix: look whether this machine's Docker Engine runs and reaches the registry; muster:images names others; nothing was changed`,
    );
  }
}

/** The files as an archive, with their folders, for root alone. */
export async function packed(files: readonly RunFile[]): Promise<Buffer> {
  const { pack } = await import("tar-stream");
  const archive = pack();
  for (const folder of new Set(files.map(({ path }) => dirname(path))))
    archive.entry({ name: folder.slice(1), type: "directory", mode: 0o700 });
  for (const { path, text } of files) archive.entry({ name: path.slice(1), mode: 0o400 }, text);
  archive.finalize();
  return buffer(archive);
}

/** Out of images that are never started, into folders that the container has. */
export async function bringPrograms(
  docker: Docker,
  container: Docker.Container,
  programs: readonly Program[],
): Promise<void> {
  for (const { image, from, to } of programs) {
    await pull(docker, image);
    const source = await docker.createContainer({ Image: image });
    try {
      await container.putArchive(await source.getArchive({ path: from }), { path: dirname(to) });
    } finally {
      await source.remove();
    }
  }
}

async function finish(docker: Docker, container: Docker.Container): Promise<number> {
  const stream = await container.attach({ stream: true, stdout: true, stderr: true });
  docker.modem.demuxStream(stream, process.stdout, process.stderr);
  const said = new Promise((resolve) => stream.once("end", resolve));
  await container.start();
  // Waited for only now: a container that hasn't started yet counts as ended, with code 0.
  const { StatusCode } = (await container.wait()) as { StatusCode: number };
  await said;
  return StatusCode;
}
