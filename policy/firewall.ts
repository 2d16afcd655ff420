/** What must hold for a cloud's firewall. */
import { type Graph, type GraphResource, isKnown, isOneOf, list, map, type Rule, types } from "./graph";

const otherHosts = "other hosts";
/** Networks to which a DigitalOcean firewall opens ports. */
const inboundTexts = (rules: unknown): string[] =>
  list(rules)
    .map(map)
    .filter(({ protocol }) => protocol !== "icmp")
    .flatMap(({ protocol, portRange, sourceAddresses, sourceTags }) => {
      const [first = "", last = first] = String(portRange).split("-");
      return list(sourceTags === undefined ? sourceAddresses : [otherHosts]).map(
        (from) => `${String(protocol)} ${first}-${last} from ${String(from)}`,
      );
    });
const ingressTexts = (rules: readonly GraphResource[]): string[] =>
  rules
    .filter(({ inputs }) => inputs["ipProtocol"] !== "icmp")
    .map(({ inputs: { ipProtocol, fromPort, toPort, cidrIpv4 } }) =>
      [ipProtocol, `${String(fromPort)}-${String(toPort)}`, "from", cidrIpv4 ?? otherHosts]
        .map(String)
        .join(" "),
    );
interface Door {
  protocol: string;
  first: number;
  last: number;
  from: unknown[];
}

/** What a firewall, or one rule of it, lets in. */
function doorsOf({ type, inputs }: GraphResource): Door[] {
  if (type === types.dropletFirewall)
    return list(inputs["inboundRules"])
      .map(map)
      .filter(isKnown)
      .map(({ protocol, portRange, sourceAddresses }) => {
        const [first = "", last = first] = String(portRange).split("-");
        // Without a range it means all of them.
        const all = portRange === undefined || first === "all" || first === "0";
        return {
          protocol: String(protocol),
          ...(all ? { first: 0, last: 65_535 } : { first: Number(first), last: Number(last) }),
          from: list(sourceAddresses),
        };
      });
  if (type !== types.ingressRule) return [];
  const { ipProtocol, fromPort = 0, toPort = 65_535, cidrIpv4, cidrIpv6 } = inputs;
  const from = [cidrIpv4, cidrIpv6].filter((network) => network !== undefined);
  return isKnown([ipProtocol, fromPort, toPort, ...from])
    ? [{ protocol: String(ipProtocol), first: Number(fromPort), last: Number(toPort), from }]
    : [];
}

const leadsToSsh = ({ protocol, first, last, from }: Door): boolean =>
  ["tcp", "-1", "all", "6"].includes(protocol) &&
  (protocol === "-1" || (first <= 22 && last >= 22)) &&
  from.some((network) => String(network).endsWith("/0"));

const planned = (texts: readonly string[], { name }: GraphResource, { expected }: Graph): boolean =>
  JSON.stringify([...texts].sort()) ===
  JSON.stringify([...(expected.openings.get(name.replace(/^firewall-/, "")) ?? [])].sort());

export const firewallRules: readonly Rule[] = [
  {
    name: "firewall as planned",
    why: "a port that the topology doesn't know is in no table and no one's mind; one that is missing is an outage",
    fix: "cloudRules(); by tag, so that a droplet is born behind it; no inline rules, which fight with others",
    scope: "graph",
    check: (resource, graph) => {
      const { type, inputs, urn } = resource;
      if (type === types.dropletFirewall) {
        const { inboundRules, tags, dropletIds } = inputs;
        const byTag = (!isKnown(tags) || list(tags).length > 0) && dropletIds === undefined;
        return byTag && (!isKnown(inboundRules) || planned(inboundTexts(inboundRules), resource, graph))
          ? []
          : ["inboundRules or tags"];
      }
      if (type !== types.securityGroup) return [];
      const own = graph.resources.filter(({ parent }) => parent === urn);
      const ingress = own.filter(isOneOf(types.ingressRule));
      const holds =
        inputs["ingress"] === undefined &&
        inputs["egress"] === undefined &&
        own.some(isOneOf(types.egressRule)) &&
        (!isKnown(ingress.map((rule) => rule.inputs)) || planned(ingressTexts(ingress), resource, graph));
      return holds ? [] : ["rules"];
    },
  },
  {
    name: "SSH not for everyone",
    why: "whoever may try keys, and every flaw of the server, is the whole internet",
    fix: "name your networks in muster:machine.sshFrom; or say there, in words, that it is for everyone",
    check: (resource, { expected }) =>
      expected.sshForEveryone
        ? []
        : doorsOf(resource)
            .filter(leadsToSsh)
            .map(({ protocol, first, last, from }) => `${protocol} ${first}-${last} from ${from.join(", ")}`),
  },
];
