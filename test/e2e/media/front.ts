/** What may stand before a stack's sites, and go wrong: its certificate, what it passes on, what it answers itself. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createPlainServer } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";

export interface Keys {
  key: string;
  cert: string;
}

/** What an authority may certify with. */
export interface Authority {
  certificate: string;
  key: string;
}

const day = 24 * 3600 * 1000;

/** A certificate for names, from so many days ago until in so many days. */
export function issue(authority: Authority, names: readonly string[], from: number, until: number): Keys {
  const folder = mkdtempSync(join(tmpdir(), "muster-issue-"));
  const date = (days: number): string =>
    `${new Date(Date.now() + days * day).toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`;
  const openssl = (...args: string[]): void => {
    const { status, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(`openssl ${args[0] ?? ""}: ${stderr}`);
  };
  try {
    writeFileSync(join(folder, "ca.pem"), authority.certificate);
    writeFileSync(join(folder, "ca.key"), authority.key);
    writeFileSync(join(folder, "index"), "");
    writeFileSync(join(folder, "serial"), "0123456789abcdef\n");
    writeFileSync(
      join(folder, "ca.conf"),
      `[ca]
default_ca = one
[one]
database = index
serial = serial
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = optional
[names]
subjectAltName = ${names.map((name) => `DNS:${name}`).join(",")}
`,
    );
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    openssl("req", ...curve, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", `/CN=${names[0] ?? ""}`);
    const dates = ["-startdate", date(-from), "-enddate", date(until)];
    openssl("ca", "-batch", "-notext", "-config", "ca.conf", ...dates, "-in", "leaf.csr", "-out", "leaf.pem");
    const read = (file: string): string => readFileSync(join(folder, file), "utf8");
    return { key: read("leaf.key"), cert: `${read("leaf.pem")}${authority.certificate}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface Front {
  port: number;
  close: () => void;
}

/** Passes everything on, under a certificate of its own. */
export const passing = (keys: Keys, upstream: { host: string; port: number }): Promise<Front> =>
  listening(
    createTlsServer({ ...keys, ALPNProtocols: ["http/1.1"] }, (socket) => {
      const servername = typeof socket.servername === "string" ? socket.servername : "";
      const inner = connectTls({ ...upstream, servername, rejectUnauthorized: false });
      for (const end of [socket, inner])
        end.on("error", () => [socket, inner].forEach((one) => one.destroy()));
      socket.pipe(inner).pipe(socket);
    }),
  );

/** Passes requests on, but no upgrade to a websocket. */
export const withoutWebsockets = (keys: Keys, upstream: { host: string; port: number }): Promise<Front> =>
  passing(keys, upstream).then(async (inside) => {
    const { request } = await import("node:https");
    const server = createServer(keys, (question, answer) => {
      const { method = "GET", url = "/", headers } = question;
      const options = {
        ...{ host: "127.0.0.1", port: inside.port, path: url, method, headers, rejectUnauthorized: false },
        servername: (headers.host ?? "").split(":")[0],
      };
      const asked = request(options, (given) => {
        answer.writeHead(given.statusCode ?? 502, given.headers);
        given.pipe(answer);
      });
      asked.on("error", () => answer.destroy());
      question.pipe(asked);
    });
    server.on("upgrade", (_, socket) => socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"));
    const front = await listening(server);
    return {
      port: front.port,
      close: () => {
        front.close();
        inside.close();
      },
    };
  });

/** Answers everything itself, with one status. */
export const answering = (status: number, keys?: Keys): Promise<Front> => {
  const answer = (
    _: unknown,
    response: { writeHead: (status: number) => void; end: (text: string) => void },
  ): void => {
    response.writeHead(status);
    response.end("from before the site");
  };
  return listening(keys === undefined ? createPlainServer(answer) : createServer(keys, answer));
};

function listening(server: Server): Promise<Front> {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () => {
          server.close();
          open.forEach((socket) => socket.destroy());
        },
      }),
    );
  });
}
