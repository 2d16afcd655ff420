/** What an `up` needs of this machine's network: free ports, and room in the kernel's buffers. */
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import type Docker from "dockerode";
import { labels } from "../components/host/engine";
import { lowestPort } from "../components/services/service";
import type { Topology } from "../stacks/topology";
import { boundTo, portNumbers } from "../stacks/topology/exposure";
import { keyOf } from "../stacks/topology/ports";
import type { Opening } from "../stacks/topology/types";
import type { Missing } from "./preflight";
import { instanceOf, type StackState } from "./state";

/** Ports that other programs have. */
export async function takenPorts(
  docker: Docker,
  { stack, openings }: Topology,
  state: StackState | undefined,
): Promise<Missing[]> {
  // This installation's own, and also what a killed `up` left behind: that is removed next.
  const label = [`${labels.stack}=${stack}`, `${labels.instance}=${instanceOf(state) ?? "none"}`];
  const containers = await docker.listContainers({ filters: { label } });
  const own = containers.flatMap(({ Ports }) => Ports.map(({ PublicPort, Type }) => `${PublicPort}/${Type}`));
  // Of those on the host's network, Docker knows no ports.
  const onHost = containers.flatMap(({ HostConfig, Labels }) =>
    HostConfig.NetworkMode === "host" ? [Labels[labels.service]] : [],
  );
  const checked = await Promise.all(
    openings
      .filter(({ service, published, last }) => published === last && !onHost.includes(service))
      .filter(({ published, protocol }) => !own.includes(`${published}/${protocol}`))
      .map(async (opening) => ({ opening, free: await isFree(opening) })),
  );
  return checked
    .filter(({ free }) => !free)
    .map(({ opening }) => ({
      what: `port ${portNumbers(opening)} on ${boundTo(opening)} for ${opening.service}: another program has it`,
      fix: `stop that program, or set ${keyOf(opening) === "muster:web" ? "muster:web.httpPort and muster:web.httpsPort" : keyOf(opening)}`,
    }));
}

function isFree(opening: Opening): Promise<boolean> {
  const { published: port, protocol } = opening;
  const host = boundTo(opening);
  return new Promise((resolve) => {
    if (protocol === "udp") {
      const socket = createSocket("udp4");
      socket.once("error", (error: NodeJS.ErrnoException) => {
        resolve(error.code === "EACCES");
      });
      socket.bind({ port, address: host, exclusive: true }, () => socket.close(() => resolve(true)));
      return;
    }
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      // Docker may bind what this user may not.
      resolve(error.code === "EACCES");
    });
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Kernel settings that media want otherwise, where this machine's kernel is the host's. */
export function kernelNotices({ hosts }: Topology, read = readSysctl): string[] {
  return hosts.flatMap(({ provider, sysctls }) =>
    provider !== "local"
      ? []
      : Object.entries(sysctls).flatMap(([name, wanted]) => {
          const current = read(name);
          const enough = name === lowestPort ? (at: number) => at <= wanted : (at: number) => at >= wanted;
          if (current === undefined || enough(current)) return [];
          const purpose =
            name === lowestPort ? `for the relay on port ${wanted}` : "for many people in calls";
          return [`${name} is ${current}; ${purpose}: sudo sysctl -w ${name}=${wanted}`];
        }),
  );
}

function readSysctl(name: string): number | undefined {
  try {
    return Number(readFileSync(`/proc/sys/${name.replaceAll(".", "/")}`, "utf8"));
  } catch {
    return undefined;
  }
}
