import { spawnSync } from "node:child_process";
import type Docker from "dockerode";
import { labels } from "../../../components/host/engine";
import { restarted } from "../steps/faults";
import { alone } from "../turns";
import { heard, joined, leave, townSquare } from "./calls";
import { meetingOpens } from "./meetings";
import type { MediaStack } from "./stack";

/** What a reboot does: the Docker Engine restarts, and all containers start at once. */
export function reboot(get: () => MediaStack): void {
  const restart = engineRestart();
  if (restart === undefined)
    console.warn(
      "SKIPPED, restart of the Docker Engine: no systemd, and MUSTER_E2E_RESTART_ENGINE isn't set",
    );

  describe("after the Docker Engine has restarted, without an up", () => {
    (restart === undefined ? it.skip : it)("has chat, calls and meetings again", async () => {
      const media = get();
      const chat = media.stack.docker.getContainer(media.container("mattermost"));
      const before = (await chat.inspect()).State.StartedAt;
      await alone(async () => {
        const well = await running(media.stack.docker, { healthy: true });
        const { status, stderr } = spawnSync("sh", ["-c", restart ?? "false"], { encoding: "utf8" });
        expect({ status, stderr }).toMatchObject({ status: 0 });
        await restarted(chat, before);
        await media.stack.healthy(240);
        // Other suites' stacks too: they go on with healthy ones.
        await healthyAgain(media.stack.docker, well);
      });
      expect((await media.chat.ask("/api/v4/system/ping")).status).toBe(200);
      const people = await media.people(2);
      const town = await townSquare(media, people[0]?.token ?? "");
      for (const way of [{ transportPolicy: "udp" }, { transportPolicy: "relay" }] as const) {
        const seats = people.map((person) => ({ person, channelId: town }));
        const sessions = await joined(media, way, seats);
        await heard(sessions);
        await leave(sessions);
      }
      await meetingOpens(media);
    });
  });
}

/** Ids of the running containers of all stacks that are healthy, or that aren't. A job that has ended is neither. */
async function running(docker: Docker, { healthy }: { healthy: boolean }): Promise<string[]> {
  const all = await docker.listContainers({ filters: { label: [labels.stack] } });
  return all.filter(({ Status }) => Status.includes("(healthy)") === healthy).map(({ Id }) => Id);
}

async function healthyAgain(docker: Docker, ids: readonly string[]): Promise<void> {
  const end = Date.now() + 240_000;
  while ((await running(docker, { healthy: false })).some((id) => ids.includes(id))) {
    if (Date.now() > end) throw new Error("another suite's stack is not healthy again after 240 s");
    await new Promise((later) => setTimeout(later, 500));
  }
}

/** How the engine is restarted here: a command from the environment, or systemd. */
function engineRestart(): string | undefined {
  const command = process.env["MUSTER_E2E_RESTART_ENGINE"];
  if (command !== undefined) return command;
  return spawnSync("systemctl", ["is-active", "docker"]).status === 0
    ? "systemctl restart docker"
    : undefined;
}
