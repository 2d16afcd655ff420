/** The zone of a stack, for the program: looked at before it makes anything. */
import * as pulumi from "@pulumi/pulumi";
import { secretSetting } from "../../stacks/settings/engine";
import { describeProblems, SettingsError } from "../../stacks/settings/problems";
import type { EdgePlan } from "../../stacks/topology/edge/types";
import { settled } from "../platform/late";
import { openZone } from "./zone";

/**
 * Id of a stack's zone at Cloudflare; undefined where Cloudflare isn't its edge.
 * @param refuse gets everything that speaks against it, in one message.
 */
export async function zoneIdOf(
  topology: { stack: string; edge: EdgePlan },
  refuse: (message: string) => never,
): Promise<string | undefined> {
  const { zone } = topology.edge;
  if (zone === undefined) return undefined;
  try {
    const { id, warnings } = await openZone(topology, await settled(secretSetting("cloudflareToken")));
    if (warnings.length > 0)
      await pulumi.log.warn(describeProblems(`Zone ${zone.name} at Cloudflare`, warnings));
    return id;
  } catch (error) {
    if (error instanceof SettingsError) return refuse(error.message);
    throw error;
  }
}
