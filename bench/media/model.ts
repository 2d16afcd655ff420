/** What people in calls and meetings cost by the services' own numbers, beside what others published. Pure. */
import { callsLoad } from "../../components/services/rtcd";
import { parseSettings } from "../../stacks/settings/parse";
import { topologyOf } from "../../stacks/topology";
import type { Table } from "../report";

/** Mattermost's measurements of rtcd on a c7i.xlarge with 4 virtual CPUs; 1000 people each. */
const published = [
  { what: "100 calls of 10, one screen each", cpuPercent: 84, memoryGB: 1.73, outMbps: 1530 },
  { what: "10 calls of 100, one screen each", cpuPercent: 74, memoryGB: 1.56, outMbps: 1680 },
  { what: "100 calls of 10, two talk, no screen", cpuPercent: 49, memoryGB: 1.46, outMbps: 175 },
  { what: "1 call of 1000, two talk, no screen", cpuPercent: 47, memoryGB: 1.46, outMbps: 194 },
];
const publishedPeople = 1000;
const publishedCpus = 4;

/** A rough profile of people in calls, from the requirements. */
const profiles = [
  { people: 10, cpus: [0.5, 1], memoryGB: 1 },
  { people: 50, cpus: [2, 3], memoryGB: 4 },
  { people: 100, cpus: [4, 6], memoryGB: 8 },
] as const;

interface Cost {
  cpus: number;
  memoryMiB: number;
  egressMbps: number;
}

const mibPerGB = 1000 ** 3 / 1024 ** 2;

export const modelTables = (): Table[] => [costs(), againstPublished(), againstProfile()];

/** Needs of the media services for so many in calls, and as many in meetings. */
function needsFor(people: number): (Cost & { title: string })[] {
  const raw = {
    source: "bench/media/model.ts",
    values: {
      domain: "localhost",
      host: { provider: "local", address: "192.0.2.10" },
      edition: "enterprise",
      people: { accounts: people, active: people, inCalls: people, inMeetings: people },
      calls: "rtcd",
    },
    encrypted: ["licence"],
  };
  const { services } = topologyOf("model", parseSettings(raw));
  return services
    .filter(({ name }) => ["rtcd", "jitsi-jvb", "coturn"].includes(name))
    .map(({ service, needs }) => ({ title: service.title, ...needs }));
}

/** As the plan has them, in its steps. */
function costs(): Table {
  return {
    title: "Media services by the plan",
    head: ["People in calls, and in meetings", "Service", "CPUs", "Memory", "Traffic out"],
    rows: profiles.flatMap(({ people }) =>
      needsFor(people).map(({ title, cpus, memoryMiB, egressMbps }) => [
        String(people),
        title,
        cpus.toFixed(2),
        `${memoryMiB} MiB`,
        `${egressMbps} Mbit/s`,
      ]),
    ),
  };
}

/** The load of calls is in proportion to people in the model, so the ratios hold for any number of them. */
function againstPublished(): Table {
  const model = callsLoad(publishedPeople);
  const scaled = ({ cpus, memoryMiB, egressMbps }: Cost): string[] =>
    profiles.map(({ people }) => {
      const share = people / publishedPeople;
      const [mib, mbps] = [memoryMiB * share, egressMbps * share].map(Math.round);
      return `${(cpus * share).toFixed(2)} CPUs, ${mib} MiB, ${mbps} Mbit/s`;
    });
  const row = ({ what, cpuPercent, memoryGB, outMbps }: (typeof published)[number]): string[] => {
    const cpus = (cpuPercent / 100) * publishedCpus;
    const cost = { cpus, memoryMiB: memoryGB * mibPerGB, egressMbps: outMbps };
    const ratios = (["cpus", "memoryMiB", "egressMbps"] as const).map((key) => model[key] / cost[key]);
    return [`measured: ${what}`, ...ratios.map((ratio) => ratio.toFixed(2)), ...scaled(cost)];
  };
  return {
    title: "Load of calls: the model to Mattermost's measurements",
    head: [
      "Load",
      "Model to it: CPUs",
      "Memory",
      "Traffic out",
      ...profiles.map(({ people }) => `${people} people`),
    ],
    rows: [
      ["the model: every tenth seat shares a screen", "", "", "", ...scaled(model)],
      ...published.map(row),
    ],
  };
}

/** The service itself: with what rtcd needs before anybody has come. */
function againstProfile(): Table {
  return {
    title: "Calls: the plan's rtcd to the rough profile",
    head: ["People in calls", "Profile", "CPUs", "Memory"],
    rows: profiles.map(({ people, cpus: [least, most], memoryGB }) => {
      const rtcd = needsFor(people).find(({ title }) => title === "rtcd");
      if (rtcd === undefined) throw new Error("no rtcd in this stack");
      return [
        String(people),
        `${least} to ${most} CPUs, ${memoryGB} GB`,
        `${(rtcd.cpus / most).toFixed(2)} to ${(rtcd.cpus / least).toFixed(2)}`,
        (rtcd.memoryMiB / (memoryGB * mibPerGB)).toFixed(2),
      ];
    }),
  };
}
