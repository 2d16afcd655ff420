/** Parts that settings may name and the plan covers, but that this version can't bring up. */
import type { Settings } from "../settings/schema";

/** Each such part that the settings ask for. */
export function unbuiltParts({ edge }: Settings): { key: string; given: string }[] {
  return edge.provider === "none" ? [] : [{ key: "muster:edge.provider", given: edge.provider }];
}
