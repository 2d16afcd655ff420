/** The memory of a whole stack at rest, beside what the plan gives each service. */
import type Docker from "dockerode";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { containerName } from "../../components/platform/names";
import { parseSettings } from "../../stacks/settings/parse";
import { type Topology, topologyOf } from "../../stacks/topology";
import { imageKind } from "../../test/e2e/images/build";
import { referencesOf } from "../../test/e2e/images/chosen";
import { PluginServer } from "../../test/e2e/plugin";
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
  media: { embeddedPort: 17_446, meetingsPort: 17_100, turnPort: 17_479, relayFirstPort: 17_600 },
  chat: { plugins: [plugin] },
  protectData: false,
  images: { overrides },
});

interface Used {
  /** As `docker stats` counts: without files that nobody has looked at for long. */
  usedMiB: number;
  /** Of it, what belongs to no file and nobody shares. */
  anonymousMiB: number;
}

interface AtRest extends Used {
  title: string;
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
    await workshop.ensureImages(referencesOf(topology), say);
    const dir = workshop.copyProject("media");
    writeStackFile(dir, "muster", stack, values);
    const program = new CliProgram(stack, dir, join(workshop.dir, "state-media"));
    await program.init();
    say(`the whole stack: up in ${(await program.fresh()).toFixed(1)} s`);
    await pause(restSeconds * 1000);
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
      ...(await used(docker.getContainer(containerName(stack, name)))),
      limitMiB: needs.memoryMiB,
      kind: await imageKind(image.name, image.reference, docker),
    })),
  );

async function used(container: Docker.Container): Promise<Used> {
  const { memory_stats: memory } = await container.stats({ stream: false, "one-shot": true });
  const stats = memory.stats as unknown as Record<string, number | undefined>;
  // Words of cgroup's version 1 first.
  const inactive = stats["total_inactive_file"] ?? stats["inactive_file"] ?? 0;
  const anonymous = stats["total_rss"] ?? stats["anon"] ?? 0;
  return { usedMiB: (memory.usage - inactive) / 1024 ** 2, anonymousMiB: anonymous / 1024 ** 2 };
}

const words: Record<AtRest["kind"], string> = {
  published: "the publisher's",
  "home-made": "home-made, of the real program",
  double: "a double: its figure says nothing of the real program",
};

function table(all: readonly AtRest[]): Table {
  const row = (title: string, rows: readonly AtRest[], image: string): string[] => {
    const sum = (of: (one: AtRest) => number): number => rows.reduce((total, one) => total + of(one), 0);
    const [inUse, limit] = [sum(({ usedMiB }) => usedMiB), sum(({ limitMiB }) => limitMiB)];
    const anonymous = sum(({ anonymousMiB }) => anonymousMiB);
    const shown = [inUse, anonymous].map((mib) => `${mib.toFixed(1)} MiB`);
    return [title, ...shown, `${limit} MiB`, (inUse / limit).toFixed(2), image];
  };
  const real = all.filter(({ kind }) => kind !== "double");
  return {
    title: "Memory at rest",
    head: ["Service", "In use", "Of it anonymous", "Plan's limit", "In use to limit", "Image"],
    rows: [
      ...all.map((one) => row(one.title, [one], words[one.kind])),
      row("all real programs", real, ""),
      row("all services", all, ""),
    ],
  };
}
