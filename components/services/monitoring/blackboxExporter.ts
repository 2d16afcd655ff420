import type { Service } from "../service";
import { answers, exporterNeeds, hasOwnStack, nobody } from "./exporter";
import { blackboxName } from "./names";
import { blackboxFiles, blackboxPort } from "./probes";

/** blackbox_exporter: asks sites and doors, as somebody who comes to them would. */
export const blackboxExporter: Service = {
  name: blackboxName,
  title: "Blackbox exporter",
  image: () => "blackbox-exporter",
  user: nobody,
  when: hasOwnStack,
  role: "app",
  needs: exporterNeeds,
  ports: () => [
    {
      name: "http",
      number: blackboxPort,
      protocol: "tcp",
      exposure: "internal",
      consumers: [],
      metrics: ["/metrics"],
      why: "asks sites and doors when Prometheus says so",
    },
  ],
  volumes: () => [],
  container: ({ settings }) => ({
    environment: {},
    files: [...blackboxFiles(settings)],
    entrypoint: ["/bin/blackbox_exporter"],
    command: ["--config.file=/muster/blackbox.yml", `--web.listen-address=:${blackboxPort}`],
  }),
  shell: true,
  sandbox: {
    egress: {
      value: true,
      reason: "comes to the relay, and to media servers of another host, by their addresses",
    },
  },
  health: answers(blackboxPort, "/-/healthy"),
  startsAfter: [],
  stopGraceSeconds: 5,
  jobs: [],
};
