/** What a machine is given before its first boot. */

/** As a cloud gives it: cloud-init finds it at the first boot. */
export interface CloudBirth {
  readonly kind: "cloud";
  /** Cloud-init's user data, such as a `#cloud-config`. */
  readonly userData: string;
  /** Public keys that the provider knows, for the image's own user. Default: none. */
  readonly publicKeys?: readonly string[];
}

/** A server that somebody set up: no cloud-init, host keys of its own making, and a way in for root. */
export interface PlainBirth {
  readonly kind: "plain";
  /** Public keys. */
  readonly authorizedKeys: readonly string[];
}

export type Birth = CloudBirth | PlainBirth;

/** A file of the machine, for root alone. */
export interface SeedFile {
  /** Without a leading slash. */
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/**
 * The files that stand for a birth.
 *
 * @param instance a new one for each machine that is made: cloud-init runs its first boot once for each.
 */
export function seedFiles(birth: Birth, name: string, instance: string): SeedFile[] {
  const file = (path: string, text: string): SeedFile => ({ path, text, mode: 0o600 });
  switch (birth.kind) {
    case "cloud": {
      // YAML takes JSON as it is.
      const metadata = JSON.stringify({
        "instance-id": instance,
        "local-hostname": name,
        "public-keys": birth.publicKeys ?? [],
      });
      const seed = "var/lib/cloud/seed/nocloud";
      return [file(`${seed}/meta-data`, metadata), file(`${seed}/user-data`, birth.userData)];
    }
    case "plain":
      return [
        file("etc/cloud/cloud-init.disabled", ""),
        file("root/.ssh/authorized_keys", birth.authorizedKeys.map((key) => `${key.trim()}\n`).join("")),
      ];
  }
}
