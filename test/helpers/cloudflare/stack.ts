/** Puts into a zone what an `up` of a stack would, without an engine. */
import * as pulumi from "@pulumi/pulumi";
import { markOf, recordArgs, ruleArgs } from "../../../components/edge/shapes";
import type { Topology } from "../../../stacks/topology";
import { addRecord } from "./records";
import { addRuleset } from "./rulesets";
import type { Zone } from "./types";

const address = "203.0.113.10";

/** @returns the ids of all that it made. */
export function bringUp(zone: Zone, { stack, edge }: Topology): Set<string> {
  const later = pulumi.output(address);
  const addresses = {
    publicAddressOf: () => later,
    privateAddressOf: () => later,
    peerAddressOf: () => later,
  };
  const records = edge.records.map((record) =>
    addRecord(zone, {
      ...{ ttl: 1, ...recordArgs(record, stack, addresses) },
      ...("address" in record ? { content: address } : {}),
    }),
  );
  const rulesets = (edge.zone?.rulesets ?? []).map(({ phase, rules }) =>
    addRuleset(zone, {
      ...{ name: "default", kind: "zone", phase, description: markOf(stack) },
      rules: rules.map((rule) => snake(ruleArgs(rule))),
    }),
  );
  for (const [id, value] of Object.entries(edge.zone?.settings ?? {})) zone.settings.set(id, value);
  return new Set([...records, ...rulesets].map(({ id }) => id));
}

/** The provider's names as the API has them. */
function snake(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snake);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snake(inner),
    ]),
  );
}
