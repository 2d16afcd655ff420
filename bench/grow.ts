/** How each part grows with the number of services, by a made-up catalogue. */
import { join } from "node:path";
import { projectDir } from "../test/helpers/stacks";
import { syntheticTopology } from "./catalogue";
import { median } from "./figures";
import { programCost } from "./offline";
import { CliProgram } from "./program";
import { writeStackFile } from "./ups";
import { growthStack, sizes, type Workshop } from "./workshop";

export interface Growth {
  services: number;
  resources: number;
  topologyMs: number;
  programSeconds: number;
  programMB: number | null;
  /** Only where real ups were measured. */
  up?: { fresh: number; unchanged: number };
}

const project = "muster-growth";

/** Topology and program need nothing but Node; ups are measured where there is a workshop. */
export async function measureGrowth(
  runs: number,
  workshop: Workshop | undefined,
  say: (line: string) => void,
): Promise<Growth[]> {
  const measured: Growth[] = [];
  const dir = workshop === undefined ? undefined : join(workshop.copyProject("growth"), "bench", "growth");
  for (const services of sizes) {
    const growth = await offline(services, runs);
    const up =
      workshop === undefined || dir === undefined ? undefined : await realUp(workshop, dir, services);
    measured.push(up === undefined ? growth : { ...growth, up });
    say(
      `${services} services, ${growth.resources} resources: program ${growth.programSeconds.toFixed(1)} s` +
        (up === undefined
          ? ""
          : `, up fresh ${up.fresh.toFixed(1)} s, unchanged ${up.unchanged.toFixed(1)} s`),
    );
  }
  return measured;
}

async function offline(services: number, runs: number): Promise<Growth> {
  const topologies = Array.from({ length: 200 }, () => {
    const began = performance.now();
    syntheticTopology("bench", services);
    return performance.now() - began;
  });
  const costs = [];
  for (let i = 0; i < runs; i++)
    costs.push(
      await programCost({
        projectDir: join(projectDir, "bench", "growth"),
        project,
        stack: "bench",
        config: { services: String(services) },
      }),
    );
  const memory = costs.flatMap(({ MB }) => MB ?? []);
  return {
    services,
    resources: costs[0]?.resources ?? 0,
    topologyMs: median(topologies),
    programSeconds: median(costs.map(({ seconds }) => seconds)),
    programMB: memory.length === 0 ? null : Math.max(...memory),
  };
}

/** One round; a stack of its own for each number. */
async function realUp(workshop: Workshop, dir: string, services: number): Promise<Required<Growth>["up"]> {
  const stack = growthStack(services);
  writeStackFile(dir, project, stack, { services, overrides: workshop.overrides });
  const program = new CliProgram(stack, dir, join(workshop.dir, "state-growth"));
  await program.init();
  const fresh = await program.fresh();
  const unchanged = await program.unchanged();
  await program.destroy();
  return { fresh, unchanged };
}
