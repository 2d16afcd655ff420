/** What the engine's own preview says: machines, data and containers that go, are made anew, or stay. Pure. */
import { z } from "zod";
import { types } from "../../../policy/graph";

const state = z.object({ retainOnDelete: z.boolean().optional(), protect: z.boolean().optional() });

/** What is read of `pulumi preview --json`; the values of resources are not among it. */
export const previewSchema = z.object({
  // The stack itself is always among them: a file without any is something else.
  steps: z
    .array(
      z.object({
        op: z.string(),
        urn: z.string(),
        oldState: state.optional(),
        newState: state.optional(),
        replaceReasons: z.array(z.string()).nullish(),
      }),
    )
    .min(1),
  diagnostics: z.array(z.object({ severity: z.string().optional() })).default([]),
});
export type Preview = z.output<typeof previewSchema>;
type Step = Preview["steps"][number];

/**
 * A preview without what else its file holds: the values of resources, and what was printed before and after it.
 * @returns `undefined` where it is none.
 */
export function readPreview(text: string): Preview | undefined {
  const [document = ""] = /^\{[^]*^\}|^\{.*\}/m.exec(text) ?? [];
  try {
    const { success, data } = previewSchema.safeParse(JSON.parse(document));
    return success ? data : undefined;
  } catch {
    return undefined;
  }
}

/** What happens to a resource. */
export type Fate = "deleted" | "replaced" | "gone" | "left" | "created" | "changed" | "kept";
type Kind = "data" | "machine" | "container" | "other";

export interface Planned {
  kind: Kind;
  /** What people call such a thing. */
  title: string;
  name: string;
  fate: Fate;
  /** Properties that make a new one necessary. */
  because: readonly string[];
}

export interface PreviewDiff {
  /** Name of the stack; `undefined` where nothing in it tells. */
  stack: string | undefined;
  /** Whether the engine has reported errors: there may be more than it shows. */
  failed: boolean;
  resources: readonly Planned[];
}

/** What is lost, or started empty, when it goes. */
const dataTitles: Readonly<Record<string, string>> = {
  [types.dropletDisk]: "disk",
  [types.instanceDisk]: "disk",
  [types.dropletAddress]: "address",
  [types.instanceAddress]: "address",
  [types.diskKey]: "key of the disk",
  [types.password]: "generated secret",
  [types.randomId]: "generated secret",
  [types.randomBytes]: "generated secret",
  [types.privateKey]: "generated key",
};
const machineTypes: readonly string[] = [types.droplet, types.instance];
const bucket = /[/:][a-z]*bucket(v2)?:\w+$/i;

/**
 * What the engine would do.
 * @param backedUp names of volumes that hold data, where the plan is known. What the stack keeps is data in any case.
 */
export function previewDiff(
  { steps, diagnostics }: Preview,
  backedUp: ReadonlySet<string> = new Set(),
): PreviewDiff {
  const byUrn = new Map<string, Step[]>();
  for (const step of steps) byUrn.set(step.urn, [...(byUrn.get(step.urn) ?? []), step]);
  return {
    stack: steps.map(({ urn }) => urn.split(":")[2]).find((stack) => stack !== undefined && stack !== ""),
    failed: diagnostics.some(({ severity }) => severity === "error"),
    resources: [...byUrn].flatMap(([urn, own]) => {
      const [fate, named] = [fateOf(own), namedOf(urn, own.some(isKept), backedUp)];
      const because = [...new Set(own.flatMap(({ replaceReasons }) => replaceReasons ?? []))];
      return fate === undefined || named === undefined ? [] : [{ ...named, fate, because }];
    }),
  };
}

/** By the engine's own names of its steps; a resource may have several. */
function fateOf(steps: readonly Step[]): Fate | undefined {
  const has = (...ops: string[]): boolean => steps.some(({ op }) => ops.includes(op));
  if (has("replace", "create-replacement", "delete-replaced", "import-replacement", "remove-pending-replace"))
    return "replaced";
  // A refresh hasn't found what the state knows.
  if (has("create") && has("refresh", "delete")) return "gone";
  if (has("delete"))
    return steps.some(({ oldState }) => oldState?.retainOnDelete === true) ? "left" : "deleted";
  if (has("create", "import")) return "created";
  if (has("update")) return "changed";
  return has("same") ? "kept" : undefined;
}

const isKept = ({ oldState, newState }: Step): boolean =>
  [oldState, newState].some((one) => one?.retainOnDelete === true || one?.protect === true);

/** A resource's kind and name from its URN, `urn:pulumi:STACK::PROJECT::PARENTS$TYPE::NAME`; none for components. */
function namedOf(
  urn: string,
  kept: boolean,
  backedUp: ReadonlySet<string>,
): Pick<Planned, "kind" | "title" | "name"> | undefined {
  const [, , path = "", ...rest] = urn.split("::");
  const type = path.split("$").at(-1) ?? "";
  const name = rest.join("::");
  if (type.startsWith("muster:") || type.startsWith("pulumi:")) return undefined;
  const title = dataTitles[type] ?? (bucket.test(type) ? "bucket" : undefined);
  if (title !== undefined) return { kind: "data", title, name };
  // Others hold logs, caches, and files that are written anew at each start.
  if (type === types.volume)
    return { kind: kept || backedUp.has(name) ? "data" : "other", title: "volume", name };
  if (machineTypes.includes(type)) return { kind: "machine", title: "machine", name };
  if (type === types.container) return { kind: "container", title: "container", name };
  return { kind: "other", title: type, name };
}

/** Data that go, or that something else stands in place of. */
export const atRisk = ({ resources }: PreviewDiff): Planned[] =>
  resources.filter(
    ({ kind, fate }) => kind === "data" && ["deleted", "replaced", "gone", "left"].includes(fate),
  );

/** Whether the engine would leave all as it is. */
export const changesNothing = ({ resources }: PreviewDiff): boolean =>
  resources.every(({ fate }) => fate === "kept");

/** What becomes of a thing, for people. */
export function fateWords({ kind, title, fate }: Planned): string {
  const data = kind === "data";
  switch (fate) {
    case "deleted":
      return data ? "is deleted, with what is in it" : "is deleted";
    case "replaced":
      if (title === "disk" || title === "volume" || title === "bucket") return "is replaced by an empty one";
      if (data) return "is replaced by another one";
      return kind === "container" ? "is made anew: it stops for a short time" : "is made anew";
    case "gone":
      return "isn't there any more, and is made anew";
    case "left":
      return "stays, but is no longer this stack's";
    case "created":
      return "is new";
    case "changed":
      return "is changed in place";
    case "kept":
      return "stays as it is";
  }
}
