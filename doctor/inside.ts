/** A port that a container shows to nobody outside, brought here through its engine alone. */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import { filesPath } from "../components/services/service";

export interface InsidePort {
  /** Where it answers on this machine's loopback, for example http://127.0.0.1:40123 */
  readonly url: string;
  close: () => void;
}

/**
 * Each connection is a busybox `nc` in the container: it works wherever the engine does, also through a tunnel, and
 * where containers' networks can't be reached.
 */
export async function insidePort(docker: Docker, container: string, port: number): Promise<InsidePort> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => open.delete(socket));
    carry(docker, container, port, socket).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

async function carry(docker: Docker, container: string, port: number, socket: Socket): Promise<void> {
  socket.pause();
  const exec = await docker.getContainer(container).exec({
    Cmd: [`${filesPath}/busybox`, "nc", "127.0.0.1", String(port)],
    ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true },
  });
  const stream = await exec.start({ hijack: true, stdin: true });
  const { demuxStream } = docker.modem as { demuxStream: (...streams: unknown[]) => void };
  demuxStream(stream, socket, new PassThrough().resume());
  stream.on("end", () => socket.end());
  stream.on("error", () => socket.destroy());
  socket.on("close", () => stream.destroy());
  socket.pipe(stream);
}
