import { sayReady } from "./job";
import { adminAddress, caddyfile, certificateFiles, healthPort, metricsPort } from "./caddyfile";
import type { Job, Sandbox, Service } from "./service";
import { text } from "./text";
import { model } from "./model";

const size = model.caddy;

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
  needs: ({ active }) => ({
    memoryMiB: size.memoryBase + size.memoryPerActive * active,
    cpus: size.cpusBase + size.cpusPerActive * active,
    diskGiB: size.diskBase,
    trafficGB: size.trafficPerActive * active,
  }),
  ports: ({ web, monitoring }) => [
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
    ...(monitoring.kind === "off"
      ? []
      : [
          {
            name: "metrics",
            number: metricsPort,
            protocol: "tcp",
            exposure: "internal",
            consumers: [],
            metrics: ["/metrics"],
            why: "requests and their answers, for monitoring",
          } as const,
        ]),
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
    files: [
      { name: "Caddyfile", content: caddyfile(settings, routes), reloaded: true },
      ...certificateFiles(settings),
    ],
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
