/** Grafana's dashboards as a browser draws them. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { GrafanaClient } from "../../helpers/grafanaClient";
import { startBrowser } from "../page/browser";

/** A folder for pictures of them, such as docs. */
const folder = process.env["MUSTER_PICTURES"];

const widthPx = 1400;
const heightPx = 1000;

/** The words that stand on each. */
export async function picturesOf(
  grafana: GrafanaClient,
  uids: readonly string[],
): Promise<Map<string, string>> {
  const browser = await startBrowser();
  const words = new Map<string, string>();
  try {
    for (const uid of uids) {
      const tab = await browser.newPage();
      await tab.setViewport({ width: widthPx, height: heightPx });
      await tab.setExtraHTTPHeaders({ ...grafana.headers });
      await tab.goto(`${grafana.url}/d/${uid}?kiosk&theme=light&from=now-15m&to=now`, {
        waitUntil: "networkidle0",
        timeout: 120_000,
      });
      // Panels are drawn after their data have come.
      await pause(5000);
      words.set(uid, String(await tab.evaluate("document.body.innerText")));
      if (folder !== undefined) await tab.screenshot({ path: join(folder, `grafana-${uid}.png`) });
      await tab.close();
    }
  } finally {
    await browser.close();
  }
  return words;
}
