/** Whether a server that is there already can become a stack's host. Pure. */
import type { SshFault } from "../../components/host/tunnel";
import type { Seen } from "../check";
import { type Fault, faultsSeen } from "./faults";

/** What a command on the server has said. */
export interface Ran {
  /** 255 where `ssh` itself failed. */
  code: number;
  stderr: string;
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";

/** What is wrong with the way to a machine, where its owner has it in the settings. */
export interface Way {
  /** Such as `root@203.0.113.7, port 22`. */
  at: string;
  user: string;
  /** Line for `authorized_keys`. */
  publicLine: string;
  /** Settings of its host key, and of its address. */
  keys: { hostKey: string; address: string };
}

/** Why `ssh` or `sftp` got nowhere. */
export function sshFaultSeen(fault: SshFault, said: string, { at, user, publicLine, keys }: Way): Seen {
  switch (fault) {
    case "another host key":
    case "no such host key":
      return {
        ok: false,
        saw: `${at} shows another SSH host key than the settings say`,
        means: "another machine may answer there: nothing is sent to it",
        fix: `ask the provider's console, not the network, for the machine's key, and set ${keys.hostKey}`,
      };
    case "key refused":
      return {
        ok: false,
        saw: `${at} doesn't accept Muster's SSH key`,
        fix: `put this line into ~/.ssh/authorized_keys of ${user} there: ${publicLine}`,
      };
    case "unreachable":
      return {
        ok: false,
        saw: `${at}: ${lastLine(said) || "no answer"}`,
        fix: `look whether the machine runs, at ${keys.address}, and whether its firewall lets this machine in`,
      };
  }
}

/** Whether commands run as root there. */
export const rootSeen = ({ code, stderr }: Ran, { at, user }: Way): Seen =>
  code === 0
    ? { ok: true, saw: at }
    : {
        ok: false,
        saw: `${user} may not sudo without a password: ${lastLine(stderr)}`,
        fix: `log in as root (muster:host.user), or put this line into /etc/sudoers.d/muster there: ${user} ALL=(ALL) NOPASSWD: ALL`,
      };

/** Version of the engine, as `docker version` prints it; `undefined` where none answers. */
export const versionIn = ({ code, stdout }: { code: number; stdout: string }): string | undefined =>
  code === 0 && /^\d/.test(stdout) ? stdout.trim() : undefined;

/** Exit code of the bootstrap's own checks where what is asked for can't be done. */
const refused = 3;

/** What the bootstrap's own checks say. */
export function bootstrapSeen({ code, stderr }: Ran): Seen {
  if (code !== 0 && code !== refused) return { ok: false, saw: lastLine(stderr) || `exit code ${code}` };
  const faults = stderr.split("\n").flatMap(faultIn);
  return code === refused && faults.length === 0
    ? { ok: false, saw: lastLine(stderr) }
    : faultsSeen(faults, "system, memory, disk, ports");
}

function faultIn(line: string): Fault[] {
  const [, what, given, fix] = /^muster: (.*); given: (.*); allowed: .*; fix: (.*)$/.exec(line) ?? [];
  return what === undefined || fix === undefined ? [] : [{ what: `${what} (${given ?? ""})`, fix }];
}
