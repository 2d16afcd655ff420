/** What a machine over SSH costs in waiting, beside the same stack on this machine's own engine. */
import { mainHost } from "../stacks/topology/hosts";
import { MachinesStage } from "../test/e2e/hosts/machines";
import { engineSocket, missingForMachines } from "../test/e2e/parts";
import { Stack } from "../test/e2e/stack";
import { median } from "./figures";
import type { Table } from "./report";

const [remoteName, localName] = ["bench-hosts", "bench-hosts-local"];
/** Names of the bench's own stacks, for removing what a run left that was killed. */
export const hostStacks: readonly string[] = [remoteName, localName];
const network = { name: "bench", prefix: "10.77.239" };

const chat = {
  domain: "localhost",
  people: { accounts: 20, active: 20, inCalls: 2, inMeetings: 2 },
  calls: "off",
  meetings: "off",
};

/** One run: how long, and how many connections sshd has accepted in it. */
interface Run {
  seconds: number;
  connections: number;
}
type Kind = "set up" | "fresh" | "unchanged";
type Runs = Record<Kind, Run[]>;
const noRuns = (): Runs => ({ "set up": [], fresh: [], unchanged: [] });

/** @returns nothing where machines can't be had here. */
export async function measureHosts(rounds: number, say: (line: string) => void): Promise<Table[]> {
  const missing = await missingForMachines();
  if (missing.length > 0) {
    say(`SKIPPED, hosts. Missing: ${missing.join("; ")}`);
    return [];
  }
  const stage = new MachinesStage(remoteName);
  const local = new Stack(localName);
  const runs = { remote: noRuns(), local: noRuns() };
  try {
    await stage.make(network, { [mainHost]: { last: 10 } });
    await stage.open({ ...chat, host: await serverOf(stage), machine: { sshFrom: "everyone" } });
    local.write({
      ...chat,
      host: { provider: "local", engine: `unix://${engineSocket}` },
      web: { httpPort: 17_083, httpsPort: 17_447 },
    });
    await local.clear();
    for (let round = 1; round <= rounds; round += 1) {
      await remoteRound(stage, runs.remote, round > 1);
      await localRound(local, runs.local);
      say(`hosts, round ${round} of ${rounds}: fresh ${secondsOf(runs.remote.fresh)} s over SSH`);
    }
  } finally {
    await stage.end();
    await local.remove();
  }
  return [table(runs)];
}

const serverOf = async (stage: MachinesStage) => ({
  provider: "existing",
  address: stage.machineOf(mainHost).address,
  hostKey: await stage.machineOf(mainHost).hostKey(),
  ...{ memoryMiB: 6144, cpus: 2 },
});

/** From a bare machine on. */
async function remoteRound(stage: MachinesStage, runs: Runs, again: boolean): Promise<void> {
  const { stack } = stage;
  const machine = stage.machineOf(mainHost);
  if (again) {
    await machine.rebuild();
    stack.set(["host"], await serverOf(stage));
  }
  const timed = async (args: readonly string[]): Promise<Run & { output: string }> => {
    const before = await acceptedBy(machine);
    const { output, seconds } = await stack.must(args);
    return { output, seconds, connections: (await acceptedBy(machine)) - before };
  };
  // No registry answers from it: this one ends at the images, with the machine set up.
  const before = await acceptedBy(machine);
  const { output } = await stack.run(["up", stack.name]);
  const seconds = /bootstrap-main created \((\d+)s\)/.exec(output)?.[1];
  if (seconds === undefined) throw new Error(`the machine wasn't set up:\n${output}`);
  runs["set up"].push({ seconds: Number(seconds), connections: (await acceptedBy(machine)) - before });
  await stage.loadImages();
  await removeAll(stack);
  runs.fresh.push(await timed(["up", stack.name]));
  runs.unchanged.push(await timed(["up", stack.name]));
  await removeAll(stack);
}

async function localRound(stack: Stack, runs: Runs): Promise<void> {
  for (const kind of ["fresh", "unchanged"] as const)
    runs[kind].push({ seconds: (await stack.must(["up", stack.name])).seconds, connections: 0 });
  await removeAll(stack);
}

const removeAll = (stack: Stack): Promise<unknown> =>
  stack.must(["destroy", stack.name, "--remove-data", stack.name]);

const acceptedBy = async (machine: ReturnType<MachinesStage["machineOf"]>): Promise<number> =>
  Number(await machine.run("journalctl -q -u ssh -o cat | grep -c 'Accepted publickey' || true"));

const secondsOf = (runs: readonly Run[]): string => median(runs.map(({ seconds }) => seconds)).toFixed(1);

function table({ remote, local }: { remote: Runs; local: Runs }): Table {
  const row = (what: string, kind: Kind): string[] => {
    const [ours, other] = [remote[kind], local[kind]];
    const compared = other.length === 0 ? undefined : Number(secondsOf(other));
    return [
      what,
      `${secondsOf(ours)} s`,
      compared === undefined ? "" : `${compared.toFixed(1)} s`,
      compared === undefined ? "" : (Number(secondsOf(ours)) / compared).toFixed(2),
      String(median(ours.map(({ connections }) => connections))),
    ];
  };
  return {
    title: "A machine over SSH",
    head: ["Run", "Over SSH", "Local", "Over SSH to local", "SSH connections"],
    rows: [
      row("a bare machine is set up", "set up"),
      row("up, fresh", "fresh"),
      row("up, unchanged", "unchanged"),
    ],
  };
}
