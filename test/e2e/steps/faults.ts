import { readdirSync, readFileSync } from "node:fs";
import type { Stack } from "../stack";

const moments = 10;

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
      await stack.docker.getContainer("muster-e2e-caddy").remove({ force: true, v: true });
      await stack.up();
      expect(await stack.unwell()).toEqual([]);
    });

    describe("with an up killed by SIGKILL", () => {
      let freshSeconds = 0;
      beforeAll(async () => {
        await clear(stack);
        freshSeconds = (await stack.up()).seconds;
      });

      it.each(Array.from({ length: moments }, (_, index) => index))(
        "heals with the next up (moment %i)",
        async (index) => {
          await clear(stack);
          const victim = index % 2 === 0 ? "pulumi" : "pulumi-resource-docker";
          const { child, done } = stack.start(["up", stack.name]);
          // The first seconds are our own checks: nothing of an engine to kill there.
          const wait = 3 + ((freshSeconds - 4) * (index + 0.5)) / moments;
          await new Promise((later) => setTimeout(later, wait * 1000));
          const killed = descendants(child.pid ?? 0).filter(({ name }) => name === victim.slice(0, 15));
          for (const { pid } of killed) process.kill(pid, "SIGKILL");
          const broken = await done;
          if (killed.length > 0) expect(broken.code).not.toBe(0);
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

/** Takes all containers away at once: the next up starts from data and secrets alone. */
async function clear(stack: Stack): Promise<void> {
  await Promise.all(
    [...(await stack.containers()).values()].map(({ Id }) =>
      stack.docker.getContainer(Id).remove({ force: true, v: true }),
    ),
  );
}

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
    await new Promise((later) => setTimeout(later, 250));
  }
}

/** Processes that a process has started, by the kernel's name for them (15 characters). */
function descendants(root: number): { pid: number; name: string }[] {
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
