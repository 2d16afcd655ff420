import { generateKeyPairSync } from "node:crypto";
import { configuration } from "../../cli/vpn";
import { machinePlanOf } from "../../components/host/machinePlan";
import { accessOf, serversOf } from "../../components/host/ssh";
import { publicKeyOf } from "../../components/host/wireguard";
import { fill } from "../../components/services/text";
import { firewallRules } from "../../stacks/topology/firewall";
import { mainHost, mediaHost } from "../../stacks/topology/hosts";
import { addressIn, tunnelOf } from "../../stacks/topology/tunnel";
import type { Topology } from "../../stacks/topology/types";
import { localTopology } from "../helpers/stacks";

const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExample";
const server = (address: string) => ({ address, hostKey, memoryMiB: 8192, cpus: 4 });
const split = (change: Record<string, unknown> = {}, host: Record<string, unknown> = {}): Topology =>
  localTopology(
    {
      domain: "example.org",
      calls: "rtcd",
      meetings: "jitsi",
      edition: "enterprise",
      host: { provider: "existing", ...server("203.0.113.7"), media: server("203.0.113.8"), ...host },
      ...change,
    },
    ["sshKey", "licence"],
  );
const hostsOfServices = ({ services }: Topology): Record<string, string> =>
  Object.fromEntries(services.map(({ name, host }) => [name, host]));
const shown = (topology: Topology, service: string, variable: string): string => {
  const value = topology.services.find(({ name }) => name === service)?.spec.environment[variable] ?? "";
  return typeof value === "string"
    ? value
    : fill(value, (late) => Object.entries(late).map(([kind, host]) => `<${kind} ${host}>`)[0] ?? "");
};

describe("a second host", () => {
  it("has what carries media, and the first has the rest", () => {
    expect(hostsOfServices(split())).toMatchObject({
      rtcd: mediaHost,
      coturn: mediaHost,
      "jitsi-jvb": mediaHost,
      mattermost: mainHost,
      postgres: mainHost,
      backup: mainHost,
      "jitsi-prosody": mainHost,
      caddy: mainHost,
    });
  });

  it("is asked for what its own services need, with the host's own reserve on each", () => {
    const one = split({}, { media: undefined });
    const two = split();
    const memory = (topology: Topology): number =>
      topology.hosts.reduce((sum, { demand }) => sum + demand.memoryMiB, 0);
    expect(memory(two) - memory(one)).toBe(512);
    expect(two.hosts.map(({ name, place }) => [name, place])).toEqual([
      [mainHost, "root@203.0.113.7:22"],
      [mediaHost, "root@203.0.113.8:22"],
    ]);
  });

  it("is reached at its own address by clients, and at the address between the hosts by services", () => {
    const topology = split();
    expect(shown(topology, "mattermost", "MM_CALLS_RTCD_SERVICE_URL")).toBe(
      "http://<peerAddressOf media>:8045",
    );
    expect(shown(topology, "jitsi-jvb", "XMPP_SERVER")).toBe("<peerAddressOf main>");
    expect(shown(topology, "jitsi-jicofo", "XMPP_SERVER")).toBe("jitsi-prosody");
    expect(shown(topology, "jitsi-jvb", "JVB_ADVERTISE_IPS")).toBe("<publicAddressOf media>");
    expect(shown(topology, "jitsi-prosody", "TURN_HOST")).toBe("<publicAddressOf media>");
  });

  it("lets embedded calls advertise the chat server's own host", () => {
    const topology = split({ calls: "embedded" });
    expect(shown(topology, "mattermost", "MM_CALLS_ICE_HOST_OVERRIDE")).toBe("<publicAddressOf main>");
  });

  it("publishes what the other host needs on the address between them, and opens it to that host alone", () => {
    const topology = split();
    const between = topology.openings.filter(({ from }) => from === "other hosts");
    expect(
      between.map(({ service, published, host, fromHosts }) => [service, published, host, fromHosts]),
    ).toEqual([
      ["rtcd", 8045, mediaHost, [mainHost]],
      ["jitsi-prosody", 5222, mainHost, [mediaHost]],
    ]);
    for (const { bind, host } of between) expect(bind).toEqual({ peerAddressOf: host });
    const plan = machinePlanOf(topology, mediaHost, {
      ...{ user: "root", sshPort: 22, anchor: false },
      peerAddresses: { [mainHost]: "10.0.0.1", [mediaHost]: "10.0.0.2" },
    });
    expect(plan.firewall.find(({ first }) => first === 8045)).toMatchObject({
      path: "docker",
      from: ["10.0.0.1/32"],
    });
    const rules = firewallRules(topology, mediaHost);
    expect(rules.find(({ first }) => first === 8045)?.fromHosts).toEqual([mainHost]);
  });

  it("has a way out for whoever connects to the other host, and no network across them", () => {
    const topology = split();
    for (const { host, members } of topology.networks)
      for (const member of members) expect(hostsOfServices(topology)[member]).toBe(host);
    const outside = topology.networks.filter(({ name }) => name === "outside");
    expect(outside.map(({ host }) => host).sort()).toEqual([mainHost, mediaHost]);
    expect(outside.find(({ host }) => host === mainHost)?.members).toContain("jitsi-prosody");
    expect(outside.find(({ host }) => host === mediaHost)?.members).toContain("rtcd");
  });

  it("changes nothing on a single one", () => {
    const one = split({}, { media: undefined });
    expect(one.openings.filter(({ from }) => from === "other hosts")).toEqual([]);
    expect(one.networks.map(({ host }) => host)).not.toContain(mediaHost);
  });
});

describe("the tunnel", () => {
  it("is there for hosts that share no private network, and for administrators", () => {
    const inside = (topology: Topology) => tunnelOf(topology)?.hosts.map(({ address }) => address);
    expect(inside(split())).toEqual(["10.213.0.1", "10.213.0.2"]);
    const peerAddress = {
      peerAddress: "10.0.0.1",
      media: { ...server("203.0.113.8"), peerAddress: "10.0.0.2" },
    };
    expect(tunnelOf(split({}, peerAddress))).toBeUndefined();
    expect(tunnelOf(split({}, { media: undefined }))).toBeUndefined();
    const vpn = { peers: { zoe: {}, anna: { publicKey: `${"A".repeat(43)}=` } } };
    expect(tunnelOf(split({ machine: { vpn } }, { media: undefined }))?.peers).toEqual([
      { name: "anna", address: "10.213.0.16", publicKey: `${"A".repeat(43)}=` },
      { name: "zoe", address: "10.213.0.17" },
    ]);
  });

  it("is the way to SSH where SSH answers there alone", () => {
    const at = (vpn: Record<string, unknown>): string | undefined => {
      const topology = split({ machine: { vpn: { peers: { anna: {} }, ...vpn } } });
      const main = serversOf(topology)[mainHost];
      return main === undefined ? undefined : accessOf(topology, mainHost, main).address;
    };
    expect(at({})).toBe("203.0.113.7");
    expect(at({ ssh: "both" })).toBe("10.213.0.1");
    expect(at({ ssh: "tunnel" })).toBe("10.213.0.1");
  });

  it("counts addresses across the borders of bytes", () => {
    expect(addressIn("10.0.0.0/16", 256)).toBe("10.0.1.0");
    expect(addressIn("192.168.255.0/24", 16)).toBe("192.168.255.16");
  });

  it("makes public keys as WireGuard does: of the same numbers as anybody's X25519", () => {
    const { d = "", x = "" } = generateKeyPairSync("x25519").privateKey.export({ format: "jwk" });
    const base64 = (text: string): string => Buffer.from(text, "base64url").toString("base64");
    expect(publicKeyOf(base64(d))).toBe(base64(x));
  });

  it("shows a peer only the way to the stack's hosts", () => {
    const topology = split({ machine: { vpn: { peers: { anna: {} } } } });
    const tunnel = tunnelOf(topology);
    if (tunnel === undefined) throw new Error("no tunnel");
    const text = configuration(tunnel, "anna", () => ({
      privateKey: "PRIVATE",
      hosts: tunnel.hosts.map(({ address }, index) => ({
        address,
        publicKey: `PUBLIC${index}`,
        endpoint: `203.0.113.${7 + index}:51820`,
      })),
    }));
    expect(text).toContain("PrivateKey = PRIVATE\nAddress = 10.213.0.16/32");
    expect(text.match(/AllowedIPs = .*/g)).toEqual([
      "AllowedIPs = 10.213.0.1/32",
      "AllowedIPs = 10.213.0.2/32",
    ]);
    expect(() => configuration(tunnel, "anna", () => ({ privateKey: "P", hosts: [] }))).toThrow(
      "isn't there yet",
    );
  });
});
