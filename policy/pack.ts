/** The rules as policies of Pulumi's CrossGuard: each is judged by the same function as in the tests. */
import type { Policies, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import type { Expected, Graph, Rule } from "./graph";
import { noOthers, Recorded } from "./recorded";
import { policyName, rules } from "./rules";

/** What people are told of a rule. */
export const describePolicy = ({ why, fix }: Rule): string => `${why} (fix: ${fix})`;

/** Why a rule isn't judged in a policy pack; `undefined` where it is. */
export const unseenBecause = ({ unseen = [] }: Rule): string | undefined =>
  unseen.length === 0
    ? undefined
    : `can't be known here, the tests alone judge it: the engine hands ${unseen.join(", ")} to no policy pack`;

/**
 * One policy for each rule. A violation of one that looks at a single resource stops that resource before it is made;
 * one that looks at others as well stops a preview, and an `up` of ours has one.
 */
export function policiesOf(expected: Expected, all: readonly Rule[] = rules): Policies {
  const recorded = new Recorded();
  return [takesDown(recorded), ...all.map((rule) => policyOf(rule, recorded, expected))];
}

/** Changes nothing. But what may change a resource is the only one that the engine shows what is a secret. */
const takesDown = (recorded: Recorded): ResourceValidationPolicy => ({
  name: "resources-are-known",
  description: "takes each resource down, for the other policies",
  enforcementLevel: "remediate",
  remediateResource: (args) => {
    recorded.add(args);
  },
});

function policyOf(
  rule: Rule,
  recorded: Recorded,
  expected: Expected,
): ResourceValidationPolicy | StackValidationPolicy {
  const policy = {
    name: policyName(rule.name),
    description: describePolicy(rule),
    enforcementLevel: "mandatory" as const,
  };
  const because = unseenBecause(rule);
  if (because !== undefined) return { ...policy, validateStack: (args) => args.notApplicable(because) };
  if (rule.scope === "graph")
    return {
      ...policy,
      validateStack: ({ resources }, report) => {
        const graph: Graph = { resources: recorded.all(resources), expected };
        for (const resource of graph.resources)
          for (const what of rule.check(resource, graph)) report(what, resource.urn);
      },
    };
  return {
    ...policy,
    validateResource: ({ urn }, report) => {
      for (const what of rule.check(recorded.one(urn), noOthers({ expected }) as Graph)) report(what);
    },
  };
}
