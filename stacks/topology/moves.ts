/** Changes of the settings that would leave the data behind: refused, with the way that takes them along. Pure. */
import type { Problem } from "../settings/problems";
import type { HostSettings } from "../settings/schema";
import { machineIdentity } from "./hosts";
import type { Topology } from "./types";

/** Where a stack's data are, as far as its state tells. */
export interface DataPlace {
  provider: HostSettings["provider"];
  region?: string;
  zone?: string;
  diskGiB?: number;
}

const way = (stack: string): string =>
  `put it back; or make a new stack there and bring the data: npm run restore -- ${stack} --to NEW (docs/hosts.md, Moving)`;

/** What speaks against going from where the data are to where the settings want them. */
export function moveProblems(stack: string, before: DataPlace | undefined, now: HostSettings): Problem[] {
  if (before === undefined) return [];
  if (before.provider !== now.provider)
    return [
      {
        key: "muster:host.provider",
        problem: "the data stay where they are",
        given: `${now.provider}, and the data are at ${before.provider}`,
        allowed: before.provider,
        fix: way(stack),
      },
    ];
  if (now.provider === "local" || now.provider === "existing") return [];
  const problems: Problem[] = [];
  const place = (key: "region" | "zone", was: string | undefined, wanted: string): void => {
    if (was !== undefined && was !== wanted)
      problems.push({
        key: `muster:host.${key}`,
        problem: "a disk can't be moved: the data would stay behind",
        given: `${wanted}, and the data are in ${was}`,
        allowed: was,
        fix: way(stack),
      });
  };
  place("region", before.region, now.region);
  if (now.provider === "aws") place("zone", before.zone, now.zone);
  if (before.diskGiB !== undefined && now.dataDiskGiB < before.diskGiB)
    problems.push({
      key: "muster:host.dataDiskGiB",
      problem: "a disk can't shrink",
      given: `${now.dataDiskGiB} GiB, and the disk has ${before.diskGiB}`,
      allowed: `at least ${before.diskGiB}`,
      fix: "put it back, or raise it",
    });
  return problems;
}

/**
 * A machine that is made anew has no tunnel until it is set up: nobody would reach it through one.
 * @param known what made each host's machine the one that it was, by the hosts' names.
 */
export function tunnelProblems(
  { settings, hosts }: Pick<Topology, "settings" | "hosts">,
  known: Readonly<Record<string, string>>,
): Problem[] {
  const ssh = settings.machine.vpn?.ssh ?? "outside";
  if (ssh === "outside") return [];
  return hosts
    .filter(({ name }) => known[name] !== machineIdentity(settings, name))
    .map(({ name }) => ({
      key: "muster:machine.vpn.ssh",
      problem: `the host ${name} is a new machine, which has no tunnel yet`,
      given: ssh,
      allowed: "outside, until it is up",
      fix: "run an up with outside, then set it again; where SSH is in the tunnel alone by now, run one with both before",
    }));
}
