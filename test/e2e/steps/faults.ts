import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { labels } from "../../../components/host/engine";
import type { Stack } from "../stack";

/** Fewer where somebody asked for less (`--short`): each takes most of a minute. */
const moments = process.env["MUSTER_E2E_SHORT"] === undefined ? 10 : 2;
/** Of each container on its way: see `phaseOf`. */
const phases = 3;

/** At each moment an up is making two of these, which stand side by side here: all have their turn. */
const services = ["postgres", "backup", "mattermost", "caddy"];

/** What breaks, and how it comes back. */
export function faults(stack: Stack): void {
  describe("when something breaks", () => {
    it.each(["caddy", "mattermost", "postgres"])(
      "brings back %s after its process has crashed",
      async (service) => {
        const container = stack.docker.getContainer(`muster-${stack.name}-${service}`);
        const before = (await container.inspect()).State;
        // 0 stands for a container that doesn't run, and for kill(2) it means this very process group.
        expect(before.Pid).toBeGreaterThan(1);
        process.kill(before.Pid, "SIGKILL");
        await restarted(container, before.StartedAt);
        await stack.healthy(90);
      },
    );

    it("brings back a container that somebody has removed", async () => {
      await stack.docker.getContainer(`muster-${stack.name}-caddy`).remove({ force: true, v: true });
      await stack.up();
      expect(await stack.unwell()).toEqual([]);
    });

    it("collects what its health checks have started", async () => {
      const dead = Object.entries(await stack.dead());
      expect(dead).toContainEqual(["mattermost", expect.any(Number)]);
      // There were dozens of checks; one may be under way.
      expect(dead.filter(([, count]) => count > 3)).toEqual([]);
    });

    describe("with an up killed by SIGKILL", () => {
      it.each(Array.from({ length: moments }, (_, index) => index))(
        "heals with the next up (moment %i)",
        async (index) => {
          const chosen = [0, 1].map((next) => services[(index + next) % services.length] ?? "");
          const cleared = await clear(stack, chosen);
          const { enough, close } = await watch(stack, phasesUntil(index / moments, cleared));
          const { child, done } = stack.start(["up", stack.name]);
          await Promise.race([enough, done]);
          close();
          const victim = index % 2 === 0 ? "pulumi" : "pulumi-resource-docker";
          const killed = descendants(child.pid ?? 0).filter(({ name }) => name === victim.slice(0, 15));
          for (const { pid } of killed) process.kill(pid, "SIGKILL");
          // Whatever becomes of it: nothing else may change the stack beside it.
          const { code } = await done;
          expect(killed.length).toBeGreaterThan(0);
          expect(code).not.toBe(0);
          await stack.up();
          expect(await stack.unwell()).toEqual([]);
        },
      );

      it("has nothing left to do after all that", async () => {
        expect((await stack.up()).output).toContain("Nothing has changed");
      });
    });
  });
}

/** Takes all containers of services away at once, those of their jobs too; says how many. */
export async function clear(stack: Stack, chosen: readonly string[]): Promise<number> {
  const containers = [...(await stack.containers())].filter(([name]) =>
    chosen.some((service) => name === service || name.startsWith(`${service}-`)),
  );
  await Promise.all(
    containers.map(([, { Id }]) => stack.docker.getContainer(Id).remove({ force: true, v: true })),
  );
  return containers.length;
}

/**
 * When to end an up that makes so many containers anew, as phases that have begun. Never at the last one: nobody can be
 * sure to be there before the up has ended.
 * @param share of the way, from 0 to less than 1.
 */
export const phasesUntil = (share: number, containers: number): number =>
  1 + Math.floor((phases * containers - 1) * share);

/**
 * Watches the containers that a stack makes from now on: `enough` ends when so many of their phases have begun. What
 * happens to those that are there already, a check that passes or a job that ends, doesn't count.
 */
export async function watch(
  stack: Stack,
  count: number,
): Promise<{ enough: Promise<void>; close: () => void }> {
  const filters = { label: [`${labels.stack}=${stack.name}`] };
  const stream = (await stack.docker.getEvents({ filters })) as NodeJS.ReadableStream & {
    destroy: () => void;
  };
  const made = new Set<string>();
  const seen = new Set<string>();
  const enough = new Promise<void>((reached) => {
    createInterface(stream).on("line", (line) => {
      const { Action, Actor } = JSON.parse(line) as { Action: string; Actor: { ID: string } };
      if (Action === "create") made.add(Actor.ID);
      const phase = phaseOf[Action];
      if (phase !== undefined && made.has(Actor.ID)) seen.add(`${Actor.ID} ${phase}`);
      if (seen.size >= count) reached();
    });
  });
  return { enough, close: () => stream.destroy() };
}

/** Phases of a container's making, by Docker's events. A job ends, a service stays and gets healthy. */
const phaseOf: Readonly<Record<string, string>> = {
  create: "there",
  start: "running",
  "health_status: healthy": "done",
  die: "done",
};

export async function restarted(
  container: { inspect: () => Promise<{ State: { StartedAt: string; Running: boolean } }> },
  before: string,
): Promise<void> {
  const end = Date.now() + 90_000;
  for (;;) {
    const state = await container.inspect().then(
      ({ State }) => State,
      () => undefined,
    );
    if (state?.Running === true && state.StartedAt !== before) return;
    if (Date.now() > end) throw new Error("not restarted within 90 s");
    await pause(250);
  }
}

/** Processes that a process has started, by the kernel's name for them (15 characters). */
export function descendants(root: number): { pid: number; name: string }[] {
  const all = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
        const [, name = "", parent = "0"] = /\((.*)\) . (\d+)/.exec(stat) ?? [];
        return [{ pid: Number(entry), parent: Number(parent), name }];
      } catch {
        return [];
      }
    });
  const below = (pid: number): typeof all =>
    all.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...below(child.pid)]);
  return below(root);
}
