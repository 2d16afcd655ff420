/** Shows an administrator's way into the stack's tunnel. */
import { privateKeyOf, publicKeyOf } from "../components/host/wireguard";
import { serversOf } from "../components/host/ssh";
import type { Topology } from "../stacks/topology";
import { type Tunnel, tunnelOf } from "../stacks/topology/tunnel";
import { addressOf } from "./access";
import { openStack } from "./backupKeys";
import { UserError } from "./errors";
import { runnable } from "./load";
import { outputOf, type StackState } from "./state";

/** `npm run vpn`: on a terminal only, so that no private key lands in a log or a pipe. */
export async function vpn(stack: string, peer: string): Promise<void> {
  const topology = runnable(stack);
  const tunnel = tunnelOf(topology);
  const known = tunnel?.peers.map(({ name }) => name) ?? [];
  if (tunnel === undefined || !known.includes(peer))
    throw new UserError(
      `No such peer of stack ${stack}.\n  given:   ${peer}\n  allowed: ${known.join(", ") || "none yet"}\n  fix:     add it to muster:machine.vpn.peers, then npm run up -- ${stack}`,
    );
  if (!process.stdout.isTTY)
    throw new UserError(
      "A tunnel's configuration is shown on a terminal only.\n  fix: run it in a terminal, without a pipe or a redirect, and copy it from there",
    );
  console.log(configuration(tunnel, peer, membersOf(topology, tunnel, await openStack(stack))));
}

interface Members {
  /** Private key of the peer; `undefined` where it keeps its own. */
  privateKey: string | undefined;
  hosts: readonly { address: string; publicKey: string; endpoint: string }[];
}

function membersOf(topology: Topology, tunnel: Tunnel, state: StackState | undefined) {
  const keyOf = (name: string): string | undefined => {
    const seed = outputOf(state, `tunnel-${name}`, "result");
    return seed === undefined ? undefined : privateKeyOf(seed);
  };
  return (peer: string): Members => ({
    privateKey: keyOf(peer),
    hosts: tunnel.hosts.flatMap(({ name, address }) => {
      const key = keyOf(name);
      const at = serversOf(topology)[name]?.address ?? addressOf(state, name);
      return key === undefined || at === undefined
        ? []
        : [{ address, publicKey: publicKeyOf(key), endpoint: `${at}:${tunnel.port}` }];
    }),
  });
}

/**
 * What the peer's WireGuard reads: only what is for the stack's hosts goes through the tunnel.
 * @throws UserError where the stack hasn't made the keys yet.
 */
export function configuration(tunnel: Tunnel, peer: string, members: (peer: string) => Members): string {
  const own = tunnel.peers.find(({ name }) => name === peer);
  const { privateKey, hosts } = members(peer);
  if (own === undefined || hosts.length < tunnel.hosts.length || (privateKey ?? own.publicKey) === undefined)
    throw new UserError(
      `The stack's tunnel isn't there yet.\n  fix: bring the stack up first; that makes the keys`,
    );
  return [
    "[Interface]",
    `PrivateKey = ${privateKey ?? "the one that belongs to your public key"}`,
    `Address = ${own.address}/32`,
    ...hosts.flatMap(({ address, publicKey, endpoint }) => [
      "",
      "[Peer]",
      `PublicKey = ${publicKey}`,
      `AllowedIPs = ${address}/32`,
      `Endpoint = ${endpoint}`,
      "PersistentKeepalive = 25",
    ]),
  ].join("\n");
}
