/** Whether a name already leads where the stack will be. Pure. */
import type { Seen } from "../check";

/**
 * @param found addresses that the resolver knows.
 * @param wanted the machine's; `undefined` where a cloud gives it only with the first up.
 */
export function recordSeen(name: string, found: readonly string[], wanted: string | undefined): Seen {
  const says = found.length === 0 ? "no address yet" : found.join(", ");
  if (wanted === undefined)
    return found.length === 0
      ? {
          ok: "unchecked",
          saw: `${says}, and the machine has none either`,
          fix: "enter the records that the first up lists",
        }
      : {
          ok: false,
          severity: "warning",
          saw: `${says}, which isn't this stack's: the first up gets an address of its own`,
          fix: "change the record once the first up has said its address",
        };
  if (found.length > 0 && found.every((address) => address === wanted)) return { ok: true, saw: says };
  return {
    ok: false,
    severity: "warning",
    saw: says,
    fix: `enter: ${name}. A ${wanted}`,
  };
}
