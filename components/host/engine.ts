/** Talks to a Docker Engine directly: for logs of something that failed, and for our own verbs. */
import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import type { EngineAddress } from "./ssh";
import { openTunnel } from "./tunnel";

/** Labels that everything of a stack carries. */
export const labels = {
  stack: "muster.stack",
  /** Tells two installations with the same stack name on one engine apart. */
  instance: "muster.instance",
  service: "muster.service",
  files: "muster.files",
  /** Major version of the database that a container writes to: another one is asked about before it starts. */
  database: "muster.database",
  /** What a container does that the engine doesn't know of: `restore`, `import`. */
  worker: "muster.worker",
} as const;

/**
 * A client for a Docker Engine; a remote one comes through a tunnel. Loaded late: an `up` that succeeds never needs it.
 * @param withinSeconds how long a remote one may take. Default: the tunnel's.
 * @throws SshError where the machine can't be reached.
 */
export async function connect(engine: EngineAddress, withinSeconds?: number): Promise<Docker> {
  const { default: Client } = await import("dockerode");
  const socketPath =
    typeof engine === "string"
      ? engine.replace(/^unix:\/\//, "")
      : (await openTunnel(engine, withinSeconds)).socket;
  // All said: a DOCKER_HOST of the environment would win over a socket alone.
  return new Client({ socketPath, host: "", protocol: "http" });
}

/** The last lines that a container wrote, oldest first; empty where it has written nothing. */
export async function lastLogLines(docker: Docker, container: string, lines = 20): Promise<string[]> {
  const raw = await docker.getContainer(container).logs({ stdout: true, stderr: true, tail: lines });
  return demultiplex(raw)
    .split("\n")
    .filter((line) => line.trim() !== "");
}

/** Docker prefixes each chunk of a log with eight bytes: stream, three zeros, length. */
export function demultiplex(raw: Buffer): string {
  const chunks: Buffer[] = [];
  let offset = 0;
  while (offset + 8 <= raw.length) {
    const length = raw.readUInt32BE(offset + 4);
    chunks.push(raw.subarray(offset + 8, offset + 8 + length));
    offset += 8 + length;
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Runs a command in a container and waits for it; `onLine` sees each line as it comes. */
export async function execute(
  docker: Docker,
  container: string,
  command: readonly string[],
  { environment = [], onLine }: { environment?: readonly string[]; onLine?: (line: string) => void } = {},
): Promise<{ code: number; output: string }> {
  const exec = await docker.getContainer(container).exec({
    Cmd: [...command],
    Env: [...environment],
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await exec.start({ hijack: true, stdin: false });
  const output = await linesOf(docker, stream, onLine);
  return { code: (await exec.inspect()).ExitCode ?? 1, output };
}

/** All that comes out of a multiplexed stream, until its end; `onLine` sees each line as it comes. */
export async function linesOf(
  docker: Docker,
  stream: NodeJS.ReadableStream,
  onLine: (line: string) => void = () => undefined,
): Promise<string> {
  const lines = new PassThrough();
  let output = "";
  let rest = "";
  lines.on("data", (chunk: Buffer) => {
    const parts = (rest + chunk.toString("utf8")).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      output += `${line}\n`;
      onLine(line);
    }
  });
  (docker.modem as { demuxStream: (...streams: unknown[]) => void }).demuxStream(stream, lines, lines);
  await new Promise((resolve) => stream.on("end", resolve));
  if (rest !== "") onLine(rest);
  return output + rest;
}
