import { readStackFile } from "../stacks/settings/file";
import { describeProblems } from "../stacks/settings/problems";
import type { Topology } from "../stacks/topology";
import { inOrder } from "../stacks/topology/findings";
import { loadTopology, plannedTopology } from "../stacks/topology/load";
import { moveProblems, tunnelProblems } from "../stacks/topology/moves";
import type { Finding } from "../stacks/topology/types";
import { upgradeProblems } from "../stacks/topology/upgrades";
import { UserError } from "./errors";
import { projectDir } from "./project";
import { dataPlaceOf, knownMachines, readCheckpoint, runningImages } from "./state";

/**
 * A stack's topology for showing, with everything that is wrong in its findings; compared with what runs where this
 * machine holds the stack's state.
 */
export function planned(stack: string): Topology {
  const topology = plannedTopology(projectDir, stack, readStackFile(projectDir, stack));
  const changes = changeFindings(topology, readCheckpoint(stack));
  return { ...topology, findings: inOrder([...topology.findings, ...changes]) };
}

/** What speaks against going from what is there to what is wanted. */
export const changeFindings = (topology: Topology, state: unknown): Finding[] => [
  ...[
    ...moveProblems(topology.stack, dataPlaceOf(state), topology.settings.host),
    ...(state === undefined ? [] : tunnelProblems(topology, knownMachines(state))),
  ].map((problem) => ({ ...problem, severity: "error" as const })),
  ...upgradeFindings(topology, state),
];

const upgradeFindings = ({ services }: Topology, state: unknown): Finding[] =>
  upgradeProblems(
    runningImages(state),
    Object.fromEntries(services.map(({ name, image }) => [name, image.reference])),
  );

/**
 * Warnings about going from what runs to what is wanted.
 * @throws UserError where that must not be: to be called before anything is changed.
 */
export function checkUpgrade(topology: Topology, state: unknown): string[] {
  const found = changeFindings(topology, state);
  const errors = found.filter(({ severity }) => severity === "error");
  if (errors.length > 0)
    throw new UserError(`${describeProblems(`Stack ${topology.stack}`, errors)}\n\nNothing was changed.`);
  return found.map(({ key, problem, fix }) => `warning ${key}: ${problem}; fix: ${fix}`);
}

/** A stack's topology for doing: refused at once where an `up` would be. */
export function runnable(stack: string, raw = readStackFile(projectDir, stack)): Topology {
  return loadTopology(projectDir, stack, raw, (message) => {
    throw new UserError(message);
  });
}
