/**
 * The machine's own firewall, as rules that iptables-restore reads. The chains are ours alone; what loads them
 * (firewall.sh) puts the jumps to them first and adds the COMMIT, so that all of it comes into force at once.
 * They are in the mangle table, which is asked before the filter table and which Docker leaves alone: in that one,
 * what stands before DOCKER-USER changes with each network and each restart of Docker.
 */
import type { FirewallRule, MachinePlan } from "./plan";

/** Interface of the VPN. */
export const vpnInterface = "muster0";
/** Where a provider tells a machine its secrets: no container's business. */
const metadata = { v4: "169.254.169.254/32", v6: "fd00:ec2::254/128" };
/** What Docker calls the interfaces of its networks. */
const containerInterfaces = ["docker0", "br-+"];
const everyone = ["0.0.0.0/0"];

const isV6 = (cidr: string): boolean => cidr.includes(":");
const span = (first: number, last: number): string => (first === last ? String(first) : `${first}:${last}`);
const sources = (from: readonly string[]): string[] =>
  (from.length === 0 ? everyone : from)
    .filter((cidr) => !isV6(cidr))
    .map((cidr) => (cidr === "0.0.0.0/0" ? "" : ` -s ${cidr}`));

/** A program on the host's network is met as it is; what Docker publishes has a container's address by then. */
const opened = ({ path, protocol, first, last, from }: FirewallRule): string[] =>
  path === "input"
    ? sources(from).map(
        (source) => `-A MUSTER-INPUT${source} -p ${protocol} --dport ${span(first, last)} -j ACCEPT`,
      )
    : [
        ...sources(from).map(
          (source) =>
            `-A MUSTER-DOCKER${source} -p ${protocol} -m conntrack --ctstate DNAT --ctorigdstport ${span(first, last)} --ctdir ORIGINAL -j RETURN`,
        ),
        // A container that calls its own host's address is answered by Docker's proxy, which listens here.
        ...containerInterfaces.map(
          (name) => `-A MUSTER-INPUT -i ${name} -p ${protocol} --dport ${span(first, last)} -j ACCEPT`,
        ),
      ];

const ssh = ({ sshPort, sshFrom, vpn }: MachinePlan, v6: boolean): string[] => {
  const accept = `-p tcp --dport ${sshPort} -j ACCEPT`;
  const outside = v6 ? sshFrom.filter(isV6).map((cidr) => ` -s ${cidr}`) : sources(sshFrom);
  return [
    ...(vpn === undefined || v6 ? [] : [`-A MUSTER-INPUT -i ${vpnInterface} ${accept}`]),
    ...(vpn?.sshOnly === true ? [] : outside.map((source) => `-A MUSTER-INPUT${source} ${accept}`)),
  ];
};

/** Programs of people look after their own secrets; the provider's agents and cloud-init run as root. */
const guardedMetadata = (address: string): string[] => [
  `-A MUSTER-OUTPUT -d ${address} -m owner ! --uid-owner 0 -j DROP`,
  `-A MUSTER-DOCKER -d ${address} -j DROP`,
];
const chains = [
  "*mangle",
  ":MUSTER-INPUT - [0:0]",
  ":MUSTER-OUTPUT - [0:0]",
  ":MUSTER-DOCKER - [0:0]",
  // First of all, so that nobody who works here is thrown out.
  "-A MUSTER-INPUT -i lo -j ACCEPT",
  "-A MUSTER-INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
];
const end = ["-A MUSTER-INPUT -j DROP", "-A MUSTER-DOCKER -j DROP"];
const file = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

/** IPv4: SSH, the VPN, ICMP, and each opening of the plan; nothing else. */
export const firewallV4 = (plan: MachinePlan): string =>
  file([
    ...chains,
    ...ssh(plan, false),
    "-A MUSTER-INPUT -p icmp -j ACCEPT",
    ...guardedMetadata(metadata.v4),
    "-A MUSTER-DOCKER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
    ...containerInterfaces.map((name) => `-A MUSTER-DOCKER -i ${name} -j RETURN`),
    ...(plan.vpn === undefined ? [] : [`-A MUSTER-INPUT -p udp --dport ${plan.vpn.port} -j ACCEPT`]),
    ...plan.keepOpen.flatMap((port) =>
      ["tcp", "udp"].map((protocol) => `-A MUSTER-INPUT -p ${protocol} --dport ${port} -j ACCEPT`),
    ),
    ...plan.firewall.flatMap(opened),
    ...end,
  ]);

/** IPv6: what a machine needs to have an address, and SSH where the settings name IPv6 networks. */
export const firewallV6 = (plan: MachinePlan): string =>
  file([
    ...chains,
    ...ssh(plan, true),
    "-A MUSTER-INPUT -p ipv6-icmp -j ACCEPT",
    "-A MUSTER-INPUT -s fe80::/10 -p udp --dport 546 -j ACCEPT",
    ...guardedMetadata(metadata.v6),
    ...end,
  ]);
