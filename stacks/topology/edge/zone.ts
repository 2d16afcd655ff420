/** Several stacks in one zone: one holds its rules and settings, and no two have the same name. */
import { knownStacks, readStackFile, isMap } from "../../settings/file";
import { parseSettings } from "../../settings/parse";
import type { Problem } from "../../settings/problems";
import type { Settings } from "../../settings/schema";
import type { Topology } from "../types";
import { namesOf } from "./findings";
import type { Neighbour } from "./index";
import type { CloudflareSettings } from "./waf";

/**
 * The other stacks of the project in the same zone, from their files.
 * @throws SettingsError where such a file has problems: its sites would go without rules.
 */
export function neighboursOf(projectDir: string, stack: string, edge: unknown): Neighbour[] {
  const zone = zoneIn(edge);
  if (zone === undefined) return [];
  return knownStacks(projectDir)
    .filter((other) => other !== stack)
    .map((other) => ({ stack: other, raw: readStackFile(projectDir, other) }))
    .filter(({ raw }) => zoneIn(raw.values["edge"]) === zone)
    .map(({ stack: other, raw }) => ({ stack: other, settings: parseSettings(raw).settings }));
}

/** Name of the zone that settings of an edge are about, checked or not. */
function zoneIn(edge: unknown): string | undefined {
  if (!isMap(edge) || edge["provider"] !== "cloudflare") return undefined;
  return typeof edge["zone"] === "string" ? edge["zone"] : undefined;
}

type Plan = Pick<Topology, "stack" | "settings" | "neighbours">;

/** What speaks against a stack beside the others of its zone. */
export function zoneProblems({ stack, settings, neighbours }: Plan, edge: CloudflareSettings): Problem[] {
  return [
    ...ownerProblems(edge, stack, neighbours),
    ...(edge.zoneOwner ? [] : unusedRules(edge)),
    ...takenNames(settings, neighbours),
  ];
}

const isOwner = ({ settings: { edge } }: Neighbour): boolean =>
  edge.provider === "cloudflare" && edge.zoneOwner;

function ownerProblems(
  { zone, zoneOwner }: CloudflareSettings,
  stack: string,
  neighbours: readonly Neighbour[],
): Problem[] {
  const others = neighbours.filter(isOwner).map((other) => other.stack);
  const owners = [...(zoneOwner ? [stack] : []), ...others];
  if (owners.length === 1) return [];
  return [
    {
      key: "muster:edge.zoneOwner",
      problem:
        owners.length === 0
          ? `no stack holds the rules and settings of the zone ${zone}`
          : `more than one stack holds the rules and settings of the zone ${zone}: they would undo each other's`,
      given: owners.length === 0 ? "false in every stack's file" : `true for ${owners.join(", ")}`,
      allowed: "true for exactly one stack of a zone",
      fix: owners.length === 0 ? "set it to true for one" : "set it to false for all but one",
    },
  ];
}

/** The zone's rules come from its owner's settings. */
function unusedRules({ countries, adminFrom, rules }: CloudflareSettings): Problem[] {
  const given = {
    ...(countries === undefined ? {} : { countries }),
    ...(adminFrom.length === 0 ? {} : { adminFrom }),
    ...(rules.length === 0 ? {} : { rules }),
  };
  return Object.keys(given).map((key) => ({
    key: `muster:edge.${key}`,
    problem: "this stack holds none of the zone's rules",
    given: "set, with zoneOwner: false",
    allowed: "in the file of the zone's owner, for all stacks in it",
    fix: "move it there, or remove it",
  }));
}

/** A name at Cloudflare is one stack's. */
function takenNames(settings: Settings, neighbours: readonly Neighbour[]): Problem[] {
  const whole = (name: string, { domain }: Settings): string => `${name}.${domain}`;
  return namesOf(settings).flatMap(({ key, name }) =>
    neighbours
      .filter((other) =>
        namesOf(other.settings).some(
          (theirs) => whole(theirs.name, other.settings) === whole(name, settings),
        ),
      )
      .map((other) => ({
        key,
        problem: "another stack of the zone has this name",
        given: `${whole(name, settings)}, also in Pulumi.${other.stack}.yaml`,
        allowed: "a name of its own for each site and machine",
        fix: `change ${key} in one of the two`,
      })),
  );
}
