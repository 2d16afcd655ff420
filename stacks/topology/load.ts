import { parseSettings, type RawSettings } from "../settings/parse";
import { describeProblems, type Problem, SettingsError } from "../settings/problems";
import { errorsOf, type Topology, topologyOf } from "./index";
import { missingEdgeSecrets } from "./edge/findings";
import { neighboursOf } from "./edge/zone";
import { missingMachineSecrets, unsaidSsh } from "./machine";
import { loopbackProblems } from "./media";
import { missingRelaySecrets } from "./relayTls";

/**
 * The topology of settings that can be brought up; everything that speaks against it goes to `refuse` at once.
 * @param projectDir where the files of the other stacks are.
 */
export function loadTopology(
  projectDir: string,
  stack: string,
  raw: RawSettings,
  refuse: (message: string) => never,
): Topology {
  const topology = parsed(projectDir, stack, raw, refuse);
  const problems = upProblems(topology);
  if (problems.length > 0) refuse(describeProblems(raw.source, problems));
  return topology;
}

/** Everything that speaks against bringing it up, in its settings alone. */
export const upProblems = (topology: Topology): Problem[] => [
  ...errorsOf(topology),
  ...missingMachineSecrets(topology),
  ...unsaidSsh(topology),
  ...missingEdgeSecrets(topology),
  ...missingRelaySecrets(topology),
  ...loopbackProblems(topology.settings),
];

function parsed(
  projectDir: string,
  stack: string,
  raw: RawSettings,
  refuse: (message: string) => never,
): Topology {
  try {
    return plannedTopology(projectDir, stack, raw);
  } catch (error) {
    if (error instanceof SettingsError) return refuse(error.message);
    throw error;
  }
}

/**
 * The topology of a stack among the others of its project, with everything that is wrong in its findings.
 * @throws SettingsError where the settings can't be read at all.
 */
export const plannedTopology = (projectDir: string, stack: string, raw: RawSettings): Topology =>
  topologyOf(stack, parseSettings(raw), {
    neighbours: neighboursOf(projectDir, stack, raw.values["edge"]),
  });
