/** Machines: their engine, their disk, their memory, their clock. */
import type { ServicePlan } from "../stacks/topology";
import type { Check, Seen } from "./check";
import { busyboxIn, containerId, engineFor, engineId, type Patient } from "./patient";

/** Shares in use. */
const disk = { warning: 0.85, error: 0.95 };
const memory = { warning: 0.9, error: 0.96 };

/** Tokens and the relay's credentials bear a difference of a minute at most. */
const clockSeconds = { warning: 5, error: 45 };

export const machineChecks = (patient: Patient): Check[] =>
  patient.topology.hosts.flatMap(({ name: host }) => {
    const window = windowOn(patient, host);
    return [
      engineCheck(patient, host),
      ...(window === undefined
        ? []
        : [
            diskCheck(patient, host, window),
            memoryCheck(patient, host, window),
            clockCheck(patient, host, window),
          ]),
    ];
  });

/** A container that sees its host's disk, memory and clock, and has the tools to tell: the one with the most data. */
const windowOn = ({ topology }: Patient, host: string): ServicePlan | undefined =>
  topology.services
    .filter((plan) => plan.host === host && plan.service.shell === true)
    .sort((a, b) => b.volumes.length - a.volumes.length)[0];

function engineCheck(patient: Patient, host: string): Check {
  const { stack, settings } = patient.topology;
  return {
    id: engineId(host),
    group: "machine",
    title: `Docker Engine of ${host}`,
    means: "nothing can be seen or changed there, and nothing can be brought up",
    fix:
      settings.host.provider === "local"
        ? "start it: systemctl start docker"
        : `look whether the machine is up and SSH reaches it; npm run up -- ${stack} says more`,
    run: async () => {
      const { Version } = await engineFor(patient, host).version();
      return { ok: true, saw: Version };
    },
  };
}

function diskCheck(patient: Patient, host: string, window: ServicePlan): Check {
  const paths = ["/", ...window.volumes.map(({ path }) => path)];
  return {
    id: `disk.${host}`,
    group: "machine",
    title: `room on the disk of ${host}`,
    means: "once it is full, the database stops, uploads fail, and there are no more backups",
    fix: "make the disk larger (muster:host, then npm run up), or remove what isn't needed: docker image prune",
    through: [containerId(window.name)],
    run: async () => diskVerdict(await busyboxIn(patient, window.name, "df", "-P", "-k", ...paths)),
  };
}

/** Pure. @param table what `df -P -k` prints: the fullest of its disks counts. */
export function diskVerdict(table: string): Seen {
  const disks = table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, , used, free] = line.trim().split(/\s+/);
      const all = Number(used) + Number(free);
      return all > 0 ? [{ share: Number(used) / all, freeGiB: Number(free) / 1024 ** 2 }] : [];
    })
    .sort((a, b) => b.share - a.share);
  const [fullest] = disks;
  if (fullest === undefined) return { ok: false, saw: `nobody knows: ${table.trim()}` };
  return judged(
    fullest.share,
    disk,
    `${percent(fullest.share)} in use, ${fullest.freeGiB.toFixed(1)} GiB free`,
  );
}

function memoryCheck(patient: Patient, host: string, window: ServicePlan): Check {
  return {
    id: `memory-of.${host}`,
    group: "machine",
    title: `memory of ${host}`,
    means: "the kernel ends programs when it has none left, and those who talk lose their call",
    fix: "take a larger machine (muster:host.size), or stop what else runs there",
    through: [containerId(window.name)],
    run: async () => memoryVerdict(await busyboxIn(patient, window.name, "cat", "/proc/meminfo")),
  };
}

/** Pure. @param table the kernel's /proc/meminfo. */
export function memoryVerdict(table: string): Seen {
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(table)?.[1]);
  const [all, free] = [kib("MemTotal"), kib("MemAvailable")];
  if (!(all > 0) || Number.isNaN(free)) return { ok: false, saw: "nobody knows" };
  const share = 1 - free / all;
  return judged(share, memory, `${percent(share)} in use, ${Math.round(free / 1024)} MiB free`);
}

function clockCheck(patient: Patient, host: string, window: ServicePlan): Check {
  return {
    id: `clock.${host}`,
    group: "machine",
    title: `clock of ${host}`,
    means: "tokens and certificates count as too old or too young: meetings and the relay refuse people",
    fix: "let that machine keep time (timedatectl set-ntp true); or this one, where it is this one that is wrong",
    through: [containerId(window.name)],
    run: async () => {
      const asked = Date.now();
      const answer = await busyboxIn(patient, window.name, "date", "+%s");
      return clockVerdict(Number(answer) * 1000, asked, Date.now());
    },
  };
}

/** Pure. @param theirs in milliseconds, cut to a second; asked and answered are ours. */
export function clockVerdict(theirs: number, asked: number, answered: number): Seen {
  if (Number.isNaN(theirs)) return { ok: false, saw: "nobody knows" };
  // Between the two, it was right.
  const seconds = theirs + 1000 < asked ? (asked - theirs) / 1000 : Math.max(0, (theirs - answered) / 1000);
  const which = theirs < asked ? "behind" : "ahead of";
  return judged(
    seconds,
    clockSeconds,
    seconds === 0 ? "as ours" : `${seconds.toFixed(0)} s ${which} this machine's`,
  );
}

/** Above the first bound a warning, above the second an error. */
function judged(value: number, { warning, error }: { warning: number; error: number }, saw: string): Seen {
  if (value > error) return { ok: false, saw };
  return value > warning ? { ok: false, severity: "warning", saw } : { ok: true, saw };
}

const percent = (share: number): string => `${Math.floor(share * 100)} %`;
