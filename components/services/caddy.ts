import type { Settings } from "../../stacks/settings/schema";
import { sayReady } from "./job";
import type { Job, Route, Sandbox, Service } from "./service";
import { type PlainText, text } from "./text";

/** Port of the health answer, inside the container's own loopback. */
const healthPort = 8080;

/** Where a change of the configuration is handed in: on a volume that this service alone has. */
const adminAddress = "unix//config/admin.sock";

const sandbox: Sandbox = {
  capabilities: {
    value: ["CAP_NET_BIND_SERVICE"],
    reason: "the image's program carries this file capability and can't be run without it",
  },
  egress: { value: true, reason: "publishes ports, and asks the certificate authority" },
  temporary: { value: { "/tmp": 64 }, reason: "request bodies on their way" },
};

/** Hands a changed configuration in: connections stay, websockets for five minutes more. */
const reload: Job = {
  name: "reload",
  image: "own",
  volumes: ["config"],
  shell: false,
  memoryMiB: 128,
  timeoutSeconds: 60,
  sandbox: {
    ...(sandbox.capabilities === undefined ? {} : { capabilities: sandbox.capabilities }),
    temporary: { value: { "/tmp": 1 }, reason: "says when it is done" },
  },
  container: ({ settings, routes }) => ({
    environment: {},
    files: [
      { name: "Caddyfile", content: caddyfile(settings, routes) },
      {
        name: "reload.sh",
        content: text`set -eu
caddy reload --config /muster/Caddyfile --adapter caddyfile --address ${adminAddress}
${sayReady}
`,
      },
    ],
    command: ["sh", "/muster/reload.sh"],
  }),
};

/** Caddy: the reverse proxy in front of every site, with TLS. */
export const caddy: Service = {
  name: "caddy",
  title: "Caddy",
  image: () => "caddy",
  user: { uid: 1000, gid: 1000 },
  when: () => true,
  role: "app",
  needs: ({ active }) => ({ memoryMiB: 96 + 0.1 * active, cpus: 0.05 + active / 5000, diskGiB: 1 }),
  ports: ({ web }) => [
    {
      name: "http",
      number: 80,
      published: web.httpPort,
      protocol: "tcp",
      exposure: "entry",
      why: "sends browsers to HTTPS, answers ACME challenges",
    },
    {
      name: "https",
      number: 443,
      published: web.httpsPort,
      protocol: "tcp",
      exposure: "entry",
      why: "every site, over TLS",
    },
  ],
  volumes: () => [
    {
      name: "data",
      path: "/data",
      backup: "files",
      why: "certificates and ACME account; lost ones count against the authority's limits",
      bound: "domain",
    },
    { name: "config", path: "/config", backup: "none", why: "Caddy's own copy of its configuration" },
  ],
  container: ({ settings, routes }) => ({
    environment: { XDG_DATA_HOME: "/data", XDG_CONFIG_HOME: "/config" },
    files: [{ name: "Caddyfile", content: caddyfile(settings, routes), reloaded: true }],
    command: ["caddy", "run", "--config", "/muster/Caddyfile", "--adapter", "caddyfile"],
  }),
  sandbox,
  health: {
    command: ["wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${healthPort}/`],
    intervalSeconds: 2,
    timeoutSeconds: 5,
    retries: 5,
    startSeconds: 30,
  },
  startsAfter: [],
  stopGraceSeconds: 30,
  jobs: [reload],
};

/** How sites get their certificates when nothing else is said. */
export function tlsMode(settings: Settings): "internal" | "acme" | "origin" {
  if (settings.edge.provider === "cloudflare") return "origin";
  const local = settings.domain === "localhost" || settings.domain.endsWith(".localhost");
  return settings.edge.tls ?? (local ? "internal" : "acme");
}

/**
 * Caddy's configuration. Changes come in by a socket that only the reload job has.
 * `X-Forwarded-For` is overwritten with the address that Caddy itself sees, so nobody can forge it.
 */
export function caddyfile(settings: Settings, routes: readonly Route[]): PlainText {
  const tls = tlsMode(settings);
  const email = settings.edge.provider === "none" ? settings.edge.email : undefined;
  const global = [
    `admin ${adminAddress}`,
    "servers {\n\t\tprotocols h1 h2\n\t}",
    ...(tls === "internal" ? ["skip_install_trust"] : []),
    ...(email === undefined ? [] : [`email ${email}`]),
  ];
  const sites = routes.map((route) => site(route, tls, settings.web.httpsPort));
  return sites.reduce<PlainText>(
    (file, next) => text`${file}${next}`,
    text`{
	${global.join("\n\t")}
}

http://127.0.0.1:${healthPort} {
	bind 127.0.0.1
	respond 200
}
`,
  );
}

function site(route: Route, tls: ReturnType<typeof tlsMode>, httpsPort: number): PlainText {
  const port = httpsPort === 443 ? "" : `:${httpsPort}`;
  return text`
http://${route.host} {
	redir https://${route.host}${port}{uri} 308
}

https://${route.host} {${tls === "internal" ? "\n\ttls internal" : ""}
	request_body {
		max_size ${route.maxBodyMiB}MiB
	}
${framing(route)}	reverse_proxy ${route.upstream} {
		header_up X-Forwarded-For {client_ip}
		lb_try_duration 10s
		stream_close_delay 5m
	}
}
`;
}

/** Who may show a site in a frame, where the site leaves it to the proxy. */
const framing = ({ framedBy }: Route): string =>
  framedBy === undefined
    ? ""
    : `\theader Content-Security-Policy "frame-ancestors 'self' ${framedBy.join(" ")}"\n`;
