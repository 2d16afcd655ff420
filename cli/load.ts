import { readStackFile } from "../stacks/settings/file";
import { parseSettings } from "../stacks/settings/parse";
import { describeProblems } from "../stacks/settings/problems";
import { type Topology, topologyOf } from "../stacks/topology";
import { inOrder } from "../stacks/topology/findings";
import { loadTopology } from "../stacks/topology/load";
import type { Finding } from "../stacks/topology/types";
import { upgradeProblems } from "../stacks/topology/upgrades";
import { UserError } from "./errors";
import { projectDir } from "./project";
import { readCheckpoint, runningImages } from "./state";

/**
 * A stack's topology for showing, with everything that is wrong in its findings; compared with what runs where this
 * machine holds the stack's state.
 */
export function planned(stack: string): Topology {
  const topology = topologyOf(stack, parseSettings(readStackFile(projectDir, stack)));
  const upgrade = upgradeFindings(topology, readCheckpoint(stack));
  return { ...topology, findings: inOrder([...topology.findings, ...upgrade]) };
}

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
  const found = upgradeFindings(topology, state);
  const errors = found.filter(({ severity }) => severity === "error");
  if (errors.length > 0)
    throw new UserError(`${describeProblems(`Stack ${topology.stack}`, errors)}\n\nNothing was changed.`);
  return found.map(({ key, problem, fix }) => `warning ${key}: ${problem}; fix: ${fix}`);
}

/** A stack's topology for doing: refused at once where an `up` would be. */
export function runnable(stack: string, raw = readStackFile(projectDir, stack)): Topology {
  return loadTopology(stack, raw, (message) => {
    throw new UserError(message);
  });
}
