/** How arrows run: straight past boxes and labels, in curves between the columns, so that they cross nothing. Pure. */
import type { Place, PlacedArrow, PlacedBox, Point } from "./drawn";

/**
 * Arrows as the layout gives them, which end at the boxes' middles, with their ends spread over the boxes' sides.
 * @param blocks what else stands in the columns.
 */
export function routed(
  arrows: readonly PlacedArrow[],
  boxes: readonly PlacedBox[],
  blocks: readonly Place[],
): PlacedArrow[] {
  const columns = columnsOf([...boxes, ...blocks, ...arrows.map(({ label }) => label)]);
  const places = new Map(boxes.map((place) => [place.box.id, place]));
  const ends = endsOf(arrows, places);
  return arrows.map((arrow) => {
    const inner = arrow.points.slice(1, -1);
    const { first, last } = ends.get(arrow) ?? {};
    if (first === undefined || last === undefined) return arrow;
    const direction = Math.sign(last.x - first.x);
    /** The edge of the column around a place: nothing else is at its height there. */
    const edge = ({ x }: Point, side: number): number => x + (columns.get(Math.round(x)) ?? 0) * side;
    const lanes = inner.flatMap((point) => [
      { x: edge(point, -direction), y: point.y },
      { x: edge(point, direction), y: point.y },
    ]);
    const [from, to] = [places.get(arrow.arrow.from) ?? first, places.get(arrow.arrow.to) ?? last];
    const out = { x: edge(from, direction), y: first.y };
    const into = { x: edge(to, -direction), y: last.y };
    return { ...arrow, points: [first, out, ...lanes, into, last] };
  });
}

/** Half the width of each column of boxes or labels, by the place of its middle. */
function columnsOf(places: readonly Place[]): Map<number, number> {
  const columns = new Map<number, number>();
  for (const { x, width } of places)
    columns.set(Math.round(x), Math.max(columns.get(Math.round(x)) ?? 0, width / 2));
  return columns;
}

interface Ends {
  first: Point;
  last: Point;
}

/** Where each arrow leaves and arrives: on the side that faces its way, in the order in which they come. */
function endsOf(
  arrows: readonly PlacedArrow[],
  places: ReadonlyMap<string, Place>,
): Map<PlacedArrow, Partial<Ends>> {
  const ends = new Map<PlacedArrow, Partial<Ends>>();
  const sides = new Map<
    string,
    { place: Place; side: number; at: { arrow: PlacedArrow; end: keyof Ends; y: number }[] }
  >();
  for (const arrow of arrows)
    for (const end of ["first", "last"] as const) {
      const id = end === "first" ? arrow.arrow.from : arrow.arrow.to;
      const place = places.get(id);
      const next = end === "first" ? arrow.points[1] : arrow.points.at(-2);
      if (place === undefined || next === undefined) continue;
      const side = next.x < place.x ? -1 : 1;
      const key = JSON.stringify([id, side]);
      const entry = sides.get(key) ?? { place, side, at: [] };
      entry.at.push({ arrow, end, y: next.y });
      sides.set(key, entry);
    }
  for (const { place, side, at } of sides.values()) {
    const step = Math.min(14, (place.height - 12) / at.length);
    at.sort((one, other) => one.y - other.y).forEach(({ arrow, end }, index) => {
      const y = place.y + (index - (at.length - 1) / 2) * step;
      ends.set(arrow, { ...ends.get(arrow), [end]: { x: place.x + (side * place.width) / 2, y } });
    });
  }
  return ends;
}

const short = (value: number): string => String(Math.round(value * 10) / 10);

/** The path of an arrow, as SVG writes it. */
export function pathOf([first, ...rest]: readonly Point[]): string {
  if (first === undefined) return "";
  let before = first;
  const parts = [`M${short(first.x)} ${short(first.y)}`];
  for (const point of rest) {
    if (Math.abs(point.x - before.x) + Math.abs(point.y - before.y) < 0.05) continue;
    const middle = short((before.x + point.x) / 2);
    if (Math.abs(point.y - before.y) < 0.05) parts.push(`H${short(point.x)}`);
    else
      parts.push(
        `C${middle} ${short(before.y)} ${middle} ${short(point.y)} ${short(point.x)} ${short(point.y)}`,
      );
    before = point;
  }
  return parts.join("");
}
