import { mainHost } from "../../../stacks/topology/hosts";
import { AlertConditions, seconds } from "../monitoring/conditions";
import { PrometheusClient, until } from "../monitoring/prometheus";
import { SshLine } from "../sshLine";
import type { HostStage } from "./stage";

/** Alerts about a machine's disk, which here is small and the machine's own. */
export function monitoring(stage: HostStage): void {
  describe("its own monitoring", () => {
    let line: SshLine | undefined;
    let prometheus: PrometheusClient;
    let alerts: AlertConditions;
    const { stack } = stage;
    const { device } = stage.disk;

    beforeAll(async () => {
      stack.set(["monitoring"], { kind: "stack" });
      await stack.ensureImages();
      await stage.loadImages();
      await stack.up();
      const { monitoring: setting } = stack.topology().settings;
      if (setting.kind !== "stack") throw new Error("no Prometheus of its own");
      line = await SshLine.open(stage.machine, stage.keyFile, `127.0.0.1:${setting.prometheusPort}`);
      prometheus = new PrometheusClient(line.port);
      alerts = new AlertConditions(prometheus, () => stack.topology());
    });

    afterAll(async () => {
      line?.close();
      stack.set(["monitoring"], undefined);
      await stack.up();
    });

    it("is reached over SSH alone, and has every target up", async () => {
      await until(
        seconds,
        () => prometheus.targets(),
        (targets) => targets.length > 0 && targets.every(({ health }) => health === "up"),
      );
      const { open, planned } = stage.tcpPorts(mainHost);
      expect(open).toEqual(planned);
    });

    it.each([
      { of: "room", names: ["DiskFull", "DiskFillsUp"] },
      { of: "files", names: ["DiskFilesRunOut"] },
    ] as const)("sees a data disk that runs out of $of, and has some again", async ({ of, names }) => {
      await until(
        seconds,
        () => prometheus.query(`node_filesystem_size_bytes{device="${device}"}`),
        (found) => found.length > 0,
      );
      for (const name of names) expect(await alerts.wrong(name, { device })).toEqual([]);
      await stage.whileFull(of, 96, async () => {
        for (const name of names) await alerts.holds(name, { device });
      });
      for (const name of names) await alerts.clears(name, { device });
      expect(await stage.unwell()).toEqual([]);
    });
  });
}
