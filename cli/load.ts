import { readStackFile } from "../stacks/settings/file";
import { parseSettings } from "../stacks/settings/parse";
import { SettingsError } from "../stacks/settings/problems";
import { type Topology, topologyOf } from "../stacks/topology";
import { loadTopology } from "../stacks/topology/load";
import { UserError } from "./errors";
import { projectDir } from "./project";

/** A stack's topology for showing, with everything that is wrong in its findings. */
export function planned(stack: string): Topology {
  return topologyOf(stack, parseSettings(readStackFile(projectDir, stack)));
}

/** A stack's topology for doing: refused at once where an `up` would be. */
export function runnable(stack: string, raw = readStackFile(projectDir, stack)): Topology {
  return loadTopology(stack, raw, (message) => {
    throw new UserError(message);
  });
}

/** Address of the Docker Engine of a stack that can run. */
export function engineOf({ settings: { host } }: Topology): string {
  if (host.provider === "local") return host.engine;
  throw new SettingsError("muster:host", []);
}
