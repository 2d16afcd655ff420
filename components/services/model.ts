/**
 * The sizing model: every number that needs follow from, one per service and resource, each with its unit and where it
 * comes from. `docs/sizing.md` holds it against what others have published. Those marked as fitted follow from half of
 * the published rows; the other half judges them.
 */

export const mibPerGiB = 1024;

/** One number of the model. */
export interface Constant {
  value: number;
  unit: string;
  source: string;
  /** Whether it follows from measurements by calculation, rounded to two digits; a test holds it to that. */
  fitted?: true;
}

const reference = "Mattermost, reference architectures for 200 to 100,000 people at once";
const measurements = "Mattermost, performance of rtcd: the rows for fitting";
const handbook = "Jitsi handbook, requirements: 180p 200 kbit/s, 360p 500 kbit/s";
const measured = "own measurements of an idle stack: docs/bench.md";
const estimate = "our estimate; nothing is published";

const constant = (value: number, unit: string, source: string): Constant => ({ value, unit, source });
const fitted = (value: number, unit: string, source: string): Constant => ({
  value,
  unit,
  source,
  fitted: true,
});

export const constants = {
  mattermost: {
    memoryBase: constant(640, "MiB", measured),
    memoryPerActive: constant(
      1,
      "MiB per person active",
      "the same: with it, the machines there are just large enough",
    ),
    memoryPerAccount: constant(0.1, "MiB per account", estimate),
    memoryPerPersonInCalls: constant(0.2, "MiB per person in calls, with rtcd", estimate),
    cpusBase: constant(0.2, "CPUs", measured),
    cpusPerActive: fitted(0.00045, "CPUs per person active", reference),
    diskBase: constant(2, "GiB", "Mattermost, hardware requirements: 0.6 to 0.8 GB, and the plugins"),
    diskPerAccount: constant(
      15,
      "MiB per account and month",
      "Mattermost, hardware requirements: 5 to 25 MB, medium usage",
    ),
  },
  postgres: {
    memoryBase: constant(256, "MiB", measured),
    memoryPerActive: fitted(1.1, "MiB per person active", reference),
    memoryPerAccount: constant(0.1, "MiB per account", estimate),
    cpusBase: constant(0.1, "CPUs", measured),
    cpusPerActive: fitted(0.00026, "CPUs per person active", reference),
    diskBase: constant(1, "GiB", measured),
    diskPerAccount: constant(1.7, "MiB per account and month", estimate),
  },
  caddy: {
    memoryBase: constant(96, "MiB", measured),
    memoryPerActive: constant(0.1, "MiB per person active", estimate),
    cpusBase: constant(0.05, "CPUs", measured),
    cpusPerActive: constant(1 / 5000, "CPUs per person active", estimate),
    diskBase: constant(1, "GiB", measured),
    trafficPerActive: constant(1, "GB per person active and month", estimate),
  },
  calls: {
    cpusPerVoiceIn: fitted(0.0021, "CPUs per person who speaks", measurements),
    cpusPerVoiceOut: fitted(0.00083, "CPUs per voice and person who hears it", measurements),
    cpusPerScreenIn: fitted(0.014, "CPUs per screen shared", measurements),
    cpusPerScreenOut: fitted(0.0019, "CPUs per screen and person who sees it", measurements),
    memoryPerPerson: fitted(0.89, "MiB per person in calls", measurements),
    memoryPerScreen: fitted(2, "MiB per screen shared", measurements),
    trafficPerVoice: fitted(0.097, "Mbit/s per voice and person who hears it", measurements),
    trafficPerScreen: fitted(1.6, "Mbit/s per screen and person who sees it", measurements),
    /** The measurements have one or two. */
    voices: constant(2, "people who speak at once", measurements),
  },
  rtcd: {
    memoryBase: constant(128, "MiB", measured),
  },
  jvb: {
    heapBase: constant(448, "MiB of heap", measured),
    heapPerPerson: constant(6, "MiB of heap per person in meetings", estimate),
    heapMost: constant(3072, "MiB of heap", "Jitsi's own default"),
    memoryBeside: constant(256, "MiB beside the heap", measured),
    cpusBase: constant(0.1, "CPUs", measured),
    cpusPerTraffic: constant(0.006, "CPUs per Mbit/s", "rule of thumb: 4 cores for 225 people who see ten"),
    trafficPerCamera: constant(1 / 3, "Mbit/s per camera and person who sees it", handbook),
    trafficPerPersonMost: constant(5, "Mbit/s per person", "a full tile view, 5 by 5, at 180p"),
    trafficPerPerson: constant(0.1, "Mbit/s per person: voices", "Opus at 40 kbit/s, two at once"),
  },
  jicofo: {
    heapBase: constant(224, "MiB of heap", measured),
    heapPerPerson: constant(2, "MiB of heap per person in meetings", estimate),
    heapMost: constant(3072, "MiB of heap", "Jitsi's own default"),
    memoryBeside: constant(192, "MiB beside the heap", measured),
    cpusBase: constant(0.05, "CPUs", measured),
    cpusPerPerson: constant(0.001, "CPUs per person in meetings", estimate),
  },
  prosody: {
    memoryBase: constant(112, "MiB", measured),
    memoryPerPerson: constant(0.5, "MiB per person in meetings", estimate),
    cpusBase: constant(0.05, "CPUs", measured),
    cpusPerPerson: constant(
      0.002,
      "CPUs per person in meetings, one in all",
      "Jitsi handbook: it uses a single core",
    ),
  },
  jitsiWeb: {
    memoryBase: constant(56, "MiB", measured),
    memoryPerPerson: constant(0.2, "MiB per person in meetings", estimate),
    cpusBase: constant(0.05, "CPUs", measured),
  },
  coturn: {
    memoryBase: constant(48, "MiB", measured),
    memoryPerAllocation: constant(0.1, "MiB per allocation", measured),
    cpusBase: constant(0.05, "CPUs", measured),
    cpusPerAllocation: constant(0.001, "CPUs per allocation", "coturn's README: thousands of calls per CPU"),
  },
  certificates: {
    memoryBase: constant(128, "MiB", measured),
    cpusBase: constant(0.01, "CPUs", measured),
  },
  prometheus: {
    memoryBase: constant(256, "MiB", estimate),
    cpusBase: constant(0.1, "CPUs", estimate),
    diskBase: constant(1, "GiB", "its write-ahead log, and blocks on their way"),
    diskPerDay: constant(0.03, "GiB per day", "6000 series every 30 s, at 1.7 bytes each"),
  },
  grafana: {
    memoryBase: constant(768, "MiB", "people who run 13.2 tell of 600 MiB, and of too little at 384"),
    cpusBase: constant(0.05, "CPUs", estimate),
  },
  exporter: {
    memoryBase: constant(64, "MiB", estimate),
    cpusBase: constant(0.02, "CPUs", estimate),
  },
  backup: {
    memoryBase: constant(250, "MiB", measured),
    memoryPerAccount: constant(0.05, "MiB per account", estimate),
    cpusBase: constant(0.05, "CPUs", estimate),
    diskBase: constant(1, "GiB", measured),
    diskPerAccount: constant(
      5.1,
      "MiB per account and month",
      "the database's, three times: a dump, and a copy of it restored and compared",
    ),
    repositoryPerAccount: constant(
      21,
      "MiB per account and month, where the backups lie on the same machine",
      "all data and a quarter more: snapshots share most of it",
    ),
  },
} as const satisfies Record<string, Record<string, Constant>>;

type Numbers = {
  readonly [S in keyof typeof constants]: { readonly [K in keyof (typeof constants)[S]]: number };
};

/** The same as plain numbers, for those who calculate. */
export const model = Object.fromEntries(
  Object.entries(constants).map(([service, ofService]) => [
    service,
    Object.fromEntries(Object.entries<Constant>(ofService).map(([name, { value }]) => [name, value])),
  ]),
) as Numbers;
