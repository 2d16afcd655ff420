/** The relay against the straight way: the same packets to the same peer, in turns. */
import { udpEcho } from "../../probe";
import { median } from "../figures";
import type { Table } from "../report";
import type { Workshop } from "../workshop";
import { BenchCoturn, coturnOf, relayTopology } from "./coturn";
import { type Carried, carry, directFlow, type Load, relayedFlow } from "./load";

const people = 10;
const bytes = 1000;
const loads: readonly Load[] = [
  { what: `${people} people talking`, packetsPerSecond: people * 50, bytes: 160 },
  ...[1, 5, 20, 50, 100, 200, 400].map((mbps) => ({
    what: `${mbps} Mbit/s`,
    packetsPerSecond: (mbps * 1e6) / 8 / bytes,
    bytes,
  })),
];

const ways = ["direct", "relayed over UDP", "relayed over TCP"] as const;
type Way = (typeof ways)[number];
const transports = { "relayed over UDP": "udp", "relayed over TCP": "tcp" } as const;

/** From here on a load counts as too much. */
const tooMuchLost = 0.01;

interface Passage extends Carried {
  /** Packets that the peer sent back. */
  echoed: number;
  relayCpuSeconds: number;
}

/** One load on one way: medians of the rounds. */
interface Outcome {
  sentMbps: number;
  backMbps: number;
  lost: number;
  /** How much of the loss was on the way there. */
  lostThere: number;
  /** CPUs that the relay, and the load's own process with the peer in it, kept busy. */
  relayCpus: number;
  ownCpus: number;
  /** Of the relay, for each Mbit that went through it, there or back. */
  relayCpuMsPerMbit: number;
}

type Measured = Map<Load, Record<Way, Outcome>>;

export async function measureRelay(
  workshop: Workshop,
  address: string,
  { rounds, seconds }: { rounds: number; seconds: number },
  say: (line: string) => void,
): Promise<Table[]> {
  const topology = relayTopology(address, workshop.overrides);
  const plan = coturnOf(topology);
  await workshop.ensureImages({ coturn: plan.image.reference }, say);
  const coturn = await BenchCoturn.start(workshop.docker, plan, address);
  const measured: Measured = new Map();
  try {
    for (const load of loads) {
      const passages: Record<Way, Passage[]> = { direct: [], "relayed over UDP": [], "relayed over TCP": [] };
      for (let round = 0; round < rounds; round++)
        for (const way of ways) passages[way].push(await passage(coturn, address, way, load, seconds));
      const outcomes = Object.fromEntries(
        ways.map((way) => [way, outcome(passages[way], load, seconds)]),
      ) as Record<Way, Outcome>;
      measured.set(load, outcomes);
      say(`${load.what}: lost ${ways.map((way) => `${percent(outcomes[way].lost)} ${way}`).join(", ")}`);
      if (ways.every((way) => way === "direct" || outcomes[way].lost > tooMuchLost)) break;
    }
  } finally {
    await coturn.remove();
  }
  return [ratioTable(measured), figureTable(measured, rounds)];
}

async function passage(
  coturn: BenchCoturn,
  address: string,
  way: Way,
  load: Load,
  seconds: number,
): Promise<Passage> {
  const echo = await udpEcho({ address });
  // A name for each time: the relay counts addresses against it for some seconds after they were given back.
  const user = `bench-${performance.now()}`;
  const flows = await Promise.all(
    Array.from({ length: people }, () =>
      way === "direct"
        ? directFlow(echo.endpoint)
        : relayedFlow(coturn.server(user, transports[way]), echo.endpoint),
    ),
  );
  try {
    const before = await coturn.cpuSeconds();
    const carried = await carry(flows, load, seconds);
    const relayCpuSeconds = (await coturn.cpuSeconds()) - before;
    return { ...carried, echoed: echo.echoed(), relayCpuSeconds };
  } finally {
    await Promise.all(flows.map((flow) => flow.close()));
    echo.close();
  }
}

function outcome(passages: readonly Passage[], load: Load, sendSeconds: number): Outcome {
  const mbit = (packets: number): number => (packets * load.bytes * 8) / 1e6;
  const of = (value: (passage: Passage) => number): number => median(passages.map(value));
  return {
    sentMbps: of(({ sent }) => mbit(sent) / sendSeconds),
    backMbps: of(({ received, seconds }) => mbit(received) / seconds),
    lost: of(({ sent, received }) => 1 - received / sent),
    lostThere: of(({ sent, echoed }) => 1 - echoed / sent),
    relayCpus: of(({ relayCpuSeconds, seconds }) => relayCpuSeconds / seconds),
    ownCpus: of(({ ownCpuSeconds, seconds }) => ownCpuSeconds / seconds),
    relayCpuMsPerMbit: of(
      ({ relayCpuSeconds, echoed, received }) => (relayCpuSeconds * 1000) / mbit(echoed + received),
    ),
  };
}

const percent = (share: number): string => `${(share * 100).toFixed(2)} %`;

function ratioTable(measured: Measured): Table {
  return {
    title: "Relay: ratios",
    head: [
      "Load",
      "Came back, UDP to direct",
      "Came back, TCP to direct",
      "Relay's CPU, TCP to UDP",
      "CPU, relay (UDP) to direct load's own",
      "Load's own CPU, UDP to direct",
    ],
    rows: [...measured].map(([{ what }, outcomes]) => {
      const { direct, "relayed over UDP": udp, "relayed over TCP": tcp } = outcomes;
      const ratios = [
        udp.backMbps / direct.backMbps,
        tcp.backMbps / direct.backMbps,
        tcp.relayCpuMsPerMbit / udp.relayCpuMsPerMbit,
        udp.relayCpus / direct.ownCpus,
        udp.ownCpus / direct.ownCpus,
      ];
      return [what, ...ratios.map((ratio) => ratio.toFixed(2))];
    }),
  };
}

function figureTable(measured: Measured, rounds: number): Table {
  return {
    title: `Relay: figures (${rounds === 1 ? "one round" : `medians of ${rounds} rounds`})`,
    head: [
      "Load",
      "Way",
      "Sent",
      "Came back",
      "Lost",
      "Lost on the way there",
      "Relay's CPUs",
      "Relay's CPU per relayed Mbit",
      "Load's own CPUs",
    ],
    rows: [...measured].flatMap(([{ what }, outcomes]) =>
      ways.map((way) => {
        const one = outcomes[way];
        const relayed = way !== "direct";
        return [
          what,
          way,
          `${one.sentMbps.toFixed(2)} Mbit/s`,
          `${one.backMbps.toFixed(2)} Mbit/s`,
          percent(one.lost),
          percent(one.lostThere),
          relayed ? one.relayCpus.toFixed(3) : "",
          relayed ? `${one.relayCpuMsPerMbit.toFixed(2)} ms` : "",
          one.ownCpus.toFixed(2),
        ];
      }),
    ),
  };
}
