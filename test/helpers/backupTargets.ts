/** Targets of backups beyond the host. */
export const s3 = {
  kind: "s3",
  endpoint: "https://s3.example.org",
  region: "us-east-1",
  bucket: "team-backups",
  accessKeyId: "HOST",
  lockDays: 30,
} as const;

export const sftp = {
  kind: "sftp",
  host: "backups.example.org",
  port: 22,
  user: "muster",
  hostKey: "ssh-ed25519 AAAAC3Nza",
  path: "/srv/backups",
} as const;
