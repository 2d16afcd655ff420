/** What others have published of their programs' needs. Every second row is for fitting, the others judge. Data. */
import type { Streams } from "../../components/services/rtcd";

/** A row of Mattermost's measurements of rtcd 0.16: calls without cameras, a machine of its own. */
export interface CallsRow {
  cpusThere: number;
  calls: number;
  usersPerCall: number;
  voicesPerCall: number;
  screensPerCall: number;
  cpuPercent: number;
  memoryGB: number;
  outMbps: number;
}

const row = (
  cpusThere: number,
  calls: number,
  usersPerCall: number,
  voicesPerCall: number,
  screensPerCall: number,
  cpuPercent: number,
  memoryGB: number,
  outMbps: number,
): CallsRow => ({
  cpusThere,
  calls,
  usersPerCall,
  voicesPerCall,
  screensPerCall,
  cpuPercent,
  memoryGB,
  outMbps,
});

/** In the order of the page. Source: Mattermost's documentation, calls: performance; c7i.xlarge, 2xlarge and 4xlarge. */
export const callsRows: readonly CallsRow[] = [
  row(4, 1, 1000, 2, 0, 47, 1.46, 194),
  row(4, 1, 800, 1, 1, 64, 1.43, 1360),
  row(4, 1, 1000, 1, 1, 79, 1.54, 1680),
  row(4, 10, 100, 1, 1, 74, 1.56, 1680),
  row(4, 100, 10, 2, 0, 49, 1.46, 175),
  row(4, 100, 10, 1, 1, 84, 1.73, 1530),
  row(8, 1, 1000, 2, 0, 20, 1.44, 194),
  row(8, 1, 1000, 2, 1, 49, 1.53, 1790),
  row(8, 2, 1000, 1, 1, 73, 2.38, 3060),
  row(8, 100, 10, 2, 1, 60, 1.74, 1620),
  row(8, 150, 10, 1, 1, 72, 2.26, 2300),
  row(8, 150, 10, 2, 1, 79, 2.34, 2410),
  row(8, 250, 10, 2, 0, 58, 2.66, 439),
  row(8, 1000, 2, 2, 0, 78, 2.31, 195),
  row(16, 2, 1000, 2, 1, 41, 2.6, 3600),
  row(16, 3, 1000, 2, 1, 63, 3.53, 5380),
  row(16, 4, 1000, 2, 1, 83, 4.4, 7170),
  row(16, 250, 10, 2, 1, 79, 3.49, 3730),
  row(16, 500, 2, 2, 1, 71, 2.54, 919),
];

/** Why the model may be further off than a fifth at a row, by the row's place. */
export const callsReasons: Readonly<Record<string, string>> = {
  "5 cpus": "measured on a machine that is nearly full, at 84 %, where work waits",
};

/** Streams through the server at a row. */
export const streamsOf = ({ calls, usersPerCall, voicesPerCall, screensPerCall }: CallsRow): Streams => ({
  people: calls * usersPerCall,
  voicesIn: calls * voicesPerCall,
  voicesOut: calls * voicesPerCall * (usersPerCall - 1),
  screensIn: calls * screensPerCall,
  screensOut: calls * screensPerCall * (usersPerCall - 1),
});

/** A machine is between what is needed and the next smaller size, which is half of it. */
export interface Bracket {
  above: number;
  atMost: number;
}

/** A reference architecture: people at once, and its machines in vCPUs and GB. */
export interface ReferenceRow {
  users: number;
  appCpus: Bracket;
  databaseCpus: Bracket;
  databaseMemoryGB: Bracket;
}

const half = (atMost: number): Bracket => ({ above: atMost / 2, atMost });
/** The smallest machine of its kind says only what is enough. */
const enough = (atMost: number): Bracket => ({ above: 0, atMost });

/**
 * Source: Mattermost's documentation, scaling. Application servers together; of databases the CPUs are between half of
 * the writer's and those of all with its replicas, which share the reading. Memory of application servers comes with
 * their CPUs and says nothing.
 */
export const referenceRows: readonly ReferenceRow[] = [
  { users: 200, appCpus: enough(2), databaseCpus: enough(2), databaseMemoryGB: enough(16) },
  { users: 2000, appCpus: enough(4), databaseCpus: enough(4), databaseMemoryGB: enough(16) },
  { users: 15_000, appCpus: half(8), databaseCpus: { above: 2, atMost: 8 }, databaseMemoryGB: half(32) },
  { users: 30_000, appCpus: half(16), databaseCpus: { above: 4, atMost: 16 }, databaseMemoryGB: half(64) },
  { users: 50_000, appCpus: half(40), databaseCpus: { above: 4, atMost: 40 }, databaseMemoryGB: half(64) },
  { users: 100_000, appCpus: half(96), databaseCpus: { above: 8, atMost: 96 }, databaseMemoryGB: half(128) },
];

/** One host for all of it, without meetings. Source: Mattermost's documentation, hardware requirements. */
export const singleHostRows: readonly {
  accounts: number;
  cpus: Bracket;
  memoryGB: Bracket;
  memoryReason?: string;
}[] = [
  {
    accounts: 1000,
    cpus: enough(1),
    memoryGB: enough(2),
    memoryReason:
      "each container has a limit of its own with room in it; on a bare host programs share what is there",
  },
  { accounts: 2000, cpus: half(2), memoryGB: half(4) },
];

/** Jitsi's own measurement of its bridge: streams out, a machine of 4 cores. */
export const bridgeRow = { streams: 1056, outMbps: 550, cpus: 0.8 };
