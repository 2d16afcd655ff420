/** Prometheus and its exporters, from Debian's packages; Grafana is in no package. */
import { join } from "node:path";
import { accounts, busyboxEntries, busyboxTools } from "./busybox";
import { debianTools, loadedLibraries, unpackedPackage } from "./debian";
import { authorityEntries } from "./goModule";
import { sources, type Recipe, type Reference } from "./recipe";

const nobodyId = 65534;

/** A program of a package, where the official image has it: beside a busybox. */
const debianProgram =
  (name: string, path: string, version: string) =>
  async (reference: Reference): Promise<Recipe> => ({
    what: `Debian's ${name} (${version} in Debian 12) instead of ${reference.tag}, with a busybox`,
    kind: "home-made",
    tools: [...new Set([...debianTools, ...busyboxTools])],
    inputs: await sources(
      __filename,
      join(__dirname, "debian.ts"),
      join(__dirname, "busybox.ts"),
      join(__dirname, "goModule.ts"),
    ),
    config: [
      "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      `USER ${nobodyId}:${nobodyId}`,
      `ENTRYPOINT ["/${path}"]`,
    ],
    gather: async () => {
      const root = await unpackedPackage(name);
      const program = join(root, "usr/bin", name);
      return [
        ...(await busyboxEntries()),
        ...accounts("nobody", nobodyId, "/nonexistent"),
        ...(await authorityEntries()),
        { type: "file", path, from: program, mode: 0o755 },
        ...(await loadedLibraries(root, [program])),
      ];
    },
  });

export const prometheusRecipe = debianProgram("prometheus", "bin/prometheus", "2.42.0");
export const nodeExporterRecipe = debianProgram("prometheus-node-exporter", "bin/node_exporter", "1.5.0");
export const blackboxExporterRecipe = debianProgram(
  "prometheus-blackbox-exporter",
  "bin/blackbox_exporter",
  "0.23.0",
);
export const postgresExporterRecipe = debianProgram(
  "prometheus-postgres-exporter",
  "bin/postgres_exporter",
  "0.11.1",
);

/**
 * Answers as well as Grafana does when asked for its health and its metrics; it shows and alerts nothing. It has the
 * official image's environment, and doesn't start without what it should be provisioned with.
 */
export const grafanaRecipe = async (reference: Reference): Promise<Recipe> => ({
  what: `a web server of busybox with two pages instead of Grafana ${reference.tag}: dashboards and alerts are not shown`,
  kind: "double",
  tools: busyboxTools,
  inputs: await sources(__filename, join(__dirname, "busybox.ts")),
  config: [
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV GF_PATHS_DATA=/var/lib/grafana GF_PATHS_PLUGINS=/var/lib/grafana/plugins GF_PATHS_PROVISIONING=/etc/grafana/provisioning",
  ],
  gather: async () => [
    ...(await busyboxEntries()),
    ...accounts("grafana", 472, "/usr/share/grafana"),
    {
      type: "text",
      path: "usr/share/grafana/bin/grafana",
      mode: 0o755,
      text: [
        "#!/bin/sh",
        'for kind in datasources dashboards alerting; do ls "$GF_PATHS_PROVISIONING/$kind/"*.yaml || exit 1; done',
        "exec httpd -f -p 3000 -h /pages",
        "",
      ].join("\n"),
    },
    { type: "text", path: "pages/api/health", text: '{"database":"ok"}\n' },
    { type: "text", path: "pages/metrics", text: "grafana_stat_totals_dashboard 0\n" },
  ],
});
