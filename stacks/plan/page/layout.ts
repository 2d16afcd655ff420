/** Where everything in the drawing goes: from left to right, as requests do. Pure; all sizes in pixels. */
import { lay, type LayoutGraph, newGraph } from "./dagre";
import { type Drawn, type Place, type PlacedArrow, type PlacedBox, type Point, sizes } from "./drawn";
import { type Arrow, type Box, type Graph, portLines } from "./graph";
import { shortened, textWidth } from "./measure";
import { packed, shifted, whole } from "./pack";
import { routed } from "./route";

const gaps = { nodesep: 22, edgesep: 14, ranksep: 40 };
const boxHeight = 36;
const narrowestBox = 104;
const widestBox = 180;
/** Room at a text's sides within its box: a font may be wider than was thought. */
const paddingPx = 14;
const mostLines = 4;
const numbersInLabel = 3;
const rootId = "root";
const blockId = (host: string): string => `others ${host}`;
const hostId = (host: string): string => `host ${host}`;

/** The whole drawing. */
export function laidOut(graph: Graph, hosts: readonly string[]): Drawn {
  const width = boxWidth(graph.boxes);
  const { connected, alone } = split(graph);
  const blocks = new Map(
    hosts.flatMap((host) => {
      const own = alone.filter(({ boxes }) => boxes.every((box) => box.host === host));
      return own.length === 0
        ? []
        : [[host, packed(own.map((part) => arranged({ ...part, hosts: [], width, blocks: new Map() })))]];
    }),
  );
  return arranged({ ...connected, hosts, width, blocks });
}

/** Boxes that nobody outside reaches, not even through others, would make the drawing long: they are packed instead. */
function split(graph: Graph): { connected: Graph; alone: Graph[] } {
  const parts = partsOf(graph).map((ids) => ({
    boxes: graph.boxes.filter(({ id }) => ids.has(id)),
    arrows: graph.arrows.filter(({ from, to }) => ids.has(from) && from !== to),
  }));
  const isAlone = ({ boxes }: Graph): boolean =>
    boxes.every(({ kind, host }) => kind === "service" && host === boxes[0]?.host);
  const connected = parts.filter((part) => !isAlone(part));
  return {
    connected: {
      boxes: connected.flatMap(({ boxes }) => boxes),
      arrows: connected.flatMap(({ arrows }) => arrows),
    },
    alone: parts.filter(isAlone),
  };
}

/** Ids of the boxes that arrows connect, for each such part. */
function partsOf({ boxes, arrows }: Graph): Set<string>[] {
  const parts = new Map(boxes.map(({ id }) => [id, new Set([id])]));
  for (const { from, to } of arrows) {
    const [one, other] = [parts.get(from), parts.get(to)];
    if (one === undefined || other === undefined || one === other) continue;
    for (const id of other) parts.set(id, one.add(id));
  }
  return [...new Set(parts.values())];
}

const boxWidth = (boxes: readonly Box[]): number =>
  Math.min(
    widestBox,
    Math.max(
      narrowestBox,
      ...boxes.flatMap(({ title, lines }) => [
        textWidth(title, sizes.title, true) + 2 * paddingPx,
        ...lines.map((line) => textWidth(line, sizes.line) + 2 * paddingPx),
      ]),
    ),
  );

const capped = (lines: readonly string[]): string[] =>
  lines.length <= mostLines
    ? [...lines]
    : [...lines.slice(0, mostLines - 1), `and ${lines.length - mostLines + 1} more`];

/** What stands on an arrow; ports beyond a few are counted, and stand in the tables. */
function labelOf({ ports, sites }: Arrow): Label {
  const lines = capped([...sites, ...portLines(ports, numbersInLabel)]).map((line) =>
    shortened(line, widestBox - 2 * paddingPx, sizes.line),
  );
  const widest = Math.max(...lines.map((line) => textWidth(line, sizes.line)));
  return {
    lines,
    width: widest + 14,
    height: (lines.length - 1) * sizes.lineHeight + sizes.labelHeight,
  };
}

/** What a layout is made of; blocks are what hosts carry besides, laid out already. */
interface Parts extends Graph {
  hosts: readonly string[];
  /** Width of all boxes: in a column of equal ones, an arrow that passes one passes all. */
  width: number;
  blocks: ReadonlyMap<string, Drawn>;
}

type Label = Omit<PlacedArrow["label"], "x" | "y">;

/** One layout by dagre. */
function arranged(parts: Parts): Drawn {
  const { boxes, arrows, hosts, blocks } = parts;
  const labels = new Map(arrows.map((arrow) => [arrow, labelOf(arrow)]));
  const graph = asked(parts, labels);
  lay(graph);
  const hostPlaces = hosts.map((name) => ({ name, ...graph.node(hostId(name)) }));
  const tops = hostPlaces.map(({ y, height }) => y - height / 2);
  /** Room for each host's name above what it holds: whatever is lower moves down with it. */
  const lower = (y: number): number => y + tops.filter((top) => top <= y).length * sizes.head;
  const moved = <T extends Point>(place: T): T => ({ ...place, y: lower(place.y) });
  const placedBoxes = boxes.map((box) => placedBox(box, moved(graph.node(box.id))));
  const placedArrows = [...labels].map(([arrow, label]) => {
    const { points, x, y } = graph.edge({ v: arrow.from, w: arrow.to, name: arrow.kind });
    return { arrow, points: points.map(moved), label: { ...label, ...moved({ x, y }) } };
  });
  const placedHosts = hostPlaces.map(({ name, x, y, width, height }) => {
    const top = lower(y - height / 2) - sizes.head;
    const bottom = lower(y + height / 2);
    return { name, x, width, y: (top + bottom) / 2, height: bottom - top };
  });
  const placedBlocks = [...blocks].map(([host, block]) => ({
    block,
    place: moved(graph.node(blockId(host))),
  }));
  const routes = routed(
    placedArrows,
    placedBoxes,
    placedBlocks.map(({ place }) => place),
  );
  return whole([
    { boxes: placedBoxes, arrows: routes, hosts: placedHosts },
    ...placedBlocks.map(({ block, place }) => shifted(block, place)),
  ]);
}

/** What dagre is asked to lay out. */
function asked({ boxes, hosts, width, blocks }: Parts, labels: ReadonlyMap<Arrow, Label>): LayoutGraph {
  const graph = newGraph();
  graph.setGraph({ rankdir: "LR", ...gaps });
  // Sizes count for a host without services; others are as large as what they hold.
  for (const host of hosts) graph.setNode(hostId(host), { width, height: sizes.lineHeight });
  for (const { id, host, lines } of boxes) {
    const height = boxHeight + Math.min(lines.length, mostLines) * sizes.lineHeight;
    graph.setNode(id, { width, height });
    if (host !== undefined && hosts.includes(host)) graph.setParent(id, hostId(host));
  }
  for (const [host, block] of blocks) {
    graph.setNode(blockId(host), { width: block.width, height: block.height });
    graph.setParent(blockId(host), hostId(host));
  }
  for (const [{ from, to, kind }, size] of labels)
    graph.setEdge(from, to, { width: size.width, height: size.height, labelpos: "c" }, kind);
  // People stand in the first column, whatever they reach.
  const reached = new Set([...labels.keys()].map(({ to }) => to));
  const sources = boxes.filter(({ kind, id }) => kind === "people" && !reached.has(id));
  if (sources.length > 0) graph.setNode(rootId, { width: 0, height: 0 });
  for (const { id } of sources) graph.setEdge(rootId, id, { weight: 100 });
  return graph;
}

function placedBox(box: Box, place: Place): PlacedBox {
  const room = place.width - 2 * paddingPx;
  return {
    box,
    ...place,
    title: shortened(box.title, room, sizes.title, true),
    lines: capped(box.lines).map((line) => shortened(line, room, sizes.line)),
  };
}
