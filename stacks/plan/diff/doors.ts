/** Ways in from outside: opened, closed, and to whom. Pure. */
import { BlockList, isIPv4 } from "node:net";
import type { Plan } from "../schema";
import { type Change, key, pairs } from "./change";

type Door = Plan["doors"][number];

/** One number of a host, with all who may come through it. */
interface Way {
  subject: string;
  from: readonly string[];
  behind: readonly string[];
}

/** Ports opened, closed, and those that others may reach now. */
export function doorChanges(base: Plan, head: Plan): Change[] {
  const changes = pairs(waysOf(base.doors), waysOf(head.doors), ({ subject }) => subject).flatMap(
    ([before, after]): Change[] => {
      const { subject, behind } = after ?? before ?? { subject: "", behind: [] };
      const [old, now] = [before?.from ?? [], after?.from ?? []];
      const moved = before !== undefined && after !== undefined && !same(before.behind, after.behind);
      if (before !== undefined && after !== undefined && same(old, now) && !moved) return [];
      return [
        {
          topic: "ports",
          subject: moved ? subject : `${subject}, to ${behind.join(", ")}`,
          before: before === undefined ? null : wordsOf(before, moved),
          after: after === undefined ? null : wordsOf(after, moved),
          opens: now.some((source) => !reaches(old, source)),
          closes: old.some((source) => !reaches(now, source)),
        },
      ];
    },
  );
  return changes.sort((a, b) => widthOf(b.after) - widthOf(a.after));
}

/** What is behind a port stands in its subject, unless that changes. */
const wordsOf = ({ from, behind }: Way, moved: boolean): string =>
  moved ? `${from.join(", ")}; leads to ${behind.join(", ")}` : from.join(", ");

function waysOf(doors: readonly Door[]): Way[] {
  const byNumber = new Map<string, Door[]>();
  for (const door of doors) {
    const at = key(door.host, door.protocol, door.port, door.lastPort);
    byNumber.set(at, [...(byNumber.get(at) ?? []), door]);
  }
  return [...byNumber.values()].map((all) => {
    const [{ host, protocol, port, lastPort }] = all as [Door, ...Door[]];
    return {
      subject: `${port === lastPort ? port : `${port}-${lastPort}`}/${protocol} of the host ${host}`,
      from: sorted(all.flatMap(({ from }) => from.split(", "))),
      behind: sorted(all.map(({ service }) => service ?? "the machine itself")),
    };
  });
}

const sorted = (texts: readonly string[]): string[] => [...new Set(texts)].sort();
const same = (one: readonly string[], other: readonly string[]): boolean => one.join() === other.join();

/** Whether somebody comes through one of these already; a machine always reaches itself. */
function reaches(sources: readonly string[], wanted: string): boolean {
  if (wanted === "this machine" || sources.includes("everyone") || sources.includes(wanted)) return true;
  const inner = networkOf(wanted);
  if (inner === undefined) return false;
  return sources.some((source) => {
    const outer = networkOf(source);
    if (outer === undefined || outer.bits > inner.bits) return false;
    const list = new BlockList();
    list.addSubnet(outer.address, outer.bits);
    return list.check(inner.address);
  });
}

function networkOf(source: string): { address: string; bits: number } | undefined {
  const [, address = "", bits = "32"] = /^([0-9.]+)(?:\/([0-9]{1,2}))?$/.exec(source) ?? [];
  return isIPv4(address) && Number(bits) <= 32 ? { address, bits: Number(bits) } : undefined;
}

/** The most that may come through, for the order in which people read. */
function widthOf(from: string | null): number {
  if (from === null) return 0;
  if (from.includes("everyone")) return 4;
  if (from.includes("Cloudflare")) return 3;
  return from.includes("this machine") ? 1 : 2;
}
