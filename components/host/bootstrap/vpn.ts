/** WireGuard's settings on the machine. The private key lies in a file of its own and comes by the second script. */
import type { VpnPlan } from "./plan";

/** Where the secrets' script puts the machine's own key. */
export const wireguardKeyFile = "/etc/wireguard/muster0.key";

/** `muster0.conf`, as wg-quick reads it; it holds no secret. */
export function vpnFile({ port, network, address, peers }: VpnPlan): string {
  const prefix = network.slice(network.indexOf("/"));
  const sections = peers.map(({ name, publicKey, address: inside, endpoint }) =>
    [
      "",
      `# ${name}`,
      "[Peer]",
      `PublicKey = ${publicKey}`,
      `AllowedIPs = ${inside}/32`,
      // Both ends know where the other is: either may be the one that begins.
      ...(endpoint === undefined ? [] : [`Endpoint = ${endpoint}`, "PersistentKeepalive = 25"]),
      "",
    ].join("\n"),
  );
  return `[Interface]
Address = ${address}${prefix}
ListenPort = ${port}
PostUp = wg set %i private-key ${wireguardKeyFile}
${sections.join("")}`;
}
