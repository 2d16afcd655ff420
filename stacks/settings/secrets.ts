/** The secret settings: strings that stand encrypted in the file. */
interface SecretRule {
  meaning: string;
  /** What its value must look like, and the same in words. */
  pattern?: RegExp;
  allowed?: string;
}

const privateKey =
  /^\s*-----BEGIN (OPENSSH )?PRIVATE KEY-----\r?\n[A-Za-z0-9+/=\s]+-----END (OPENSSH )?PRIVATE KEY-----\s*$/;

/** Secret settings: strings that stand encrypted in the file; `npm run secret` writes them. */
export const secretSettings = {
  licence: {
    meaning: "Mattermost licence (the text of the licence file); for the enterprise edition.",
  },
  mailPassword: { meaning: "Password for `mail.username`." },
  turnSecret: {
    meaning: "Secret that the relay shares with calls and meetings; left out, one is made.",
    // coturn's file has no way to quote: a space, a # or a line break would end the value.
    pattern: /^[A-Za-z0-9+/=_.~-]{16,128}$/,
    allowed: "16 to 128 letters, digits and + / = _ . ~ -",
  },
  backupKey: {
    meaning:
      "Key of the backup repository: without it no backup can be read. Left out, one is made; `npm run key` prints it for the safe.",
    pattern: /^[!-~]{16,128}$/,
    allowed: "16 to 128 printable characters without spaces",
  },
  backupS3Secret: {
    meaning: "Secret part of `backup.target.accessKeyId`, for `kind: s3`.",
    pattern: /^[!-~]{8,256}$/,
    allowed: "8 to 256 printable characters without spaces",
  },
  backupSshKey: {
    meaning: "Private SSH key for `kind: sftp`, as `ssh-keygen` writes it, without a passphrase.",
  },
  alertWebhook: {
    meaning:
      "Address of the chat's incoming webhook, for `monitoring.alerts: webhook`: who knows it can post there.",
    // Grafana puts variables into whatever follows a dollar sign.
    pattern: /^https?:\/\/[A-Za-z0-9._~:/?#@!&'()*+,;=%-]{4,500}$/,
    allowed: "an http or https address, as the chat shows it",
  },
  sshKey: {
    meaning:
      "Private SSH key with which Muster reaches its hosts, as `ssh-keygen` writes it, without a passphrase. `npm run init` makes one.",
    pattern: privateKey,
    allowed: "a private key in PEM form, from -----BEGIN to -----END",
  },
  digitaloceanToken: {
    meaning: "API token, for `host.provider: digitalocean`.",
    pattern: /^[!-~]{32,256}$/,
    allowed: "32 to 256 printable characters without spaces",
  },
  cloudflareToken: {
    meaning:
      "API token, for `edge.provider: cloudflare`; what it must be allowed to do stands in docs/edge.md.",
    // The provider takes no other.
    pattern: /^[A-Za-z0-9_-]{40,80}$/,
    allowed: "40 to 80 letters, digits, _ and -",
  },
  dnsToken: {
    meaning:
      "Token that may change DNS records and nothing else, for `turn: tls`; it lies on the machine that renews the relay's certificate.",
    pattern: /^[!-~]{8,512}$/,
    allowed: "8 to 512 printable characters without spaces",
  },
  awsSecretAccessKey: {
    meaning: "Secret part of `host.accessKeyId`, for `host.provider: aws`.",
    pattern: /^[!-~]{16,256}$/,
    allowed: "16 to 256 printable characters without spaces",
  },
  stateSecretKey: {
    meaning: "Secret part of `state.accessKeyId`, for a state backend in a bucket.",
    pattern: /^[!-~]{8,256}$/,
    allowed: "8 to 256 printable characters without spaces",
  },
  diskKey: {
    meaning:
      "Passphrase of the encrypted data disk. Left out, one is made; `npm run key` prints it for the safe.",
    pattern: /^[!-~]{16,128}$/,
    allowed: "16 to 128 printable characters without spaces",
  },
} as const satisfies Record<string, SecretRule>;
export type SecretSetting = keyof typeof secretSettings;

/** What a secret's value must look like, in words. */
export const describeSecretValue = (key: SecretSetting): string => {
  const { allowed = "any text" }: SecretRule = secretSettings[key];
  return allowed;
};

/** What would be allowed instead of a value that isn't; `undefined` where it is. */
export function secretValueProblem(key: SecretSetting, value: string): string | undefined {
  const { pattern }: SecretRule = secretSettings[key];
  return pattern === undefined || pattern.test(value) ? undefined : describeSecretValue(key);
}
