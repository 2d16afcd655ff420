/** What a person sees of the stack in a real Grafana, where this machine has one. */
import { alertsOf } from "../../../components/services/monitoring/alerts";
import { dashboardsOf } from "../../../components/services/monitoring/dashboards";
import { grafanaHome } from "../../helpers/grafana";
import { GrafanaClient } from "../../helpers/grafanaClient";
import { missingForPage } from "../page/browser";
import { suites } from "../suites";
import { picturesOf } from "./pictures";
import { until } from "./prometheus";
import { type MonitoringStage, ofThisMachine } from "./stage";

/** Its start, and the first evaluation of every rule. */
const settledSeconds = 180;
/** The alert's two minutes, and Grafana's: an evaluation each minute, then half a minute for others to join. */
const firesSeconds = 360;
/** A series that is gone is noticed after two evaluations; then a group's news come within a minute. */
const clearsSeconds = 480;

const real = grafanaHome() !== undefined || process.env["MUSTER_E2E_IMAGE_GRAFANA"] !== undefined;
if (!real) console.warn("SKIPPED, dashboards and alerts in Grafana: this machine has no real one");
const inGrafana = real ? describe : describe.skip;

async function grafanaOf(stage: MonitoringStage): Promise<GrafanaClient> {
  const password = await stage.runIn("grafana", ["/muster/busybox", "cat", "/muster/grafana-password"]);
  const { grafanaPort } = suites.monitoring.monitoring;
  return new GrafanaClient(`http://127.0.0.1:${grafanaPort}`, password.trim());
}

/** Its dashboards as a browser draws them; best after some minutes, when there is something to draw. */
export function drawsDashboards(stage: MonitoringStage): void {
  const missing = missingForPage();
  if (missing.length > 0) console.warn(`SKIPPED, dashboards as they are drawn: no ${missing.join(", no ")}`);
  const draws = missing.length === 0 ? it : it.skip;
  inGrafana("a real Grafana", () => {
    draws("draws every dashboard, each panel with data", async () => {
      const dashboards = dashboardsOf(stage.about());
      const words = await picturesOf(await grafanaOf(stage), dashboards);
      for (const { uid, panels } of dashboards) {
        for (const { title } of panels) expect(words.get(uid)).toContain(title);
        expect(words.get(uid)).not.toMatch(/No data|error/i);
      }
    });
  });
}

export function showsInGrafana(stage: MonitoringStage): void {
  inGrafana("in a real Grafana", () => {
    let grafana: GrafanaClient;

    beforeAll(async () => {
      grafana = await grafanaOf(stage);
    });

    it("nobody comes in without the password", async () => {
      await expect(
        new GrafanaClient(grafana.url, "admin").ask("dashboards/uid/muster-overview"),
      ).rejects.toThrow(/401/);
    });

    it("every query of every dashboard has data", async () => {
      for (const { uid } of dashboardsOf(stage.about())) {
        const { dashboard } = await grafana.dashboard(uid);
        await grafana.haveData(dashboard.panels, settledSeconds);
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

    const patienceMs = 1000 * (firesSeconds + clearsSeconds + 60);
    it(
      "an alert is sent when its fault is there, and when it is gone",
      async () => {
        await stage.part("jitsi-web").stop();
        const said = await stage.sink.about("FIRING", "ServiceDown", firesSeconds);
        expect(said).toContain("jitsi-web doesn't run");
        await stage.part("jitsi-web").start();
        await stage.sink.about("RESOLVED", "ServiceDown", clearsSeconds);
      },
      patienceMs,
    );
  });
}
