/** Whose storage a bucket lies in. Pure. */

export type Storage = "aws" | "r2" | "spaces" | "b2" | "other";

const hosts: [RegExp, Storage][] = [
  [/(^|\.)amazonaws\.com(\.cn)?$/, "aws"],
  [/(^|\.)r2\.cloudflarestorage\.com$/, "r2"],
  [/(^|\.)digitaloceanspaces\.com$/, "spaces"],
  [/(^|\.)backblazeb2\.com$/, "b2"],
];

/** Whose storage it is, by its address. */
export function storageOf(endpoint: string): Storage {
  const { hostname } = new URL(endpoint);
  return hosts.find(([pattern]) => pattern.test(hostname))?.[1] ?? "other";
}
