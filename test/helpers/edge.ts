/** Stacks behind Cloudflare, for tests of the edge. */
import { parseSettings } from "../../stacks/settings/parse";
import { type Topology, topologyOf } from "../../stacks/topology";
import type { Neighbour } from "../../stacks/topology/edge";
import type { RulePlan, RulesetPhase } from "../../stacks/topology/edge/types";
import { hosts } from "./hosts";
import { matches, type Request } from "./rulesLanguage";

const values = (edge: Record<string, unknown>, more: Record<string, unknown>): Record<string, unknown> => ({
  domain: "example.org",
  host: hosts.digitalocean.host,
  edge: { provider: "cloudflare", zone: "example.org", ...edge },
  ...more,
});

/** Another stack in the zone. */
export const neighbour = (
  stack: string,
  edge: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Neighbour => ({
  stack,
  settings: parseSettings({ source: stack, values: values(edge, more), encrypted: [] }).settings,
});

/** A stack behind Cloudflare, with all its secrets. */
export function proxiedTopology(
  edge: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
  neighbours: readonly Neighbour[] = [],
): Topology {
  const encrypted = [...hosts.digitalocean.secrets, "cloudflareToken"];
  return topologyOf("test", parseSettings({ source: "test", values: values(edge, more), encrypted }), {
    neighbours,
  });
}

export const rulesIn = ({ edge }: Topology, phase: RulesetPhase): readonly RulePlan[] =>
  edge.zone?.rulesets.find((ruleset) => ruleset.phase === phase)?.rules ?? [];

/** Whether a request gets past all custom rules that block. */
export const passes = (topology: Topology, request: Partial<Request>): boolean =>
  !rulesIn(topology, "http_request_firewall_custom")
    .filter(({ action }) => action === "block")
    .some(({ expression }) =>
      matches(expression, {
        "http.host": "chat.example.org",
        "http.request.uri.path": "/",
        "ip.src.country": "DE",
        "ip.src": "198.51.100.7",
        "cf.client.bot": false,
        ...request,
      }),
    );

export const keysOf = (problems: readonly { key: string }[]): string[] => problems.map(({ key }) => key);
