/** The plan's figures and arrows in words. Pure. */
import type { Plan } from "../schema";
import { type Graph, portLines } from "./graph";

const decimal = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });

export const amount = (value: number): string => decimal.format(value);

/** A price; cents only where there are some. */
export const money = (value: number): string =>
  new Intl.NumberFormat("en-US", {
    style: "currency",
    currency: "USD",
    minimumFractionDigits: Number.isInteger(value) ? 0 : 2,
    maximumFractionDigits: 2,
  }).format(value);

/** `one machine`, `2 machines`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${amount(count)} ${count === 1 ? one : many}`;

/** `a, b and c`. */
export const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;

/** Whom a stack is sized for. */
export function peopleInWords({
  accounts,
  active,
  inCalls,
  sharing,
  inMeetings,
  cameras,
}: Plan["people"]): string {
  return listed([
    counted(accounts, "account"),
    `${amount(active)} active at once`,
    `${amount(inCalls)} in calls (${amount(sharing)} sharing a screen)`,
    `${amount(inMeetings)} in meetings (${amount(cameras)} with a camera on)`,
  ]);
}

/** The drawing in words: who is where, and each arrow. */
export function drawingInWords({ boxes, arrows }: Graph, hosts: Plan["hosts"]): string {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const nameOf = (id: string): string => {
    const { title, lines, kind, host } = byId.get(id) ?? {
      title: id,
      lines: [],
      kind: "people",
      host: undefined,
    };
    if (kind === "machine") return `the machine ${host ?? ""} itself`;
    return kind === "people" && lines.length > 0 ? `${title} ${listed(lines)}` : title;
  };
  return [
    ...hosts.map(({ name, place }) => {
      const there = boxes.filter(({ host, kind }) => host === name && kind === "service");
      return `The machine ${name} (${place}) runs ${there.length === 0 ? "nothing" : listed(there.map(({ title }) => title))}.`;
    }),
    ...arrows.map(({ from, to, sites, ports }) => {
      const verb = byId.get(from)?.kind === "people" ? "reaches" : "connects to";
      const through = sites.length > 0 ? `for ${listed(sites)}` : `through ${listed(portLines(ports))}`;
      return `${nameOf(from)} ${verb} ${nameOf(to)} ${through}.`;
    }),
  ].join(" ");
}
