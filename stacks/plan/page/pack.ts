/** Drawings beside and below each other. Pure. */
import type { Drawn, Place } from "./drawn";

const gapPx = 18;
const marginPx = 8;
const widestPx = 1000;

/** A drawing moved so that its middle is there. */
export function shifted(drawn: Drawn, { x, y }: Pick<Place, "x" | "y">): Drawn {
  const moved = <T extends { x: number; y: number }>(place: T): T => ({
    ...place,
    x: place.x + x - drawn.width / 2,
    y: place.y + y - drawn.height / 2,
  });
  return {
    ...drawn,
    boxes: drawn.boxes.map(moved),
    hosts: drawn.hosts.map(moved),
    arrows: drawn.arrows.map(({ arrow, points, label }) => ({
      arrow,
      points: points.map(moved),
      label: moved(label),
    })),
  };
}

/** Everything in one drawing, which begins at its left and top with a margin. */
export function whole(parts: readonly Omit<Drawn, "width" | "height">[]): Drawn {
  const all = {
    boxes: parts.flatMap(({ boxes }) => boxes),
    arrows: parts.flatMap(({ arrows }) => arrows),
    hosts: parts.flatMap(({ hosts }) => hosts),
  };
  const corners = [...all.boxes, ...all.hosts, ...all.arrows.map(({ label }) => label)].flatMap(
    ({ x, y, width, height }) => [
      { x: x - width / 2, y: y - height / 2 },
      { x: x + width / 2, y: y + height / 2 },
    ],
  );
  const points = [...corners, ...all.arrows.flatMap((arrow) => arrow.points)];
  const least = (of: (point: { x: number; y: number }) => number): number =>
    points.reduce((sum, point) => Math.min(sum, of(point)), Infinity);
  const most = (of: (point: { x: number; y: number }) => number): number =>
    points.reduce((sum, point) => Math.max(sum, of(point)), -Infinity);
  if (points.length === 0) return { ...all, width: 0, height: 0 };
  const [left, top] = [least(({ x }) => x) - marginPx, least(({ y }) => y) - marginPx];
  const [right, bottom] = [most(({ x }) => x) + marginPx, most(({ y }) => y) + marginPx];
  const [width, height] = [right - left, bottom - top];
  return {
    ...shifted({ ...all, width, height }, { x: width / 2 - left, y: height / 2 - top }),
    width,
    height,
  };
}

/** Drawings in rows, one after another as words in a text. */
export function packed(parts: readonly Drawn[]): Drawn {
  const placed: Drawn[] = [];
  let [x, y, rowHeight] = [0, 0, 0];
  for (const part of [...parts].sort((one, other) => other.height - one.height)) {
    if (x > 0 && x + part.width > widestPx) [x, y, rowHeight] = [0, y + rowHeight + gapPx, 0];
    placed.push(shifted(part, { x: x + part.width / 2, y: y + part.height / 2 }));
    x += part.width + gapPx;
    rowHeight = Math.max(rowHeight, part.height);
  }
  return whole(placed);
}
