/** The memory of a whole stack at rest, beside what the plan gives each service. */
import type Docker from "dockerode";
import { join } from "node:path";
import { containerName } from "../../components/platform/names";
import { parseSettings } from "../../stacks/settings/parse";
import { type Topology, topologyOf } from "../../stacks/topology";
import { imageKind } from "../../test/e2e/images/build";
import { imagesOf } from "../../test/e2e/images/chosen";
import { PluginServer } from "../../test/e2e/media/stack";
import { engineSocket } from "../../test/e2e/parts";
import { CliProgram } from "../program";
import type { Table } from "../report";
import { writeStackFile } from "../ups";
import type { Workshop } from "../workshop";

const stack = "bench-media";
const restSeconds = 20;

/** As the stack `local`, with the relay. */
const settings = (
  address: string,
  plugin: Record<string, string>,
  overrides: Readonly<Record<string, string>>,
): Record<string, unknown> => ({
  domain: "localhost",
  host: { provider: "local", engine: `unix://${engineSocket}`, address },
  web: { httpPort: 17_082, httpsPort: 17_445 },
  people: { accounts: 20, active: 20, inCalls: 10, inMeetings: 10 },
  calls: "embedded",
  meetings: "jitsi",
  turn: "on",
  media: { callsPort: 17_446, meetingsPort: 17_100, turnPort: 17_479, relayFirstPort: 17_600 },
  chat: { plugins: [plugin] },
  protectData: false,
  images: { overrides },
});

interface AtRest {
  title: string;
  usedMiB: number;
  limitMiB: number;
  kind: Awaited<ReturnType<typeof imageKind>>;
}

export async function measureRest(
  workshop: Workshop,
  address: string,
  say: (line: string) => void,
): Promise<Table[]> {
  const plugins = new PluginServer();
  try {
    const values = settings(address, await plugins.serve(address), workshop.overrides);
    const topology = topologyOf(
      stack,
      parseSettings({ source: "bench/media/rest.ts", values, encrypted: [] }),
    );
    await workshop.ensureImages(imagesOf(topology), say);
    const dir = workshop.copyProject("media");
    writeStackFile(dir, "muster", stack, values);
    const program = new CliProgram(stack, dir, join(workshop.dir, "state-media"));
    await program.init();
    say(`the whole stack: up in ${(await program.fresh()).toFixed(1)} s`);
    await new Promise((later) => setTimeout(later, restSeconds * 1000));
    const atRest = await usedBy(topology, workshop.docker);
    await program.destroy();
    return [table(atRest)];
  } finally {
    plugins.close();
  }
}

const usedBy = ({ services }: Topology, docker: Docker): Promise<AtRest[]> =>
  Promise.all(
    services.map(async ({ service, name, needs, image }) => ({
      title: service.title,
      usedMiB: await usedMiB(docker.getContainer(containerName(stack, name))),
      limitMiB: needs.memoryMiB,
      kind: await imageKind(image.name, image.reference, docker),
    })),
  );

/** As `docker stats` counts: without files that nobody has looked at for long. */
async function usedMiB(container: Docker.Container): Promise<number> {
  const { memory_stats: memory } = await container.stats({ stream: false, "one-shot": true });
  // The first is cgroup version 1's word.
  const { total_inactive_file: whole, inactive_file: own } = memory.stats as Record<
    string,
    number | undefined
  >;
  return (memory.usage - (whole ?? own ?? 0)) / 1024 ** 2;
}

const words: Record<AtRest["kind"], string> = {
  published: "the publisher's",
  "home-made": "home-made, of the real program",
  double: "a double: its figure says nothing of the real program",
};

function table(all: readonly AtRest[]): Table {
  const row = (title: string, rows: readonly AtRest[], image: string): string[] => {
    const sum = (of: (one: AtRest) => number): number => rows.reduce((total, one) => total + of(one), 0);
    const [used, limit] = [sum(({ usedMiB: mib }) => mib), sum(({ limitMiB }) => limitMiB)];
    return [title, `${used.toFixed(1)} MiB`, `${limit} MiB`, (used / limit).toFixed(2), image];
  };
  const real = all.filter(({ kind }) => kind !== "double");
  return {
    title: "Memory at rest",
    head: ["Service", "In use", "Plan's limit", "Part of it", "Image"],
    rows: [
      ...all.map((one) => row(one.title, [one], words[one.kind])),
      row("all real programs", real, ""),
      row("all services", all, ""),
    ],
  };
}
