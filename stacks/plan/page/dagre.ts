/**
 * What we use of dagre, with types of our own: its declarations name their files without endings, which Node's way to
 * resolve modules doesn't find.
 */
import * as library from "@dagrejs/dagre";

export interface Size {
  width: number;
  height: number;
}

/** Where something has been put; of a box its middle, of an arrow its label's. */
export interface Put {
  x: number;
  y: number;
}

export interface LayoutGraph {
  setGraph: (options: { rankdir: "LR"; nodesep: number; edgesep: number; ranksep: number }) => void;
  setNode: (id: string, size: Size) => void;
  setParent: (id: string, parent: string) => void;
  setEdge: (
    from: string,
    to: string,
    options: (Size & { labelpos: "c" }) | { weight: number },
    name?: string,
  ) => void;
  node: (id: string) => Size & Put;
  edge: (ends: { v: string; w: string; name: string }) => Put & { points: Put[] };
}

interface Dagre {
  graphlib: { Graph: new (options: { compound: boolean; multigraph: boolean }) => LayoutGraph };
  layout: (graph: LayoutGraph) => void;
}

const dagre = library as unknown as Dagre;

/** An empty graph in which boxes may be in others, and several arrows between the same two. */
export const newGraph = (): LayoutGraph => new dagre.graphlib.Graph({ compound: true, multigraph: true });

/** Puts everything in its place. */
export const lay = (graph: LayoutGraph): void => dagre.layout(graph);
