/** Lets go of what is protected and no longer part of the stack: the engine refuses to drop it. */
import type { Topology } from "../stacks/topology";
import { tunnelOf } from "../stacks/topology/tunnel";
import { UserError } from "./errors";
import { capturePulumi } from "./pulumi";
import { resourceTypes, type StackState } from "./state";

interface Former {
  readonly urn: string;
  /** What becomes of it, in words. */
  readonly said: string;
}

/**
 * What the settings no longer have: volumes, such as that of PostgreSQL's former major version, and keys that only their
 * owner has needed: of somebody who left the tunnel, of a second host, of a zone. Nothing else is let go of: other secrets
 * open data. Pure.
 */
export function formerOf(topology: Topology, state: Pick<StackState, "resources">): Former[] {
  const tunnel = tunnelOf(topology);
  const volumes = topology.services.flatMap(({ name, volumes }) =>
    volumes.map((volume) => `${name}-${volume.name}`),
  );
  const keys = [
    ...[...(tunnel?.hosts ?? []), ...(tunnel?.peers ?? [])].map(({ name }) => `tunnel-${name}`),
    ...(topology.edge.zone === undefined ? [] : ["origin-key"]),
  ];
  return state.resources.flatMap(({ urn, type, id, protect }): Former[] => {
    const name = urn.split("::").at(-1) ?? "";
    if (protect !== true) return [];
    if (type === resourceTypes.volume && !volumes.includes(name))
      return [{ urn, said: `kept: the volume ${id}, which is no longer part of the stack` }];
    if (isKey(urn, name) && !keys.includes(name))
      return [{ urn, said: `let go of the key ${name}, which nobody in the stack uses any more` }];
    return [];
  });
}

const isKey = (urn: string, name: string): boolean =>
  name === "origin-key" || urn.includes("muster:host:TunnelKeys$");

/**
 * Lifts the protection of all that is former, so that the next update can drop it. The volumes themselves stay (they are
 * retained).
 * @returns what became of each, in words.
 * @throws UserError when the state refuses.
 */
export async function releaseFormer(topology: Topology, state: StackState): Promise<string[]> {
  const { stack } = topology;
  const former = formerOf(topology, state);
  for (const { urn } of former) {
    const { code, stderr } = await capturePulumi(stack, ["state", "unprotect", urn, "-s", stack, "--yes"]);
    if (code !== 0) throw new UserError(stderr.trim());
  }
  return former.map(({ said }) => said);
}
