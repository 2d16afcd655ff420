/** A private key for programs that take files alone, without a trace in the project. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeKey } from "../components/host/tunnel";
import { UserError } from "./errors";

export interface KeyFolder {
  /** Nobody else can read it, and it is gone once this process ends. */
  folder: string;
  file: string;
  /** Line for `authorized_keys`. */
  publicLine: string;
}

/** @throws UserError where it is no key, or has a passphrase: nobody is there to type it. */
export function keyFolder(privateKey: string): KeyFolder {
  const folder = mkdtempSync(join(tmpdir(), "muster-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  writeKey("", privateKey, folder);
  const file = join(folder, "key");
  const { error, status, stdout, stderr } = spawnSync("ssh-keygen", ["-y", "-P", "", "-f", file], {
    encoding: "utf8",
  });
  if (error !== undefined) throw new UserError("ssh-keygen isn't there.\n  fix: install OpenSSH's client");
  if (status !== 0)
    throw new UserError(
      `it is no private key, or has a passphrase: ${stderr.trim().split("\n").at(-1)?.replaceAll(file, "the key") ?? ""}\n  fix: store one that ssh-keygen -t ed25519 -N '' makes`,
    );
  return { folder, file, publicLine: stdout.trim() };
}

/** Also where somebody interrupts. */
function atEnd(act: () => void): void {
  process.once("exit", act);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    if (process.listenerCount(signal) === 0) process.once(signal, () => process.exit(1));
}
