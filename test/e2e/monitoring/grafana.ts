/** What a person sees of the stack in a real Grafana, where this machine has one. */
import { alertsOf } from "../../../components/services/monitoring/alerts";
import { dashboardsOf } from "../../../components/services/monitoring/dashboards";
import { grafanaHome } from "../../helpers/grafana";
import { GrafanaClient } from "../../helpers/grafanaClient";
import { suites } from "../suites";
import { picturesOf } from "./pictures";
import { until } from "./prometheus";
import { type MonitoringStage, ofThisMachine } from "./stage";

/** Its start, and the first evaluation of every rule. */
const settledSeconds = 180;
/** The alert's two minutes, and Grafana's: an evaluation each minute, then half a minute for others to join. */
const firesSeconds = 360;
/** It says a group's news every five minutes. */
const clearsSeconds = 540;

export function showsInGrafana(stage: MonitoringStage): void {
  const real = grafanaHome() !== undefined || process.env["MUSTER_E2E_IMAGE_GRAFANA"] !== undefined;
  if (!real) console.warn("SKIPPED, dashboards and alerts in Grafana: this machine has no real one");
  (real ? describe : describe.skip)("in a real Grafana", () => {
    let grafana: GrafanaClient;

    beforeAll(async () => {
      const command = ["/muster/busybox", "cat", "/muster/grafana-password"];
      const password = (await stage.runIn("grafana", command)).trim();
      const { grafanaPort } = suites.monitoring.monitoring;
      grafana = new GrafanaClient(`http://127.0.0.1:${grafanaPort}`, password);
    });

    it("nobody comes in without the password", async () => {
      await expect(
        new GrafanaClient(grafana.url, "admin").ask("dashboards/uid/muster-overview"),
      ).rejects.toThrow(/401/);
    });

    it("every query of every dashboard has data", async () => {
      for (const { uid } of dashboardsOf(stage.about())) {
        const { dashboard } = await grafana.dashboard(uid);
        for (const { title, targets } of dashboard.panels)
          for (const target of targets)
            await until(
              settledSeconds,
              async () => ({ title, ...(await grafana.rows(target)) }),
              ({ error, rows }) => error === undefined && rows > 0,
            );
      }
    });

    it("every dashboard is drawn, each panel with data", async () => {
      for (const [uid, drawn] of await picturesOf(
        grafana,
        dashboardsOf(stage.about()).map(({ uid }) => uid),
      )) {
        const { dashboard } = await grafana.dashboard(uid);
        for (const { title } of dashboard.panels) expect(drawn).toContain(title);
        expect(drawn).not.toMatch(/No data|error/i);
      }
    });

    it("every alert is evaluated, and none fires", async () => {
      const names = alertsOf(stage.about()).map(({ name }) => name);
      const rules = await until(
        settledSeconds,
        () => grafana.rules(),
        (found) => found.length === names.length && found.every(({ health }) => health === "ok"),
      );
      expect(rules.map(({ name }) => name).sort()).toEqual([...names].sort());
      expect(rules.filter(({ name, state }) => !ofThisMachine.test(name) && state === "firing")).toEqual([]);
    });

    it("an alert is sent when its fault is there, and when it is gone", async () => {
      await stage.part("jitsi-web").stop();
      const said = await stage.sink.about("FIRING", "ServiceDown", firesSeconds);
      expect(said).toContain("jitsi-web doesn't run");
      await stage.part("jitsi-web").start();
      await stage.sink.about("RESOLVED", "ServiceDown", clearsSeconds);
    });
  });
}
