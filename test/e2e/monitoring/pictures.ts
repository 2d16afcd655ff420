/** Grafana's dashboards as a browser draws them. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Dashboard } from "../../../components/services/monitoring/dashboards";
import type { GrafanaClient } from "../../helpers/grafanaClient";
import { startBrowser } from "../page/browser";

/** A folder for pictures of them, such as docs. */
const folder = process.env["MUSTER_PICTURES"];

const widthPx = 1200;
/** Of a row of panels, two of which stand side by side. */
const rowPx = 304;
const marginPx = 40;

/** The words that stand on each. */
export async function picturesOf(
  grafana: GrafanaClient,
  dashboards: readonly Dashboard[],
): Promise<Map<string, string>> {
  const browser = await startBrowser();
  const words = new Map<string, string>();
  try {
    for (const { uid, panels } of dashboards) {
      const tab = await browser.newPage();
      await tab.setViewport({ width: widthPx, height: Math.ceil(panels.length / 2) * rowPx + marginPx });
      await tab.setExtraHTTPHeaders({ ...grafana.headers });
      await tab.goto(`${grafana.url}/d/${uid}?kiosk&theme=light&from=now-15m&to=now`, {
        waitUntil: "networkidle0",
        timeout: 120_000,
      });
      // Panels are drawn after their data have come.
      await pause(5000);
      words.set(uid, String(await tab.evaluate("document.body.innerText")));
      if (folder !== undefined)
        await tab.screenshot({ path: join(folder, `grafana-${uid}.webp`), quality: 80 });
      await tab.close();
    }
  } finally {
    await browser.close();
  }
  return words;
}
