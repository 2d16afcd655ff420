/** What each provider wants before Muster may work there: tokens, and where they are made. For `npm run init`. */
import type { HostSettings } from "../settings/schema";
import type { SecretSetting } from "../settings/secrets";

/** A token that people make at a provider's console. */
export interface Token {
  secret: SecretSetting;
  title: string;
  /** Where to click. */
  where: string;
  /** What it must be allowed to do, and no more. */
  scopes: readonly string[];
}

/**
 * What Muster makes there, changes and removes. Source: DigitalOcean's reference of token scopes; no such token has been
 * tried by us.
 */
export const digitaloceanScopes: readonly string[] = [
  "droplet, firewall, reserved_ip, vpc, ssh_key, project: create, read, update, delete",
  "block_storage: create, read, delete; block_storage_action: create, read; tag: create, read, delete",
  "account, actions, regions, sizes, image: read",
];

/** What the user of an access key at AWS needs. */
export const awsPolicies: readonly string[] = [
  "AmazonEC2FullAccess, AmazonSSMReadOnlyAccess, IAMFullAccess",
  "kms:* on keys",
  "ServiceQuotasReadOnlyAccess, for the doctor alone",
];

/** Tokens by the secret setting that holds them. */
export const tokens: readonly Token[] = [
  {
    secret: "digitaloceanToken",
    title: "DigitalOcean API token",
    where: "cloud.digitalocean.com: API, Tokens, Generate New Token, Custom Scopes",
    scopes: digitaloceanScopes,
  },
  {
    secret: "awsSecretAccessKey",
    title: "AWS secret access key, of the access key that you named",
    where: "console.aws.amazon.com: IAM, Users, the user, Security credentials, Create access key",
    scopes: [...awsPolicies, "none of this has been tried by us"],
  },
  {
    secret: "backupS3Secret",
    title: "secret part of the host's storage key, for backups",
    where: 'the storage\'s console, at the key that you named; docs/runbooks/bucket.md, "By provider"',
    scopes: [
      "none at AWS, where `npm run bucket` gives it its rights; elsewhere: read, write and list, not delete",
    ],
  },
  {
    secret: "stateSecretKey",
    title: "secret part of the storage key for the state",
    where: "the storage's console, at the key that you named",
    scopes: ["read, write, list and delete, in the state's bucket alone; another key than the backups'"],
  },
];

/** The secret's name in the environment of `npm run init`, such as `MUSTER_DIGITALOCEAN_TOKEN`. */
export const environmentName = (secret: SecretSetting): string =>
  `MUSTER_${secret.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase()}`;

/** Ports for outgoing mail that a provider blocks. Source: DigitalOcean, "SMTP ports 25, 465, and 587 are blocked". */
export const blockedMailPorts: Readonly<Partial<Record<HostSettings["provider"], readonly number[]>>> = {
  digitalocean: [25, 465, 587],
};
