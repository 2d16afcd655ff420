/** The network of a stack at AWS, and each host's firewall in it. */
import { InternetGateway } from "@pulumi/aws/ec2/internetGateway";
import { RouteTable } from "@pulumi/aws/ec2/routeTable";
import { RouteTableAssociation } from "@pulumi/aws/ec2/routeTableAssociation";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup";
import { Subnet } from "@pulumi/aws/ec2/subnet";
import { Vpc } from "@pulumi/aws/ec2/vpc";
import type { Provider } from "@pulumi/aws/provider";
import { SecurityGroupEgressRule } from "@pulumi/aws/vpc/securityGroupEgressRule";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule";
import type * as pulumi from "@pulumi/pulumi";
import type { Topology } from "../../stacks/topology";
import { hostResourceName, physicalPrefix } from "../platform/names";
import { cloudRules, everyone, portsOf } from "./cloudFirewall";

export type Child = pulumi.CustomResourceOptions & { parent: pulumi.Resource; provider: Provider };

export interface Network {
  vpc: Vpc;
  subnet: Subnet;
  /** Without it nobody gets in or out. */
  way: RouteTableAssociation;
}

/** Beside the networks that Docker and the VPN have. */
const range = "10.212.0.0/24";

/** One network in one zone, where the data are. */
export function createNetwork(stack: string, availabilityZone: string, child: Child): Network {
  const tags = { Name: physicalPrefix(stack) };
  const vpc = new Vpc("network", { cidrBlock: range, enableDnsSupport: true, tags }, child);
  const subnet = new Subnet("subnet", { vpcId: vpc.id, cidrBlock: range, availabilityZone, tags }, child);
  const gateway = new InternetGateway("gateway", { vpcId: vpc.id, tags }, child);
  const routes = new RouteTable(
    "routes",
    { vpcId: vpc.id, routes: [{ cidrBlock: everyone, gatewayId: gateway.id }], tags },
    child,
  );
  const way = new RouteTableAssociation("way-out", { subnetId: subnet.id, routeTableId: routes.id }, child);
  return { vpc, subnet, way };
}

/** A firewall for each host, with nothing in it: they name each other. */
export const createFirewalls = (
  { stack, hosts }: Topology,
  { vpc }: Network,
  child: Child,
): ReadonlyMap<string, SecurityGroup> =>
  new Map(
    hosts.map(({ name }) => [
      name,
      new SecurityGroup(
        `firewall-${name}`,
        {
          vpcId: vpc.id,
          description: "Managed by Muster",
          tags: { Name: hostResourceName(stack, name) },
        },
        child,
      ),
    ]),
  );

/** What a host's firewall lets in and out. Rules stand on their own: a group's inline ones would fight with them. */
export function createRules(
  topology: Topology,
  host: string,
  groups: ReadonlyMap<string, SecurityGroup>,
  child: Child,
): pulumi.Resource[] {
  const group = groupOf(groups, host);
  const inGroup = { ...child, parent: group };
  const openings = cloudRules(topology, host).flatMap(({ protocol, first, last, from, fromHosts, why }) => {
    const name = `${protocol}-${portsOf(first, last)}`;
    const rule = { ipProtocol: protocol, fromPort: first, toPort: last, description: descriptionOf(why) };
    return [
      ...from.map((cidrIpv4) => ({
        name: cidrIpv4 === everyone ? name : `${name}-${cidrIpv4.replace("/", "-")}`,
        rule: { ...rule, cidrIpv4 },
      })),
      ...fromHosts.map((other) => ({
        name: `${name}-${other}`,
        rule: { ...rule, referencedSecurityGroupId: groupOf(groups, other).id },
      })),
    ];
  });
  // Without it, nobody learns that a packet is too large for the way.
  const icmp = { ipProtocol: "icmp", fromPort: -1, toPort: -1, cidrIpv4: everyone, description: "ICMP" };
  const rules = [...openings, { name: "icmp", rule: icmp }].map(
    ({ name, rule }) =>
      new SecurityGroupIngressRule(`in-${host}-${name}`, { securityGroupId: group.id, ...rule }, inGroup),
  );
  // The provider takes away the rule that AWS makes by itself.
  const out = new SecurityGroupEgressRule(
    `out-${host}`,
    { securityGroupId: group.id, ipProtocol: "-1", cidrIpv4: everyone, description: "Everything, IPv4" },
    inGroup,
  );
  return [...rules, out];
}

export function groupOf(groups: ReadonlyMap<string, SecurityGroup>, host: string): SecurityGroup {
  const group = groups.get(host);
  if (group === undefined) throw new Error(`no host ${host} in this stack`);
  return group;
}

/** AWS takes few characters in a description, and 255 of them. */
const descriptionOf = (why: string): string =>
  why.replace(/[^a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]/g, "").slice(0, 255);
