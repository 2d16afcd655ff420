/** The tunnel of a stack: who is in it, and with which keys. */
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type { Topology } from "../../stacks/topology";
import { type Tunnel, tunnelOf } from "../../stacks/topology/tunnel";
import type { VpnPlan } from "./bootstrap/plan";
import { privateKeyOf, publicKeyOf, seedLength } from "./wireguard";

/** Keys of all who are in the tunnel and don't keep their own to themselves. */
export class TunnelKeys extends pulumi.ComponentResource {
  private readonly keys = new Map<string, pulumi.Output<string>>();

  constructor(
    private readonly tunnel: Tunnel,
    protect: boolean,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("muster:host:TunnelKeys", "tunnel", {}, opts);
    const provider = new random.Provider("tunnel", {}, { parent: this });
    const made = [...tunnel.hosts, ...tunnel.peers.filter(({ publicKey }) => publicKey === undefined)];
    for (const { name } of made) {
      const seed = new random.RandomPassword(
        `tunnel-${name}`,
        { length: seedLength, special: false },
        { parent: this, provider, protect },
      );
      this.keys.set(name, seed.result.apply(privateKeyOf));
    }
    this.registerOutputs();
  }

  /** Private key of a host or a peer, as WireGuard writes it. */
  privateKey(name: string): pulumi.Output<string> {
    const key = this.keys.get(name);
    if (key === undefined) throw new Error(`no key for ${name} in the tunnel`);
    return key;
  }

  /** The tunnel as one host sees it. @param addresses public ones of the hosts, by name. */
  planFor(host: string, addresses: Readonly<Record<string, pulumi.Input<string>>>): pulumi.Output<VpnPlan> {
    const { port, network, ssh, hosts, peers } = this.tunnel;
    const others = [...hosts.filter(({ name }) => name !== host), ...peers];
    const own = hosts.find(({ name }) => name === host);
    if (own === undefined) throw new Error(`no host ${host} in the tunnel`);
    const known = pulumi.all(
      others.map(({ name, publicKey, address }) =>
        pulumi.all([publicKey ?? this.publicKey(name), addresses[name]]).apply(([key, at]) => ({
          name,
          publicKey: key,
          address,
          ...(at === undefined ? {} : { endpoint: `${at}:${port}` }),
        })),
      ),
    );
    return known.apply((all) => ({
      port,
      network,
      address: own.address,
      sshOnly: ssh === "tunnel",
      peers: all,
    }));
  }

  private publicKey(name: string): pulumi.Output<string> {
    return pulumi.unsecret(this.privateKey(name).apply(publicKeyOf));
  }
}

/** The tunnel's keys, where the stack has a tunnel. */
export function tunnelKeys(
  topology: Topology,
  opts: pulumi.ComponentResourceOptions,
): TunnelKeys | undefined {
  const tunnel = tunnelOf(topology);
  return tunnel === undefined ? undefined : new TunnelKeys(tunnel, topology.settings.protectData, opts);
}
