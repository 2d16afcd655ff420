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
import { physicalPrefix } from "../platform/names";
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

/** What a host's firewall lets in and out. Rules stand on their own: a group's inline ones would fight with them. */
export function createFirewall(
  topology: Topology,
  host: string,
  { vpc }: Network,
  child: Child,
): { group: SecurityGroup; rules: pulumi.Resource[] } {
  const tags = { Name: `${physicalPrefix(topology.stack)}-${host}` };
  const description = "Managed by Muster";
  const group = new SecurityGroup(`firewall-${host}`, { vpcId: vpc.id, description, tags }, child);
  const inGroup = { ...child, parent: group };
  const openings = cloudRules(topology, host).flatMap(({ protocol, first, last, from, why }) =>
    from.map((cidrIpv4) => ({
      name: `${protocol}-${portsOf(first, last)}${cidrIpv4 === everyone ? "" : `-${cidrIpv4.replace("/", "-")}`}`,
      rule: {
        ipProtocol: protocol,
        fromPort: first,
        toPort: last,
        cidrIpv4,
        description: descriptionOf(why),
      },
    })),
  );
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
  return { group, rules: [...rules, out] };
}

/** AWS takes few characters in a description, and 255 of them. */
const descriptionOf = (why: string): string =>
  why.replace(/[^a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]/g, "").slice(0, 255);
