/** Mattermost's metrics, which only the enterprise edition's image has. */
import type { Settings } from "../../stacks/settings/schema";
import { callsPluginId } from "./mattermost.calls";
import type { Port } from "./service";

const metricsPort = 8067;

/** Whether there are any, by edition: stacks/settings/editions.ts, `performanceMetrics`. */
const exports = ({ monitoring, edition }: Settings): boolean =>
  monitoring.kind !== "off" && edition === "enterprise";

/** The Calls plugin's own stand below the server's. Source: Mattermost's docs, Calls metrics and monitoring. */
export const metricsPorts = (settings: Settings): readonly Port[] =>
  exports(settings)
    ? [
        {
          name: "metrics",
          number: metricsPort,
          protocol: "tcp",
          exposure: "internal",
          consumers: [],
          metrics: ["/metrics", ...(settings.calls === "off" ? [] : [`/plugins/${callsPluginId}/metrics`])],
          why: "the chat server's performance, for monitoring",
        },
      ]
    : [];

export const metricsEnvironment = (settings: Settings): Record<string, string> =>
  exports(settings)
    ? { MM_METRICSSETTINGS_ENABLE: "true", MM_METRICSSETTINGS_LISTENADDRESS: `:${metricsPort}` }
    : {};
