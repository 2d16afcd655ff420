import { model } from "../model";
import type { Service } from "../service";
import { answers, hasOwnStack, nobody } from "./exporter";
import { prometheusName } from "./names";
import { prometheusFile } from "./scrape";
import type { Settings } from "../../../stacks/settings/schema";

const size = model.prometheus;
const port = 9090;

/** Settings of the stack's own monitoring; the defaults where there is none, for tables. */
const own = ({ monitoring }: Settings) =>
  monitoring.kind === "stack" ? monitoring : { retentionDays: 30, prometheusPort: port };

/** Room for what is kept. */
const keptGiB = (settings: Settings): number => Math.ceil(size.diskPerDay * own(settings).retentionDays);

/** Prometheus: collects measurements and keeps them. */
export const prometheus: Service = {
  name: prometheusName,
  title: "Prometheus",
  image: () => "prometheus",
  user: nobody,
  when: hasOwnStack,
  role: "app",
  needs: (_, settings) => ({
    memoryMiB: size.memoryBase,
    cpus: size.cpusBase,
    diskGiB: size.diskBase + keptGiB(settings),
  }),
  ports: (settings) => [
    {
      name: "http",
      number: port,
      published: own(settings).prometheusPort,
      protocol: "tcp",
      exposure: "admin",
      consumers: ["grafana"],
      metrics: ["/metrics"],
      why: "measurements and queries",
    },
  ],
  volumes: () => [
    {
      name: "data",
      path: "/prometheus",
      backup: "none",
      why: "measurements, which begin anew where they are lost",
    },
  ],
  container: (context) => ({
    environment: {},
    files: [prometheusFile(context)],
    entrypoint: ["/bin/prometheus"],
    command: [
      "--config.file=/muster/prometheus.yml",
      "--storage.tsdb.path=/prometheus",
      `--storage.tsdb.retention.time=${own(context.settings).retentionDays}d`,
      // Whatever comes first: it doesn't fill the disk that messages are on.
      `--storage.tsdb.retention.size=${keptGiB(context.settings)}GB`,
      `--web.listen-address=:${port}`,
    ],
  }),
  shell: true,
  sandbox: {},
  health: { ...answers(port, "/-/ready"), startSeconds: 180 },
  startsAfter: [],
  // It writes down what it has in memory.
  stopGraceSeconds: 60,
  jobs: [],
};
