/** Backups: how old the last good one is, and the last one that was proven by a restore. */
import { backup, statusPath } from "../components/services/backup/backup";
import type { Check, Seen } from "./check";
import { containerId, type Patient, runIn, serviceIn } from "./patient";

const daySeconds = 24 * 3600;

/** How late each may be: a backup takes its time; a check or a drill that has failed rests for a day. */
const graceSeconds = { backup: 3 * 3600, check: 2 * daySeconds, drill: 2 * daySeconds };

export function backupChecks(patient: Patient): Check[] {
  const { settings, stack } = patient.topology;
  if (serviceIn(patient, backup.name) === undefined) return [];
  const shared = { group: "backups", through: [containerId(backup.name)] } as const;
  const { checkDays, drillDays } = settings.backup;
  let reading: Promise<BackupFacts> | undefined;
  const facts = (): Promise<BackupFacts> => (reading ??= readFacts(patient));
  return [
    {
      ...shared,
      id: "backup.fresh",
      title: "the last good backup is of this day",
      means: "if the machine is lost now, what was written since then is lost",
      fix: `npm run backup -- ${stack} takes one now, or says why it can't; npm run logs -- ${stack} backup`,
      run: async () => dueVerdict(await facts(), "backup", 1),
    },
    {
      ...shared,
      id: "backup.proven",
      title: "a backup has lately been restored and compared",
      means: "nobody knows whether the backups come back",
      fix: `npm run drill -- ${stack} restores the last one, or says why it can't`,
      run: async () => dueVerdict(await facts(), "drill", drillDays),
    },
    {
      ...shared,
      id: "backup.repository",
      title: "the backups' repository has lately been checked",
      means: "nobody knows whether the repository is whole",
      fix: `npm run check -- ${stack}; where it is damaged: docs/runbooks/damaged-repository.md`,
      run: async () => dueVerdict(await facts(), "check", checkDays),
    },
  ];
}

type Kind = "backup" | "check" | "drill";

/** What the container has written down; times in seconds since 1970. */
export interface BackupFacts {
  now: number;
  /** Whether anybody has used the stack: before, there is nothing to back up. */
  inUse: boolean;
  good: Readonly<Partial<Record<Kind, number>>>;
  failed: Readonly<Partial<Record<Kind, number>>>;
}

/** Prints `now`, `used` and lines such as `good backup 1790000000`. */
const script = `cd ${statusPath} && date "+now - %s" || exit
[ -e pristine ] || echo "used - 1"
for kind in backup check drill; do
  for state in good failed; do
    sed -n "s/^at	/$state $kind /p" $kind.$state 2> /dev/null || :
  done
done`;

async function readFacts(patient: Patient): Promise<BackupFacts> {
  const lines = (await runIn(patient, backup.name, ["sh", "-c", script]))
    .split("\n")
    .map((line) => line.split(" "));
  const timesOf = (state: string): BackupFacts["good"] =>
    Object.fromEntries(
      lines.filter(([one]) => one === state).map(([, kind, at]) => [kind as Kind, Number(at)]),
    );
  const [, , now] = lines.find(([one]) => one === "now") ?? [];
  return {
    now: Number(now),
    inUse: lines.some(([one]) => one === "used"),
    good: timesOf("good"),
    failed: timesOf("failed"),
  };
}

/** Pure. @param days between two that are due. */
export function dueVerdict({ now, inUse, good, failed }: BackupFacts, kind: Kind, days: number): Seen {
  const last = good[kind];
  const failure = failed[kind];
  const failedSince = failure !== undefined && failure > (last ?? 0);
  const saying = failedSince ? `; the last try failed, ${ago(now - failure)}` : "";
  if (last === undefined) {
    if (!inUse) return { ok: true, saw: "nobody has used the stack yet: nothing is due" };
    // The first one follows within minutes.
    return { ok: false, saw: `none yet${saying}`, ...(failedSince ? {} : { severity: "warning" as const }) };
  }
  const saw = `${ago(now - last)}${saying}`;
  if (now - last > days * daySeconds + graceSeconds[kind]) return { ok: false, saw };
  return failedSince ? { ok: false, severity: "warning", saw } : { ok: true, saw };
}

/** How long ago, as people say it. */
function ago(seconds: number): string {
  const hours = seconds / 3600;
  if (hours < 2) return `${Math.max(0, Math.round(seconds / 60))} minutes ago`;
  return hours < 48 ? `${Math.round(hours)} hours ago` : `${Math.round(hours / 24)} days ago`;
}
