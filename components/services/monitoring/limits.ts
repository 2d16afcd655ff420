/** From when on something is wrong: alerts fire by it, and dashboards turn red. Pure. */
import type { Settings } from "../../../stacks/settings/schema";
import { tlsMode } from "../tls";

const hour = 60 * 60;
const day = 24 * hour;

/** How long after it was due a check or a trial restore is missed. */
const graceDays = 2;

export const backupHours = 36;

/** Share of a disk that should be free at least. */
export const freeDiskShare = 0.1;

/** How old the last good run of something may be. */
export const oldestSeconds = ({ backup: { checkDays, drillDays } }: Pick<Settings, "backup">) => ({
  backup: backupHours * hour,
  check: (checkDays + graceDays) * day,
  drill: (drillDays + graceDays) * day,
});

/**
 * How long before its end a certificate should be renewed long since. Caddy's own hold for half a day, and those of an
 * authority of one's own perhaps no longer.
 */
export function certificateSeconds(settings: Pick<Settings, "edge" | "domain">): {
  sites: number;
  doors: number;
} {
  const own = settings.edge.authority !== undefined;
  const sites = { internal: hour, acme: own ? hour : 10 * day, origin: 14 * day }[tlsMode(settings)];
  return { sites, doors: own ? hour : 5 * day };
}
