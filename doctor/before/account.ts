/** What is asked of every cloud's account: whether there is room, and what the stack has there already. Pure. */
import type { Seen } from "../check";
import { type Fault, faultsSeen } from "./faults";

/** Whether the stack's own state has a thing, such as `Droplet 1001`. */
export type Known = (kind: string, id: string) => boolean;

/** By the ends of their types, such as `digitalocean:index/droplet:Droplet`. */
export function knownIn(
  state: { resources: readonly { type: string; id?: string | undefined }[] } | undefined,
): Known {
  const own = new Set(
    (state?.resources ?? []).map(({ type, id }) => `${type.split(":").at(-1) ?? ""} ${id ?? ""}`),
  );
  return (kind, id) => own.has(`${kind} ${id}`);
}

/** How many of a kind an account may have. */
export interface Room {
  what: string;
  /** Those that aren't the stack's own. */
  others: number;
  needed: number;
  limit: number;
}

/** `undefined` where one of the two isn't known. */
export const roomFor = (
  what: string,
  others: number | undefined,
  needed: number,
  limit: number | undefined,
): Room | undefined =>
  others === undefined || limit === undefined ? undefined : { what, others, needed, limit };

/** Kinds of which there would be too many. */
export const tightIn = (rooms: readonly Room[], fix: string): Fault[] =>
  rooms
    .filter(({ others, needed, limit }) => others + needed > limit)
    .map(({ what, others, needed, limit }) => ({
      what: `${what}: ${needed} needed, ${others} there, at most ${limit}`,
      fix,
    }));

export const roomText = (rooms: readonly Room[]): string =>
  rooms.map(({ what, others, limit }) => `${what} ${others} of ${limit}`).join(", ");

/**
 * Faults; where there are none, what nobody could look at.
 * @param hidden why not; `undefined` where everything was seen.
 */
export const judged = (found: readonly Fault[], hidden: string | undefined, well: string): Seen =>
  found.length === 0 && hidden !== undefined ? { ok: "unchecked", saw: hidden } : faultsSeen(found, well);
