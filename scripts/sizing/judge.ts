/** The model beside what others have published: how far off it is, and why. Pure. */
import { model } from "../../components/services/model";
import { streamsLoad } from "../../components/services/rtcd";
import { parseSettings } from "../../stacks/settings/parse";
import { topologyOf } from "../../stacks/topology";
import { hostReserveMiB } from "../../stacks/topology/hosts";
import { cpusOf, isForFitting, memoryOf, mibPerGB } from "./fit";
import {
  bridgeRow,
  type Bracket,
  callsReasons,
  callsRows,
  referenceRows,
  singleHostRows,
  streamsOf,
} from "./published";

/** One comparison. */
export interface Verdict {
  what: string;
  /** Whether the row went into the constants; else it judges them. */
  fitting: boolean;
  published: string;
  model: string;
  /** Relative error; 0 within a bracket. */
  error: number;
  /** Why it is further off than allowed. */
  reason?: string;
}

/** Further off than this wants a reason. */
export const allowedError = 0.2;

const number = (value: number): string => String(Number(value.toPrecision(3)));

/** Mattermost's measurements of rtcd: CPUs, memory, traffic out. */
export function callsVerdicts(): Verdict[] {
  return callsRows.flatMap((row, index) => {
    const load = streamsLoad(streamsOf(row));
    const talk = `${row.calls} x ${row.usersPerCall}, ${row.voicesPerCall} speak, ${row.screensPerCall === 0 ? "no screen" : "a screen each"}`;
    const of = (name: string, unit: string, there: number, ours: number): Verdict => {
      const reason = callsReasons[`${index} ${name}`];
      return {
        what: `${talk}: ${name}`,
        fitting: isForFitting(index),
        published: `${number(there)} ${unit}`.trim(),
        model: `${number(ours)} ${unit}`.trim(),
        error: ours / there - 1,
        ...(reason === undefined ? {} : { reason }),
      };
    };
    return [
      of("cpus", "", cpusOf(row), load.cpus),
      // The machine's own memory is in the measurements; the plan has it in its reserve.
      of("memory", "MiB", memoryOf(row), load.memoryMiB + hostReserveMiB),
      of("traffic", "Mbit/s", row.outMbps, load.egressMbps),
    ];
  });
}

function inBracket(
  what: string,
  fitting: boolean,
  { above, atMost }: Bracket,
  ours: number,
  unit: string,
): Verdict {
  const error = ours > atMost ? ours / atMost - 1 : ours < above ? ours / above - 1 : 0;
  const range = above === 0 ? `at most ${number(atMost)}` : `${number(above)} to ${number(atMost)}`;
  return {
    what,
    fitting,
    published: `${range} ${unit}`.trim(),
    model: `${number(ours)} ${unit}`.trim(),
    error,
  };
}

/** Reference architectures and requirements, whose rows are machines. */
export function machineVerdicts(): Verdict[] {
  const { mattermost, postgres } = model;
  const reference = referenceRows.flatMap(({ users, appCpus, databaseCpus, databaseMemoryGB }, index) => {
    const of = (name: string, bracket: Bracket, ours: number, unit = ""): Verdict =>
      inBracket(`${users} at once: ${name}`, isForFitting(index), bracket, ours, unit);
    const memoryMiB = postgres.memoryBase + (postgres.memoryPerActive + postgres.memoryPerAccount) * users;
    return [
      of("cpus of application servers", appCpus, mattermost.cpusBase + mattermost.cpusPerActive * users),
      of("cpus of databases", databaseCpus, postgres.cpusBase + postgres.cpusPerActive * users),
      of("memory of a database", databaseMemoryGB, memoryMiB / mibPerGB, "GB"),
    ];
  });
  const single = singleHostRows.flatMap(({ accounts, cpus, memoryGB, memoryReason }) => {
    const demand = chatAlone(accounts);
    return [
      inBracket(`${accounts} accounts on one host: cpus`, false, cpus, demand.cpus, ""),
      {
        ...inBracket(
          `${accounts} accounts on one host: memory`,
          false,
          memoryGB,
          demand.memoryMiB / mibPerGB,
          "GB",
        ),
        ...(memoryReason === undefined ? {} : { reason: memoryReason }),
      },
    ];
  });
  return [...reference, ...single];
}

/** What chat, its database and its proxy need, with six of ten accounts active: no calls, no meetings, no backups. */
function chatAlone(accounts: number): { cpus: number; memoryMiB: number } {
  const people = { accounts, active: 0.6 * accounts, inCalls: 0, inMeetings: 0 };
  const values = {
    domain: "localhost",
    host: { provider: "local" },
    calls: "off",
    meetings: "off",
    people,
    edition: "enterprise",
  };
  const { services } = topologyOf("model", parseSettings({ source: "model", values, encrypted: [] }));
  const counted = services.filter(({ name }) => ["mattermost", "postgres", "caddy"].includes(name));
  return {
    cpus: counted.reduce((sum, { needs }) => sum + needs.cpus, 0),
    memoryMiB: counted.reduce((sum, { needs }) => sum + needs.memoryMiB, 0),
  };
}

/** The bridge of meetings, of which there is one published measurement. */
export function bridgeVerdicts(): Verdict[] {
  const { jvb } = model;
  const cpus = jvb.cpusBase + jvb.cpusPerTraffic * bridgeRow.outMbps;
  const traffic = jvb.trafficPerCamera * bridgeRow.streams;
  return [
    {
      what: `${bridgeRow.streams} streams: cpus`,
      fitting: false,
      published: number(bridgeRow.cpus),
      model: number(cpus),
      error: cpus / bridgeRow.cpus - 1,
      reason:
        "a bare machine in a laboratory, where nobody comes and goes; the rule of thumb from the field, which the model has, is four times more careful",
    },
    {
      what: `${bridgeRow.streams} streams: traffic`,
      fitting: false,
      published: `${bridgeRow.outMbps} Mbit/s`,
      model: `${number(traffic)} Mbit/s`,
      error: traffic / bridgeRow.outMbps - 1,
      reason: "streams of 0.5 Mbit/s each; a tile view asks for smaller ones",
    },
  ];
}
