/** What the stack's own state knows of Cloudflare: by it, and not by a comment, what is ours is told from the rest. */
import * as pulumi from "@pulumi/pulumi";

interface StateAnswer {
  /** By URN. */
  outputs?: Readonly<Record<string, { type: string; outputs: Readonly<Record<string, unknown>> }>>;
}

/** Ids at Cloudflare of all that is in a stack's state, as it was before this run. */
export async function idsInState(stack: string): Promise<ReadonlySet<string>> {
  const answer = (await pulumi.runtime.invoke(
    "pulumi:pulumi:readStackResourceOutputs",
    { stackName: stack },
    { async: true },
  )) as StateAnswer;
  const resources = Object.values(answer.outputs ?? {}).filter(({ type }) => type.startsWith("cloudflare:"));
  return new Set(
    resources.flatMap(({ outputs }) => (typeof outputs["id"] === "string" ? [outputs["id"]] : [])),
  );
}
