/** A drawing that is laid out: all sizes in pixels. */
import type { Arrow, Box } from "./graph";

/** Sizes of texts, and of what is around them. */
export const sizes = { title: 13, line: 11.5, lineHeight: 15, labelHeight: 18, head: 42 };

/** A rectangle by its middle. */
export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

export interface PlacedBox extends Place {
  box: Box;
  /** Its title and lines, as far as there is room. */
  title: string;
  lines: readonly string[];
}

export interface PlacedArrow {
  arrow: Arrow;
  /** Corners from one box's side to the other's; between two of different height runs a curve. */
  points: readonly Point[];
  label: Place & { lines: readonly string[] };
}

export interface PlacedHost extends Place {
  name: string;
}

export interface Drawn {
  width: number;
  height: number;
  boxes: readonly PlacedBox[];
  arrows: readonly PlacedArrow[];
  hosts: readonly PlacedHost[];
}
