/** Every fault that the doctor knows, how it is produced on a stack that runs, and by which checks it is found. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import { labels } from "../../../components/host/engine";
import { selfSigned } from "../../helpers/selfSigned";
import { answering, type Front, issue, type Keys, passing, withoutWebsockets } from "./front";
import type { MediaStack } from "./stack";

export type Undo = () => unknown;

export interface Fault {
  fault: string;
  /** Produces it. */
  make: (media: MediaStack) => Promise<Undo> | Undo;
  /** Checks that find it, errors and warnings; all others are well, or wait for these. */
  found: (media: MediaStack) => readonly string[];
  /** It changes this machine's network, which root alone may do. */
  asRoot?: true;
  /** Environment of the doctor itself. */
  env?: (media: MediaStack) => NodeJS.ProcessEnv;
}

/** What iptables does, and undoes. @throws Error with its words. */
export function rule(table: string, chain: string, ...parts: readonly string[]): Undo {
  const iptables = (what: "-I" | "-D"): void => {
    const { status, stderr } = spawnSync("iptables", ["-w", "-t", table, what, chain, ...parts], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`iptables: ${stderr}`);
  };
  iptables("-I");
  return () => iptables("-D");
}

/** What this machine sends to a port gets lost on its way. @param but other conditions. */
const dropped = (protocol: "udp" | "tcp", port: string, ...but: readonly string[]): Undo =>
  rule("raw", "OUTPUT", "-p", protocol, "--dport", port, ...but, "-j", "DROP");

/** The back of the relay, which is on this machine too. */
const relayed = "18500:18579";

/** Somebody stands before a port of the sites. */
function before(media: MediaStack, front: Front, port = media.httpsPort): Undo {
  const to = ["-j", "REDIRECT", "--to-ports", String(front.port)];
  const undo = rule("nat", "OUTPUT", "-p", "tcp", "-d", "127.0.0.1", "--dport", String(port), ...to);
  return () => {
    undo();
    front.close();
  };
}

const containerOf = (media: MediaStack, service: string): Docker.Container =>
  media.stack.docker.getContainer(media.container(service));

const stopped =
  (service: string): Fault["make"] =>
  async (media) => {
    await containerOf(media, service).stop();
    return () => containerOf(media, service).start();
  };

const paused =
  (service: string): Fault["make"] =>
  async (media) => {
    await containerOf(media, service).pause();
    return () => containerOf(media, service).unpause();
  };

const restarts = async (media: MediaStack, service: string): Promise<number> =>
  (await containerOf(media, service).inspect()).RestartCount;

/** As the engine counts it: without what the kernel gives back at once. */
async function memoryOf(container: Docker.Container): Promise<{ used: number; limit: number }> {
  const { memory_stats: memory } = await container.stats({ stream: false, "one-shot": true });
  const parts = memory.stats as unknown as Record<string, number | undefined>;
  const cached = parts["total_inactive_file"] ?? parts["inactive_file"] ?? 0;
  return { used: memory.usage - cached, limit: memory.limit };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error("not within a minute");
    await pause(200);
  }
}

const names = ["chat.localhost", "meet.localhost"];

/** A certificate of the stack's own authority, from and until so many days before and after now. */
export async function issued(media: MediaStack, from: number, until: number): Promise<Keys> {
  const folder = "/data/caddy/pki/authorities/local";
  const [certificate, key] = await Promise.all(
    ["crt", "key"].map((kind) => media.runIn("caddy", ["cat", `${folder}/intermediate.${kind}`])),
  );
  return issue({ certificate: certificate ?? "", key: key ?? "" }, names, from, until);
}

/** Caddy itself, past whoever stands before it. */
const caddyAt = async (media: MediaStack): Promise<{ host: string; port: number }> => ({
  host: await media.addressOf("caddy"),
  port: 443,
});

export const faults: readonly Fault[] = [
  {
    fault: "a service that was stopped",
    make: stopped("jitsi-web"),
    found: () => ["container.jitsi-web"],
  },
  // Those that publish ports: nobody else is told of for that.
  {
    fault: "a proxy that was stopped",
    make: stopped("caddy"),
    found: () => ["container.caddy"],
  },
  {
    fault: "a videobridge that was stopped",
    make: stopped("jitsi-jvb"),
    found: () => ["container.jitsi-jvb"],
  },
  {
    fault: "a service that hangs",
    make: paused("jitsi-jicofo"),
    found: () => ["container.jitsi-jicofo"],
  },
  { fault: "a database that hangs", make: paused("postgres"), found: () => ["container.postgres"] },
  {
    fault: "a service that ends again and again",
    make: async (media) => {
      for (let time = 0; time < 4; time++) {
        const before = await restarts(media, "caddy");
        // A process 1 that has only just begun doesn't listen yet.
        await until(async () => {
          await media.runIn("caddy", ["sh", "-c", "kill 1"]).catch(() => undefined);
          return (await restarts(media, "caddy")) > before;
        });
      }
      await media.stack.healthy(60);
      // A start by hand counts anew.
      return () => containerOf(media, "caddy").restart();
    },
    found: () => ["container.caddy"],
  },
  {
    fault: "another image than the pinned one",
    make: async (media) => {
      const { docker, name } = media.stack;
      // By its id: it gets another name.
      const real = docker.getContainer((await containerOf(media, "jitsi-web").inspect()).Id);
      const { Image } = await containerOf(media, "caddy").inspect();
      await real.stop();
      await real.rename({ name: `${media.container("jitsi-web")}-real` });
      const other = await docker.createContainer({
        name: media.container("jitsi-web"),
        Image,
        Entrypoint: ["sleep", "600"],
        Healthcheck: { Test: ["NONE"] },
        Labels: { [labels.stack]: name, [labels.service]: "jitsi-web" },
      });
      await other.start();
      return async () => {
        await other.remove({ force: true });
        await real.rename({ name: media.container("jitsi-web") });
        await real.start();
      };
    },
    // Nobody else serves the meetings then.
    found: () => ["image.jitsi-web", "meet.member", "meet.page", "meet.stranger"],
  },
  {
    fault: "a container whose memory is nearly full",
    make: async (media) => {
      const container = containerOf(media, "jitsi-jicofo");
      const { used, limit } = await memoryOf(container);
      const bytes = String(Math.floor(0.975 * limit - used));
      // It has read them all and can't get rid of them: nobody reads its answer.
      const holder = `/muster/busybox head -c ${bytes} /dev/zero | /muster/busybox tail -c ${bytes} | /muster/busybox sleep 600`;
      const exec = await container.exec({ Cmd: ["/muster/busybox", "sh", "-c", holder] });
      await exec.start({ Detach: true });
      await until(async () => (await memoryOf(container)).used / limit > 0.965);
      return () => container.restart();
    },
    found: () => ["memory.jitsi-jicofo"],
  },
  {
    fault: "a network that drops the relay's UDP",
    asRoot: true,
    make: (media) => dropped("udp", String(media.ports.turnPort)),
    found: ({ ports: { turnPort } }) => ["relay.stun-udp", "relay.turn-udp", `door.main.${turnPort}-udp`],
  },
  {
    fault: "a network that drops the relay's TCP",
    asRoot: true,
    make: (media) => dropped("tcp", String(media.ports.turnPort)),
    found: ({ ports: { turnPort } }) => ["relay.stun-tcp", "relay.turn-tcp", `door.main.${turnPort}-tcp`],
  },
  {
    fault: "a network that drops what the relay sends on",
    asRoot: true,
    make: () => dropped("udp", relayed),
    found: () => ["relay.turn-udp", "relay.turn-tcp"],
  },
  {
    fault: "a network that drops calls' UDP",
    asRoot: true,
    make: (media) => dropped("udp", String(media.ports.embeddedPort)),
    found: ({ ports: { embeddedPort } }) => ["calls.udp", "calls.relay", `door.main.${embeddedPort}-udp`],
  },
  {
    fault: "a network that drops calls' TCP",
    asRoot: true,
    make: (media) => dropped("tcp", String(media.ports.embeddedPort)),
    found: ({ ports: { embeddedPort } }) => ["calls.tcp", `door.main.${embeddedPort}-tcp`],
  },
  {
    fault: "a network that drops calls' UDP and TCP, and lets them through the relay alone",
    asRoot: true,
    make: ({ ports: { embeddedPort } }) => {
      const undo = [
        dropped("udp", String(embeddedPort), "!", "--sport", relayed),
        dropped("tcp", String(embeddedPort)),
      ];
      return () => undo.forEach((one) => one());
    },
    found: ({ ports: { embeddedPort } }) => [
      ...["calls.udp", "calls.tcp"],
      ...["udp", "tcp"].map((protocol) => `door.main.${embeddedPort}-${protocol}`),
    ],
  },
  {
    fault: "a network that drops the videobridge's UDP",
    asRoot: true,
    make: (media) => dropped("udp", String(media.ports.meetingsPort)),
    found: ({ ports: { meetingsPort } }) => ["meet.media", `door.main.${meetingsPort}-udp`],
  },
  {
    fault: "a database that lets nobody in",
    make: async (media) => {
      const sql = (text: string): Promise<string> =>
        media.runIn("postgres", ["psql", "-U", "mattermost", "-d", "postgres", "-c", text]);
      await sql("ALTER DATABASE mattermost ALLOW_CONNECTIONS false");
      await sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'mattermost'");
      return () => sql("ALTER DATABASE mattermost ALLOW_CONNECTIONS true");
    },
    found: () => ["chat.server"],
  },
  {
    fault: "a file store that can't be written to",
    make: async (media) => {
      const mode = (bits: string): Promise<string> =>
        media.runIn("mattermost", ["/muster/busybox", "chmod", bits, "/mattermost/data"]);
      await mode("500");
      return () => mode("700");
    },
    found: () => ["chat.server"],
  },
  {
    fault: "a certificate that nobody vouches for",
    asRoot: true,
    make: async (media) => {
      const { certificate, key } = selfSigned(names);
      return before(media, await passing({ cert: certificate, key }, await caddyAt(media)));
    },
    found: () => ["chat.certificate", "meet.certificate"],
  },
  {
    fault: "a certificate that has ended",
    asRoot: true,
    make: async (media) => before(media, await passing(await issued(media, 90, -1), await caddyAt(media))),
    found: () => ["chat.certificate", "meet.certificate"],
  },
  {
    fault: "a certificate that nobody has renewed in time",
    asRoot: true,
    make: async (media) => before(media, await passing(await issued(media, 75, 15), await caddyAt(media))),
    found: () => ["chat.certificate", "meet.certificate"],
  },
  {
    fault: "something before the sites that passes no websockets on",
    asRoot: true,
    make: async (media) =>
      before(media, await withoutWebsockets(await issued(media, 1, 89), await caddyAt(media))),
    found: () => ["chat.websocket", "meet.member", "meet.stranger"],
  },
  {
    fault: "something before the sites that answers by itself",
    asRoot: true,
    make: async (media) => before(media, await answering(502, await issued(media, 1, 89))),
    found: () => ["chat.page", "chat.server", "chat.websocket", "meet.page", "meet.member", "meet.stranger"],
  },
  {
    fault: "HTTP that doesn't lead to HTTPS",
    asRoot: true,
    make: async (media) => before(media, await answering(200), media.httpPort),
    found: () => ["chat.redirect", "meet.redirect"],
  },
  {
    fault: "a port that the plan doesn't know",
    make: async (media) => {
      const { docker, name } = media.stack;
      const { Image } = await containerOf(media, "caddy").inspect();
      const other = await docker.createContainer({
        name: media.container("stray"),
        Image,
        Entrypoint: ["sleep", "600"],
        Labels: { [labels.stack]: name, [labels.service]: "stray" },
        ExposedPorts: { "5432/tcp": {} },
        HostConfig: { PortBindings: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "18799" }] } },
      });
      await other.start();
      return () => other.remove({ force: true });
    },
    found: () => ["doors.main.published"],
  },
  ...(["backup", "drill", "check"] as const).map((kind): Fault => ({
    fault: `a ${kind} that is too old`,
    make: async (media) => {
      const inBackup = (script: string): Promise<string> =>
        media.runIn("backup", ["sh", "-c", `cd /status && ${script}`]);
      // One that has failed just now rests: it isn't mended before anybody looks.
      await inBackup(`cp ${kind}.good kept && { [ ! -e ${kind}.failed ] || mv ${kind}.failed kept-failed; } &&
printf 'state\\tfailed\\nat\\t%s\\n' "$(date +%s)" > ${kind}.failed && sed -i 's/^at\t.*/at\t1700000000/' ${kind}.good`);
      return () =>
        inBackup(
          `mv kept ${kind}.good && rm ${kind}.failed && { [ ! -e kept-failed ] || mv kept-failed ${kind}.failed; }`,
        );
    },
    found: () => [{ backup: "backup.fresh", drill: "backup.proven", check: "backup.repository" }[kind]],
  })),
  {
    fault: "a clock that differs",
    make: () => () => undefined,
    env: ({ stack }) => {
      const file = join(stack.dir, "shifted.cjs");
      writeFileSync(file, "const now = Date.now;\nDate.now = () => now() + 60_000;\n");
      return { NODE_OPTIONS: `--require=${file}` };
    },
    found: () => ["clock.main"],
  },
  {
    fault: "an engine that doesn't answer",
    make: ({ stack }) => {
      const { engine } = stack.topology().settings.host as { engine: string };
      stack.set(["host", "engine"], "unix:///var/run/none.sock");
      return () => stack.set(["host", "engine"], engine);
    },
    found: () => ["engine.main"],
  },
];
