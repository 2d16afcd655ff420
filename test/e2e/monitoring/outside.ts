/** Targets for a Prometheus that isn't the stack's own. */
import type { Outputs } from "../../../stacks/outputs";
import { Daemon } from "../../helpers/daemon";
import { freeTcpPort } from "../../helpers/freePort";
import { judge, publishedSchema } from "../../helpers/outputsContract";
import { exampleText, OutputsPage } from "../../helpers/outputsPage";
import { missingForTargets } from "../parts";
import { suites } from "../suites";
import { seconds } from "./conditions";
import { PrometheusClient, until } from "./prometheus";
import type { MonitoringStage } from "./stage";

/** The step that switches the stack over to `targets`. */
export function givesTargetsOutside(stage: MonitoringStage): void {
  const { stack } = stage;
  const outside = missingForTargets();
  const withPrometheus = outside.length === 0 ? it : it.skip;
  if (outside.length > 0)
    console.warn(`SKIPPED, targets for a Prometheus outside: there is no ${outside.join(", no ")}`);
  withPrometheus(
    "gives a Prometheus outside its targets, as docs/outputs.md says, and all are up",
    async () => {
      await stage.monitor({ kind: "targets", ...suites.monitoring.targets });
      const outputs = JSON.parse(await stack.pulumi(["stack", "output", "--json"])) as Outputs;
      expect(judge(publishedSchema())(outputs)).toEqual([]);
      const page = new OutputsPage();
      page.run(outputs);
      page.write("prometheus.yml", exampleText("prometheus.yml"));
      const port = await freeTcpPort();
      const options = ["--config.file=prometheus.yml", "--storage.tsdb.path=data"];
      const server = new Daemon("prometheus", [...options, `--web.listen-address=127.0.0.1:${port}`], {
        cwd: page.folder,
      });
      try {
        await server.answers(`http://127.0.0.1:${port}/-/ready`, seconds);
        const found = await until(
          seconds,
          async () =>
            (await new PrometheusClient(port).targets()).filter(({ scrapePool }) => scrapePool === "muster"),
          (targets) => targets.length > 0 && targets.every(({ health }) => health === "up"),
        );
        expect(found.map(({ labels }) => labels["service"]).sort()).toEqual(
          outputs.monitoring.targets.map(({ labels }) => labels["service"]).sort(),
        );
      } finally {
        await server.stop();
        page.remove();
      }
    },
  );
}
