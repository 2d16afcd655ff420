import fc from "fast-check";
import { firewallV4, firewallV6 } from "../../components/host/bootstrap/firewall";
import type { FirewallRule, MachinePlan } from "../../components/host/bootstrap/plan";
import { vpnFile } from "../../components/host/bootstrap/vpn";
import { barePlan, fullPlan } from "../helpers/machineBox";

interface Packet {
  chain: "INPUT" | "DOCKER" | "OUTPUT";
  in: string;
  from: string;
  to: string;
  protocol: "tcp" | "udp" | "icmp";
  port: number;
  state: "NEW" | "ESTABLISHED";
  /** Whether Docker has given it a container's address. */
  translated: boolean;
  uid: number;
}
const number = (address: string): number =>
  address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
const within = (address: string, cidr: string): boolean => {
  const [network = "", prefix = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(prefix));
  return Math.floor(number(address) / size) === Math.floor(number(network) / size);
};
const inSpan = (port: number, span: string): boolean => {
  const [first, last = first] = span.split(":").map(Number);
  return first !== undefined && last !== undefined && first <= port && port <= last;
};

/** What the kernel does with a packet: the first rule of the chain that matches it decides. */
function verdict(rules: string, packet: Packet): string {
  for (const rule of rules.split("\n").filter((line) => line.startsWith(`-A MUSTER-${packet.chain} `))) {
    const words = rule.split(" ").slice(2);
    let matches = true;
    let not = false;
    for (let word = words.shift(); word !== undefined; word = words.shift()) {
      const value = word === "!" ? "" : (words.shift() ?? "");
      if (word === "!") {
        not = true;
        continue;
      }
      const hit = {
        "-i": () => (value.endsWith("+") ? packet.in.startsWith(value.slice(0, -1)) : packet.in === value),
        "-s": () => within(packet.from, value),
        "-d": () => within(packet.to, value),
        "-p": () => packet.protocol === value,
        "-m": () => true,
        "--ctstate": () => (value === "DNAT" ? packet.translated : value.split(",").includes(packet.state)),
        "--ctdir": () => value === "ORIGINAL",
        "--dport": () => inSpan(packet.port, value),
        "--ctorigdstport": () => inSpan(packet.port, value),
        "--uid-owner": () => packet.uid === Number(value),
        "-j": () => true,
      }[word];
      if (hit === undefined) throw new Error(`unknown match: ${word} in ${rule}`);
      if (word === "-j" && matches) return value;
      matches &&= hit() !== not;
      not = false;
    }
  }
  return "end";
}

const anyPort = fc.integer({ min: 1, max: 60 });
const anyAddress = fc
  .tuple(fc.constantFrom("10.0.0", "10.0.1", "192.0.2"), fc.integer({ min: 0, max: 7 }))
  .map(([network, last]) => `${network}.${last}`);
const anyNetworks = fc.uniqueArray(fc.constantFrom("10.0.0.0/24", "10.0.1.4/30", "192.0.2.1/32"), {
  maxLength: 2,
});
const anyRule = fc
  .record({
    path: fc.constantFrom("input" as const, "docker" as const),
    protocol: fc.constantFrom("tcp" as const, "udp" as const),
    ports: fc.tuple(anyPort, fc.nat(5)),
    from: anyNetworks,
  })
  .map(({ ports: [first, more], ...rule }): FirewallRule => ({
    ...rule,
    first,
    last: first + more,
    why: "",
  }));
const anyPlan = fc
  .record({
    firewall: fc.array(anyRule, { maxLength: 5 }),
    sshPort: fc.constantFrom(22, 50),
    sshFrom: fc.constantFrom(["0.0.0.0/0"], ["10.0.0.0/24"], ["10.0.1.4/30", "192.0.2.1/32"]),
    keepOpen: fc.array(anyPort, { maxLength: 2 }),
    vpn: fc.constantFrom(
      undefined,
      { ...fullPlan.vpn, port: 51 },
      { ...fullPlan.vpn, port: 51, sshOnly: true },
    ),
  })
  .map(
    ({ vpn, ...plan }) => ({ ...barePlan, ...plan, ...(vpn === undefined ? {} : { vpn }) }) as MachinePlan,
  );
const anyPacket: fc.Arbitrary<Packet> = fc.record({
  chain: fc.constantFrom("INPUT", "DOCKER", "OUTPUT"),
  in: fc.constantFrom("lo", "eth0", "docker0", "br-0123456789ab", "muster0"),
  from: anyAddress,
  to: fc.constantFrom("203.0.113.9", "169.254.169.254"),
  protocol: fc.constantFrom("tcp", "udp", "icmp"),
  port: anyPort,
  state: fc.constantFrom("NEW", "NEW", "NEW", "ESTABLISHED"),
  uid: fc.constantFrom(0, 1000),
  translated: fc.boolean(),
});

const ofContainers = ({ in: name }: Packet): boolean => /^(docker0|br-)/.test(name);
const opens = (rule: FirewallRule, packet: Packet): boolean =>
  rule.protocol === packet.protocol && rule.first <= packet.port && packet.port <= rule.last;
const comesFrom = (from: readonly string[], { from: address }: Packet): boolean =>
  from.length === 0 || from.some((cidr) => within(address, cidr));
/** The same once more, from the plan alone. */
function expected(plan: MachinePlan, packet: Packet): string {
  const rules = plan.firewall.filter((rule) => opens(rule, packet));
  const { vpn } = plan;
  switch (packet.chain) {
    case "OUTPUT":
      return packet.to.startsWith("169.254") && packet.uid !== 0 ? "DROP" : "end";
    case "DOCKER":
      if (packet.to.startsWith("169.254")) return "DROP";
      return packet.state === "ESTABLISHED" ||
        ofContainers(packet) ||
        (packet.translated && rules.some(({ path, from }) => path === "docker" && comesFrom(from, packet)))
        ? "RETURN"
        : "DROP";
    case "INPUT": {
      const ssh =
        packet.protocol === "tcp" &&
        packet.port === plan.sshPort &&
        ((vpn?.sshOnly !== true && comesFrom(plan.sshFrom, packet)) ||
          (vpn !== undefined && packet.in === "muster0"));
      return packet.in === "lo" ||
        packet.state === "ESTABLISHED" ||
        packet.protocol === "icmp" ||
        ssh ||
        (packet.protocol === "udp" && packet.port === vpn?.port) ||
        plan.keepOpen.includes(packet.port) ||
        rules.some(({ path, from }) => (path === "input" ? comesFrom(from, packet) : ofContainers(packet)))
        ? "ACCEPT"
        : "DROP";
    }
  }
}

describe("the firewall", () => {
  it("lets in each opening, SSH, the VPN and answers, and nothing else; metadata are root's alone", () => {
    fc.assert(
      fc.property(anyPlan, fc.array(anyPacket, { minLength: 20, maxLength: 20 }), (plan, packets) => {
        const rules = firewallV4(plan);
        const wrong = packets.filter((packet) => verdict(rules, packet) !== expected(plan, packet));
        expect(wrong).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it("reads so", () => {
    expect(firewallV4(fullPlan)).toBe(`*mangle
:MUSTER-INPUT - [0:0]
:MUSTER-OUTPUT - [0:0]
:MUSTER-DOCKER - [0:0]
-A MUSTER-INPUT -i lo -j ACCEPT
-A MUSTER-INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A MUSTER-INPUT -i muster0 -p tcp --dport 22 -j ACCEPT
-A MUSTER-INPUT -p tcp --dport 22 -j ACCEPT
-A MUSTER-INPUT -p icmp -j ACCEPT
-A MUSTER-OUTPUT -d 169.254.169.254/32 -m owner ! --uid-owner 0 -j DROP
-A MUSTER-DOCKER -d 169.254.169.254/32 -j DROP
-A MUSTER-DOCKER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
-A MUSTER-DOCKER -i docker0 -j RETURN
-A MUSTER-DOCKER -i br-+ -j RETURN
-A MUSTER-INPUT -p udp --dport 51820 -j ACCEPT
-A MUSTER-DOCKER -p tcp -m conntrack --ctstate DNAT --ctorigdstport 443 --ctdir ORIGINAL -j RETURN
-A MUSTER-INPUT -i docker0 -p tcp --dport 443 -j ACCEPT
-A MUSTER-INPUT -i br-+ -p tcp --dport 443 -j ACCEPT
-A MUSTER-INPUT -p udp --dport 3478:3479 -j ACCEPT
-A MUSTER-INPUT -j DROP
-A MUSTER-DOCKER -j DROP
`);
  });

  it("has nothing open by IPv6 but SSH, where the settings name such networks", () => {
    const accepts = (plan: MachinePlan): string[] =>
      firewallV6(plan)
        .split("\n")
        .filter((line) => line.endsWith("-j ACCEPT"));
    const always = [
      "-A MUSTER-INPUT -i lo -j ACCEPT",
      "-A MUSTER-INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
      "-A MUSTER-INPUT -p ipv6-icmp -j ACCEPT",
      "-A MUSTER-INPUT -s fe80::/10 -p udp --dport 546 -j ACCEPT",
    ];
    expect(accepts(fullPlan)).toEqual(always);
    const sshFrom = ["10.0.0.0/8", "2001:db8::/32"];
    const ssh = "-A MUSTER-INPUT -s 2001:db8::/32 -p tcp --dport 22 -j ACCEPT";
    expect(accepts({ ...barePlan, sshFrom }).filter((line) => !always.includes(line))).toEqual([ssh]);
    expect(firewallV4({ ...barePlan, sshFrom })).not.toContain("2001:");
    expect(firewallV6(barePlan)).toContain("-d fd00:ec2::254/128 -m owner ! --uid-owner 0 -j DROP");
  });
});

describe("the VPN's file", () => {
  it("names each peer by its one address, and keeps a way open to those that are called", () => {
    const { vpn } = fullPlan;
    if (vpn === undefined) throw new Error("a plan without a VPN");
    const media = { name: "media", publicKey: "M=", address: "10.213.0.2", endpoint: "192.0.2.7:51820" };
    expect(vpnFile({ ...vpn, peers: [...vpn.peers, media] })).toBe(`[Interface]
Address = 10.213.0.1/24
ListenPort = 51820
PostUp = wg set %i private-key /etc/wireguard/muster0.key

# ann
[Peer]
PublicKey = K=
AllowedIPs = 10.213.0.9/32

# media
[Peer]
PublicKey = M=
AllowedIPs = 10.213.0.2/32
Endpoint = 192.0.2.7:51820
PersistentKeepalive = 25
`);
  });
});
