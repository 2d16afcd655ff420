/** Parts that settings may name and the plan covers, but that this version can't bring up. */
import type { Settings } from "../settings/schema";

/** Each such part that the settings ask for. */
export function unbuiltParts({ host, edge }: Settings): { key: string; given: string }[] {
  const parts: { key: string; given: string }[] = [];
  if (host.provider !== "local") parts.push({ key: "muster:host.provider", given: host.provider });
  if (edge.provider !== "none") parts.push({ key: "muster:edge.provider", given: edge.provider });
  return parts;
}
