/** Looks into a running stack: logs, and Mattermost's own command line. The same on every kind of host. */
import type Docker from "dockerode";
import { demultiplex, linesOf } from "../components/host/engine";
import { containerName } from "../components/platform/names";
import { mainHost } from "../stacks/topology/hosts";
import { reach, reachAll } from "./access";
import { UserError } from "./errors";
import { runnable } from "./load";

/** Logs of some services, or of all; each line behind its service's name. */
export async function logs(
  stack: string,
  wanted: readonly string[],
  { follow, tail }: { follow: boolean; tail: string },
): Promise<void> {
  const topology = runnable(stack);
  const known = topology.services.map(({ name }) => name);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new UserError(
      `No such service.\n  given:   ${unknown.join(", ")}\n  allowed: ${known.join(", ")}\n  fix:     name one of these, or none for all`,
    );
  if (!/^\d+$/.test(tail))
    throw new UserError(`--tail takes a number of lines.\n  given: ${tail}\n  fix:   for example --tail 100`);
  const engines = await reachAll(topology);
  const hosts = new Map(topology.services.map(({ name, host }) => [name, host]));
  const services = wanted.length > 0 ? wanted : known;
  const width = Math.max(...services.map((name) => name.length));
  await Promise.all(
    services.map(async (name) => {
      const host = hosts.get(name) ?? mainHost;
      const docker = engines.get(host) ?? (await reach(topology, undefined, host));
      const print = (line: string): void => console.log(`${name.padEnd(width)} | ${line}`);
      const container = await running(docker, stack, name);
      const options = { stdout: true, stderr: true, tail: Number(tail) };
      if (follow) await linesOf(docker, await container.logs({ ...options, follow: true }), print);
      else
        demultiplex(await container.logs(options))
          .trimEnd()
          .split("\n")
          .forEach(print);
    }),
  );
}

/** Runs `mmctl` in Mattermost's container, over its local socket; its exit code becomes ours. */
export async function mmctl(stack: string, args: readonly string[]): Promise<void> {
  const topology = runnable(stack);
  const docker = await reach(topology);
  const container = await running(docker, stack, "mattermost");
  const exec = await container.exec({
    Cmd: ["/mattermost/bin/mmctl", "--local", ...args],
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({ hijack: true, stdin: false });
  const { demuxStream } = docker.modem as { demuxStream: (...streams: unknown[]) => void };
  demuxStream(stream, process.stdout, process.stderr);
  await new Promise((resolve) => stream.on("end", resolve));
  process.exitCode = (await exec.inspect()).ExitCode ?? 1;
}

async function running(docker: Docker, stack: string, service: string): Promise<Docker.Container> {
  const container = docker.getContainer(containerName(stack, service));
  try {
    await container.inspect();
    return container;
  } catch (error) {
    throw new UserError(
      `${service} of stack ${stack} isn't there: ${(error as Error).message}\n  fix: ${stack === "local" ? "npm start" : `npm run up -- ${stack}`}`,
    );
  }
}
