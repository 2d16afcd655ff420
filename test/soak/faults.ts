/** What is broken on purpose, and within which time all is back by what is stated. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type Docker from "dockerode";
import { clear, descendants, phasesUntil, restarted, watch } from "../e2e/steps/faults";
import type { Ground } from "./ground";
import { chosenBy } from "./order";
import type { StatedFault } from "./results";

/** What must be done or come first before all can be back; its time counts. */
type Mend = () => Promise<unknown>;

export interface Fault extends StatedFault {
  /** Produces it, and undoes what nobody would leave so. @param draw decides what is open. */
  produce: (ground: Ground, draw: number) => Promise<Mend>;
}

const nothing: Mend = () => Promise.resolve();

const containerOf = ({ media }: Ground, service: string): Docker.Container =>
  media.stack.docker.getContainer(media.container(service));

/** A service whose main process ends at once, as by a bug or for want of memory. */
const killed = (service: string): Fault => ({
  name: `${service} is killed`,
  backWithinSeconds: 60,
  notice: notices[service] ?? "nothing",
  produce: async (ground) => {
    const container = containerOf(ground, service);
    const { Pid, StartedAt } = (await container.inspect()).State;
    // 0 stands for a container that doesn't run, and for kill(2) it means this very process group.
    if (Pid <= 1) throw new Error(`${service} doesn't run`);
    process.kill(Pid, "SIGKILL");
    return () => restarted(container, StartedAt);
  },
});

const offline = "chat is offline; calls end";
const notices: Readonly<Record<string, string>> = {
  caddy: offline,
  mattermost: offline,
  postgres: "messages are refused",
  coturn: "calls through the relay break off",
  "jitsi-jvb": "meetings fall silent",
  "jitsi-prosody": "meetings break off",
  "jitsi-jicofo": "no meeting opens",
  "jitsi-web": "no meeting opens",
};

const further: readonly Fault[] = [
  {
    name: "a service hangs for 20 s",
    backWithinSeconds: 60,
    notice: "as if it were killed",
    produce: async (ground, draw) => {
      const hung = chosenBy(draw, ["mattermost", "postgres", "caddy", "jitsi-prosody"]);
      const container = containerOf(ground, hung);
      await container.pause();
      await pause(20_000);
      await container.unpause();
      return nothing;
    },
  },
  {
    name: "the database is stopped for 20 s",
    backWithinSeconds: 60,
    notice: "messages are refused",
    produce: async (ground) => {
      const container = containerOf(ground, "postgres");
      await container.stop();
      await pause(20_000);
      return () => container.start();
    },
  },
  {
    name: "the Docker Engine is restarted",
    backWithinSeconds: 120,
    notice: "everything is offline",
    produce: async ({ engine }) => {
      await engine.stop();
      return () => engine.start();
    },
  },
  {
    name: "the Docker Engine is killed",
    // With the `up` that a person runs: the next engine stops what it finds at work, and takes it for stopped by hand.
    backWithinSeconds: 180,
    notice: "everything is offline until somebody runs npm start",
    produce: async ({ engine, stack }) => {
      await engine.kill();
      await pause(5000);
      return async () => {
        await engine.start();
        await stack.up();
      };
    },
  },
  {
    name: "the Docker Engine is killed, with live-restore",
    backWithinSeconds: 60,
    // Docker's own proxies, which only those on the machine itself need, end with it.
    notice: "on the machine itself, no connections",
    produce: async ({ engine }) => {
      await engine.keepAtWork(true);
      await engine.kill();
      await pause(5000);
      return async () => {
        await engine.start();
        await engine.keepAtWork(false);
      };
    },
  },
  {
    name: "the disk is full for 30 s",
    backWithinSeconds: 120,
    notice: "messages and files are refused",
    produce: async ({ engine }) => {
      await engine.full(30);
      return nothing;
    },
  },
  {
    name: "an up is killed",
    // With the next `up`, which a person runs.
    backWithinSeconds: 240,
    notice: "what the up was about to make is missing until the next one",
    produce: async (ground, draw) => {
      const { stack } = ground;
      const service = chosenBy(draw, ["mattermost", "postgres", "backup", "caddy"]);
      const cleared = await clear(stack, [service]);
      const { enough, close } = await watch(stack, phasesUntil((draw * 4) % 1, cleared));
      const { child, done } = stack.start(["up", stack.name]);
      await Promise.race([enough, done]);
      close();
      const found = descendants(child.pid ?? 0).filter(({ name }) => name === "pulumi");
      for (const { pid } of found) process.kill(pid, "SIGKILL");
      const { code, output } = await done;
      if (found.length === 0 || code === 0) throw new Error(`the up ended before it was killed:\n${output}`);
      return () => stack.up();
    },
  },
  {
    name: "a backup runs",
    backWithinSeconds: 30,
    notice: "nothing",
    produce: async (ground) => {
      await ground.backUp();
      return nothing;
    },
  },
  {
    name: "a backup is killed",
    // With the next one, which the schedule would take a quarter of an hour later.
    backWithinSeconds: 60,
    notice: "nothing",
    produce: async (ground) => {
      const { stack } = ground;
      const running = stack.run(["backup", stack.name]);
      const state = { over: false };
      const over = running.then((finished) => {
        state.over = true;
        return finished;
      });
      let count = 0;
      while (count === 0 && !state.over) {
        await pause(20);
        for (const pid of backingUp(stack.name)) {
          process.kill(pid, "SIGKILL");
          count += 1;
        }
      }
      const { code, output } = await over;
      if (count === 0 || code === 0) throw new Error(`the backup ended before it was killed:\n${output}`);
      return () => ground.backUp();
    },
  },
];

/** Processes of restic that back this stack up. */
const backingUp = (stack: string): number[] =>
  readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const [program, ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return program === "/muster/restic" && args.includes("backup") && args.includes(`muster-${stack}`);
      } catch {
        return false;
      }
    })
    .map(Number);

/** Every fault, for a stack of these services. */
export const faultsFor = (services: readonly string[]): Fault[] => [...services.map(killed), ...further];
