/** What a browser or an app does: HTTPS with a trusted authority, signing in, a websocket. */
import { request as httpsRequest } from "node:https";
import type { IncomingHttpHeaders } from "node:http";
import type Docker from "dockerode";
import WebSocket from "ws";
import { demultiplex } from "../../components/host/engine";

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface AskOptions {
  method?: string;
  headers?: Record<string, string>;
  /** As JSON, unless it is bytes. */
  body?: unknown;
}

/** A file on its way to Mattermost's API, as a page sends it. */
export function fileForm(
  channel: string,
  name: string,
  content: Buffer,
): { headers: Record<string, string>; body: Buffer } {
  const boundary = "muster-e2e";
  const head =
    `--${boundary}\r\nContent-Disposition: form-data; name="channel_id"\r\n\r\n${channel}\r\n` +
    `--${boundary}\r\nContent-Disposition: form-data; name="files"; filename="${name}"\r\n` +
    `Content-Type: application/octet-stream\r\n\r\n`;
  return {
    headers: { "Content-Type": `multipart/form-data; boundary=${boundary}` },
    body: Buffer.concat([Buffer.from(head), content, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}

/** What a command in a container prints. */
export async function execute(docker: Docker, container: string, command: string[]): Promise<string> {
  const exec = await docker
    .getContainer(container)
    .exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: false });
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => stream.on("end", resolve));
  return demultiplex(Buffer.concat(chunks));
}

/** Caddy's own root certificate, out of its container. */
export const rootCertificate = (docker: Docker, container: string): Promise<string> =>
  execute(docker, container, ["cat", "/data/caddy/pki/authorities/local/root.crt"]);

/** A browser that trusts one authority and finds the chat site on this machine, or at another address. */
export class Client {
  constructor(
    private readonly ca: string,
    private readonly port: number,
    private readonly address = "127.0.0.1",
    private readonly name = "chat.localhost",
  ) {}

  ask(path: string, { method = "GET", headers = {}, body }: AskOptions = {}): Promise<Answer> {
    const options = {
      ...{ host: this.address, port: this.port, servername: this.name },
      ca: this.ca,
      path,
      method,
      headers: { Host: `${this.name}:${this.port}`, ...headers },
    };
    return new Promise((resolve, reject) => {
      const request = httpsRequest(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString("utf8"),
          });
        });
      });
      request.setTimeout(20_000, () => request.destroy(new Error(`no answer from ${path}`)));
      request.on("error", reject);
      request.end(body === undefined || body instanceof Buffer ? body : JSON.stringify(body));
    });
  }

  /** Signs in and returns the session's token. */
  async signIn(user: string, password: string): Promise<string> {
    const { status, headers, body } = await this.ask("/api/v4/users/login", {
      method: "POST",
      body: { login_id: user, password },
    });
    if (status !== 200) throw new Error(`signing in: ${status} ${body}`);
    return String(headers["token"]);
  }

  /** The first event on the websocket after its challenge is answered. */
  hello(token: string): Promise<string> {
    const socket = new WebSocket(`wss://${this.address}:${this.port}/api/v4/websocket`, {
      ca: this.ca,
      ...{ servername: this.name },
      headers: { Host: `${this.name}:${this.port}` },
    });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        socket.terminate();
        reject(new Error("no event on the websocket within 20 s"));
      }, 20_000);
      socket.on("error", reject);
      socket.on("open", () => {
        socket.send(JSON.stringify({ seq: 1, action: "authentication_challenge", data: { token } }));
      });
      socket.on("message", (data: WebSocket.RawData) => {
        const message = JSON.parse((data as Buffer).toString("utf8")) as { event?: string };
        if (message.event === undefined) return;
        clearTimeout(timer);
        socket.close();
        resolve(message.event);
      });
    });
  }
}
