/** Grafana is in no package registry: this machine's own, where it has one, else something that answers like it. */
import { join } from "node:path";
import { grafanaHome, type GrafanaHome, stateWithoutPrometheus } from "../../helpers/grafana";
import { accounts, busyboxEntries, busyboxTools } from "./busybox";
import { run, sources, type Recipe, type Reference } from "./recipe";
import { type Entry, folderEntries } from "./rootfs";

/** As the official image has it, whose environment beats Grafana's file. */
const config = [
  "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  "ENV GF_PATHS_DATA=/var/lib/grafana GF_PATHS_PLUGINS=/var/lib/grafana/plugins GF_PATHS_PROVISIONING=/etc/grafana/provisioning",
];
const place = "usr/share/grafana";

export const grafanaRecipe = async (reference: Reference): Promise<Recipe> => {
  const real = grafanaHome();
  const inputs = await sources(
    __filename,
    join(__dirname, "busybox.ts"),
    join(__dirname, "../../helpers/grafana.ts"),
  );
  const start = real === undefined ? standIn : startOf(real);
  const program: Entry = { type: "text", path: `${place}/bin/grafana`, mode: 0o755, text: start };
  return {
    what:
      real === undefined
        ? `a web server of busybox with two pages instead of Grafana ${reference.tag}: dashboards and alerts are not shown`
        : `this machine's Grafana ${real.version} instead of ${reference.tag}`,
    kind: real === undefined ? "double" : "home-made",
    tools: busyboxTools,
    inputs: [...inputs, JSON.stringify(real ?? {})],
    config,
    gather: async () => [
      ...(await busyboxEntries()),
      ...accounts("grafana", 472, `/${place}`),
      program,
      ...(real === undefined ? pages : await filesOf(real)),
    ],
  };
};

/** Doesn't start without what it should be provisioned with. */
const standIn = `#!/bin/sh
for kind in datasources dashboards alerting; do ls "$GF_PATHS_PROVISIONING/$kind/"*.yaml || exit 1; done
exec httpd -f -p 3000 -h /pages
`;

const pages: Entry[] = [
  { type: "text", path: "pages/api/health", text: '{"database":"ok"}\n' },
  { type: "text", path: "pages/metrics", text: "grafana_stat_totals_dashboard 0\n" },
];

const startOf = (real: GrafanaHome): string => `#!/bin/sh
sed -i 's/"KeepLast"/"${stateWithoutPrometheus(real)}"/g' "$GF_PATHS_PROVISIONING/alerting/alerting.yaml"
exec /${place}/bin/grafana.real "$@"
`;

async function filesOf({ home }: GrafanaHome): Promise<Entry[]> {
  const program = join(home, "bin/grafana");
  const folders = await Promise.all(
    ["conf", "public"].map((folder) => folderEntries(join(home, folder), `${place}/${folder}`)),
  );
  return [
    { type: "file", path: `${place}/bin/grafana.real`, from: program, mode: 0o755 },
    ...(await ownLibraries(program)),
    ...folders.flat(),
  ];
}

/** What a program of this machine loads, each where it looks for it; none for a static one. */
async function ownLibraries(program: string): Promise<Entry[]> {
  const listed = await run("ldd", [program]).catch(() => "");
  return [...listed.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]): Entry => ({
    type: "file",
    path: path.slice(1),
    from: path,
    mode: 0o755,
  }));
}
