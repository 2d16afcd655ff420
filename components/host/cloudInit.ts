/** What a cloud's machine is told at its birth: enough to be reached safely. All the rest is the bootstrap's. Pure. */
import { stringify } from "yaml";

export interface Birth {
  /** Who logs in; another one than root is the image's own user. */
  user: string;
  /** The machine's SSH host key, Ed25519, in OpenSSH's form. */
  hostKey: { privateKey: string; publicKey: string };
  /** Public keys that may log in: they are there before the bootstrap is. */
  authorizedKeys: readonly string[];
}

/**
 * User data for cloud-init. It hardly ever changes, and a running machine isn't asked to read it again.
 * @returns YAML; secret, since it holds the host key.
 */
export function userDataOf({ user, hostKey, authorizedKeys }: Birth): string {
  const settings = {
    // The image's own keys, if it has any; with ours given, no others are made.
    ssh_deletekeys: true,
    ssh_keys: {
      ed25519_private: `${hostKey.privateKey.trim()}\n`,
      ed25519_public: `${hostKey.publicKey.trim()}\n`,
    },
    ssh_authorized_keys: authorizedKeys.map((key) => key.trim()),
    disable_root: user !== "root",
    ssh_pwauth: false,
    // The bootstrap asks for packages itself, and would have to wait.
    package_update: false,
  };
  // A key in one line is read as it is; a folded one isn't.
  return `#cloud-config\n${stringify(settings, { lineWidth: 0 })}`;
}
