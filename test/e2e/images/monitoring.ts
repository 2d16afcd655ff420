/** Prometheus and its exporters, from Debian's packages. */
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
