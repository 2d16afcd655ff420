/** What is wrong with the settings of backups, and what is worth knowing. */
import type { BackupTarget } from "../settings/backup";
import type { Problem } from "../settings/problems";
import type { SecretSetting } from "../settings/secrets";
import type { Topology } from "./types";

type Plan = Pick<Topology, "stack" | "settings" | "secrets">;

/** The secret that each kind of target needs. */
export const targetSecrets = {
  sftp: "backupSshKey",
  s3: "backupS3Secret",
} as const satisfies Partial<Record<BackupTarget["kind"], SecretSetting>>;

/** A target without its secret, and a secret without its target. */
export function backupProblems({ stack, settings: { backup }, secrets }: Plan): Problem[] {
  return Object.entries(targetSecrets).flatMap<Problem>(([kind, secret]) => {
    const wanted = backup.target.kind === kind;
    if (wanted === secrets.has(secret)) return [];
    const key = `muster:${secret}`;
    return wanted
      ? [
          {
            key,
            problem: `missing, but muster:backup.target.kind is ${kind}`,
            allowed: "an encrypted value",
            fix: `npm run secret -- ${stack} ${secret}, or choose another muster:backup.target`,
          },
        ]
      : [
          {
            key,
            problem: `without muster:backup.target.kind ${kind} nobody uses it`,
            given: `kind: ${backup.target.kind}`,
            fix: "set muster:backup.target, or remove the secret",
          },
        ];
  });
}

/** Backups that wouldn't help, or that others can listen to. */
export function backupWarnings({ settings: { backup, host } }: Plan): Problem[] {
  const { target } = backup;
  const found: Problem[] = [];
  if (target.kind === "folder" && host.provider !== "local")
    found.push({
      key: "muster:backup.target",
      problem: "the backups lie on the host itself: who loses it loses them",
      given: "kind: folder",
      allowed: "sftp, s3",
      fix: "set muster:backup.target to another place",
    });
  if (target.kind === "s3" && target.endpoint.startsWith("http:") && !isPrivate(target.endpoint))
    found.push({
      key: "muster:backup.target.endpoint",
      problem: "without TLS: the backups are encrypted, but others can see and disturb what goes by",
      given: target.endpoint,
      allowed: "https, or http to this machine or a private network",
      fix: "use the storage's https address",
    });
  return found;
}

/** Loopback, private and link-local addresses, and names that no public server has. */
const privateHost =
  /^(localhost|127\.[\d.]+|10\.[\d.]+|192\.168\.[\d.]+|172\.(1[6-9]|2\d|3[01])\.[\d.]+|169\.254\.[\d.]+|\[(::1|f[cd][0-9a-f:]+|fe[89ab][0-9a-f:]+)\]|[^.[\]]+|.+\.(localhost|internal|local|lan|home\.arpa))$/;

const isPrivate = (endpoint: string): boolean => privateHost.test(new URL(endpoint).hostname);
