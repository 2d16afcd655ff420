/** Ports that stand in each other's way. */
import type { Problem } from "../settings/problems";
import { portNumbers } from "./exposure";
import type { Opening, Topology } from "./types";

/** Setting that decides a port, by service. */
const settingOf: Readonly<Record<string, string>> = {
  caddy: "muster:web",
  mattermost: "muster:media.embeddedPort",
  rtcd: "muster:media.rtcdPort",
  "jitsi-jvb": "muster:media.meetingsPort",
  grafana: "muster:monitoring.grafanaPort",
  prometheus: "muster:monitoring.prometheusPort",
};
const relaySettingOf: Readonly<Record<string, string>> = {
  relay: "muster:media.relayFirstPort",
  "turn-tls": "muster:media.turnTlsPort",
};
/** That of metrics which others scrape, whosever they are. */
const metricsSetting = "muster:monitoring.firstPort";
/** The setting that decides an opening's port. */
export const keyOf = ({ service, port, exposure }: Opening): string =>
  exposure === "admin"
    ? (settingOf[service] ?? metricsSetting)
    : (settingOf[service] ?? relaySettingOf[port] ?? "muster:media.turnPort");

/** Two services that want the same port of a host, or ranges that overlap. */
export function portProblems({ openings }: Pick<Topology, "openings">): Problem[] {
  return openings.flatMap((opening, index) =>
    openings
      .slice(0, index)
      .filter((other) => other.host === opening.host && other.protocol === opening.protocol)
      .filter((other) => other.published <= opening.last && opening.published <= other.last)
      .map((other) => ({
        key: keyOf(opening),
        problem: "two services want the same port",
        given: `${portNumbers(other)} for ${other.service} ${other.port} and ${portNumbers(opening)} for ${opening.service} ${opening.port}`,
        allowed: "ports of its own for each",
        fix: `change ${keyOf(opening)}${keyOf(other) === keyOf(opening) ? "" : ` or ${keyOf(other)}`}`,
      })),
  );
}
