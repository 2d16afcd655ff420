/** The machine and every container on it. Why so, and why without the engine's socket: docs/decisions/0022-monitoring.md. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mediaSettings } from "../../../stacks/topology/hosts";
import { healthFile, scriptedHealth } from "../health";
import { filesPath, type Service, type ServiceContext, type ServiceFile } from "../service";
import { text, type Text } from "../text";
import { exporterNeeds, isMonitored, nobody } from "./exporter";

const port = 9100;

/** Folder of the text files that it passes on. */
const textFolder = "/tmp/text";

/**
 * A container sees the machine's memory, load and processors as they are, and in its own mounts the disks of Docker's
 * folder and of its volumes: it needs none of the machine's files for that.
 */
const collectors = [
  "cpu",
  "filesystem",
  "loadavg",
  "meminfo",
  "pressure",
  "stat",
  "textfile",
  "uname",
  "vmstat",
];
/** What isn't on a disk. */
const noDisks =
  "^(autofs|bpf|cgroup2?|devpts|devtmpfs|fuse.*|mqueue|nsfs|overlay|proc|securityfs|sysfs|tmpfs|tracefs)$";

const script = readFileSync(join(__dirname, "containers.sh"), "utf8");
const start = `set -eu
/muster/busybox mkdir -p /tmp/bin ${textFolder}
/muster/busybox --install -s /tmp/bin
PATH=/tmp/bin:$PATH /muster/busybox sh /muster/containers.sh &
exec "$@"
`;

/** Ids and names of the containers on this host, its own as a dash: a container can't be told its id. */
function containersFile({ neighbours }: ServiceContext, own: string): ServiceFile {
  const lines = neighbours.reduce<Text>(
    (all, name) => text`${all}${{ containerIdOf: name }} ${name}\n`,
    text`- ${own}\n`,
  );
  return { name: "containers", content: lines, reloaded: true };
}

function nodeExporterOn(name: string, role: Service["role"], when: Service["when"]): Service {
  return {
    name,
    title: role === "app" ? "Node exporter" : "Node exporter, media host",
    image: () => "node-exporter",
    user: nobody,
    when,
    role,
    needs: exporterNeeds,
    ports: () => [
      {
        name: "metrics",
        number: port,
        protocol: "tcp",
        exposure: "internal",
        consumers: [],
        metrics: ["/metrics"],
        measuresOthers: true,
        why: "the machine, and memory and state of every container",
      },
    ],
    volumes: () => [],
    container: (context) => ({
      environment: {},
      files: [
        { name: "start.sh", content: text`${start}` },
        { name: "containers.sh", content: text`${script}` },
        containersFile(context, name),
        healthFile([
          {
            name: "server",
            command: `$busybox wget -q -O - http://127.0.0.1:${port}/`,
            restartAfterSeconds: 120,
          },
          {
            name: "containers",
            command: `[ -n "$($busybox find ${textFolder}/containers.prom -mmin -2)" ]`,
            restartAfterSeconds: 120,
          },
        ]),
      ],
      entrypoint: [`${filesPath}/busybox`, "sh", `${filesPath}/start.sh`],
      command: [
        "/bin/node_exporter",
        "--collector.disable-defaults",
        ...collectors.map((collector) => `--collector.${collector}`),
        `--collector.textfile.directory=${textFolder}`,
        `--collector.filesystem.fs-types-exclude=${noDisks}`,
        `--web.listen-address=:${port}`,
      ],
    }),
    shell: true,
    sandbox: {
      hostFolders: {
        value: { "/host/cgroup": "/sys/fs/cgroup" },
        reason:
          "which containers run, and their memory against its limit; it can change nothing there, and needs no access to the engine",
      },
      temporary: { value: { "/tmp": 8 }, reason: "the measurements, and the health check's memory" },
    },
    health: scriptedHealth({ startSeconds: 60 }),
    startsAfter: [],
    stopGraceSeconds: 5,
    jobs: [],
  };
}

/** node_exporter, on the host that every stack has. */
export const nodeExporter = nodeExporterOn("node-exporter", "app", isMonitored);

/** The same on the second one. */
export const nodeExporterMedia = nodeExporterOn(
  "node-exporter-media",
  "media",
  (settings) => isMonitored(settings) && mediaSettings(settings.host) !== undefined,
);
