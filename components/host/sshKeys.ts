/** The two SSH keys of a stack's machines: the one that they show, and the one that they let in. */
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { secretSetting } from "../../stacks/settings/engine";
import type { Topology } from "../../stacks/topology";
import { sshAddress } from "../../stacks/topology/tunnel";
import { userDataOf } from "./cloudInit";
import type { SshAccess } from "./ssh";

/**
 * A machine's own key, made before the machine: the first connection is verified already. It outlives machines, as
 * the address does, so that a new one at the same address is no stranger.
 */
export const createHostKey = (
  host: string,
  opts: pulumi.CustomResourceOptions & { provider: tls.Provider },
): tls.PrivateKey => new tls.PrivateKey(`host-key-${host}`, { algorithm: "ED25519" }, opts);

/** The public half of the key with which Muster logs in, in one line. */
export function clientKey(provider: tls.Provider): pulumi.Output<string> {
  const publicKey = secretSetting("sshKey").apply(async (text) => {
    const key = `${text.replaceAll("\r", "").trim()}\n`;
    const args = key.includes("BEGIN OPENSSH") ? { privateKeyOpenssh: key } : { privateKeyPem: key };
    return (await tls.getPublicKey(args, { provider })).publicKeyOpenssh.trim();
  });
  return pulumi.unsecret(publicKey);
}

/** How a machine is reached that we make: through the tunnel, where SSH answers there alone. */
export function accessTo(
  topology: Topology,
  host: string,
  user: string,
  publicAddress: pulumi.Input<string>,
  hostKey: tls.PrivateKey,
): pulumi.Output<SshAccess> {
  const { stack } = topology;
  return pulumi
    .all([sshAddress(topology, host, publicAddress), hostKey.publicKeyOpenssh])
    .apply(([address, key]) => ({ stack, host, address, port: 22, user, hostKey: key.trim() }));
}

/** What a machine is told at its birth, as a secret: its own key is in it. */
export const birthOf = (
  user: string,
  hostKey: tls.PrivateKey,
  clientKey: pulumi.Input<string>,
  authorizedKeys: readonly string[],
): pulumi.Output<string> =>
  pulumi.secret(
    pulumi
      .all([hostKey.privateKeyOpenssh, hostKey.publicKeyOpenssh, clientKey])
      .apply(([privateKey, publicKey, key]) =>
        userDataOf({
          user,
          hostKey: { privateKey, publicKey },
          authorizedKeys: [...new Set([key, ...authorizedKeys])],
        }),
      ),
  );
