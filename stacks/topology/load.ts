import { parseSettings, type RawSettings } from "../settings/parse";
import { describeProblems, SettingsError } from "../settings/problems";
import { errorsOf, type Topology, topologyOf } from "./index";
import { missingMachineSecrets } from "./machine";
import { loopbackProblems } from "./media";
import { unbuiltParts } from "./unbuilt";

/**
 * The topology of settings that can be brought up; everything that speaks against it goes to `refuse` at once.
 */
export function loadTopology(stack: string, raw: RawSettings, refuse: (message: string) => never): Topology {
  const topology = parsed(stack, raw, refuse);
  const unbuilt = unbuiltParts(topology.settings).map(({ key, given }) => ({
    key,
    problem: "this version can't build it yet; it can only be planned",
    given,
    allowed: "edge.provider: none",
    fix: `npm run plan -- ${stack} shows the plan; use another stack for an up`,
  }));
  const problems = [
    ...errorsOf(topology),
    ...unbuilt,
    ...missingMachineSecrets(topology),
    ...loopbackProblems(topology.settings),
  ];
  if (problems.length > 0) refuse(describeProblems(raw.source, problems));
  return topology;
}

function parsed(stack: string, raw: RawSettings, refuse: (message: string) => never): Topology {
  try {
    return topologyOf(stack, parseSettings(raw));
  } catch (error) {
    if (error instanceof SettingsError) return refuse(error.message);
    throw error;
  }
}
