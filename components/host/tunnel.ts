/** A machine's Docker Engine, brought here over one SSH connection that everything else shares. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import {
  checkArguments,
  commandArguments,
  controlFile,
  folderOf,
  keyFile,
  sftpArguments,
  type SftpPlace,
  socketFile,
  type SshAccess,
  tunnelArguments,
} from "./ssh";

export interface Tunnel {
  /** Path of the socket, in the working directory. */
  socket: string;
  close: () => void;
}

const openSeconds = 45;
/** How often an engine is asked, over a connection that is there. */
const patienceTries = 20;

/** Writes a stack's key where every `ssh` looks for it: readable by its owner alone, and whole at any time. */
export function writeKey(stack: string, privateKey: string, folder = folderOf({ stack })): void {
  const file = `${folder}/key`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, `${privateKey.replaceAll("\r", "").trim()}\n`, { mode: 0o600 });
  chmodSync(`${file}.new`, 0o600);
  renameSync(`${file}.new`, file);
}

/** Whether an engine answers at a socket. */
export function answers(socket: string, timeoutMs = 5000): Promise<boolean> {
  if (!existsSync(socket)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const asked = request(
      { socketPath: socket, path: "/_ping", signal: AbortSignal.timeout(timeoutMs) },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      },
    );
    asked.once("error", () => resolve(false)).end();
  });
}

/**
 * Opens it; where another process of this folder has one open, uses that. It ends with this process.
 * @param withinSeconds how long the machine may take. Default 45: it may be starting.
 * @throws SshError with what `ssh` said; EngineMissing where the machine is there, but no engine.
 */
export async function openTunnel(access: SshAccess, withinSeconds = openSeconds): Promise<Tunnel> {
  const open = await openSocket(access);
  if (open !== undefined) return { socket: open, close: () => undefined };
  await removeStaleControl(access);
  const socket = socketFile(access, process.pid);
  const child = spawn("ssh", tunnelArguments(access, socket), { stdio: ["ignore", "ignore", "pipe"] });
  const end = (): void => {
    child.kill();
    rmSync(socket, { force: true });
  };
  process.once("exit", end);
  let said = "";
  const state = { ended: false };
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString("utf8")));
  child.once("error", (error) => (said += error.message));
  child.once("close", () => (state.ended = true));
  // It doesn't keep the process alive by itself.
  child.unref();
  (child.stderr as unknown as { unref: () => void }).unref();
  const deadline = Date.now() + withinSeconds * 1000;
  let connected = 0;
  while (Date.now() < deadline && !state.ended && connected < patienceTries) {
    // Once the socket is there, so is the connection.
    if (existsSync(socket)) connected += 1;
    if (await answers(socket))
      return {
        socket,
        close: () => {
          process.off("exit", end);
          end();
        },
      };
    await pause(100);
  }
  process.off("exit", end);
  end();
  throw connected > 0 ? new EngineMissing(access) : new SshError(access, said);
}

/** A socket of the machine that answers; those that don't belong to nobody any more, and are removed. */
export async function openSocket(
  access: Pick<SshAccess, "stack" | "host" | "folder">,
): Promise<string | undefined> {
  const { host } = access;
  const folder = folderOf(access);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  for (const name of names.filter((file) => file.startsWith(`${host}.`) && file.endsWith(".sock"))) {
    if (await answers(`${folder}/${name}`)) return `${folder}/${name}`;
    const pid = Number(name.split(".").at(-2));
    if (!isAlive(pid)) rmSync(`${folder}/${name}`, { force: true });
  }
  return undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** What a master leaves behind that was killed would keep the next one from sharing its connection. */
async function removeStaleControl(access: SshAccess): Promise<void> {
  const file = controlFile(access);
  if (!existsSync(file)) return;
  if ((await finished(ssh(checkArguments(access)))).code !== 0) rmSync(file, { force: true });
}

/** Runs a command on the machine and returns what it said; `input` goes to its standard input. */
export function runOnHost(access: SshAccess, command: string, input = ""): Promise<Ran> {
  return finished(ssh(commandArguments(access, command)), input);
}

/** Lists a folder of another machine over SFTP. @param key file of the private key. */
export function listOverSftp(
  place: SftpPlace,
  path: string,
  key: string,
  patienceSeconds?: number,
): Promise<Ran> {
  const quoted = `"${path.replace(/["\\]/g, "\\$&")}"`;
  const child = spawn("sftp", sftpArguments(place, key, patienceSeconds), {
    stdio: ["pipe", "pipe", "pipe"],
    env: process.env,
  });
  return finished(child, `ls -1 ${quoted}\n`);
}

const ssh = (args: readonly string[]): ChildProcessWithoutNullStreams =>
  spawn("ssh", args, { stdio: ["pipe", "pipe", "pipe"], env: process.env });

function finished(child: ChildProcessWithoutNullStreams, input = ""): Promise<Ran> {
  const out = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (out.stdout += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (out.stderr += chunk.toString("utf8")));
  // A machine that hangs up early closes its input: its exit code says more than the broken pipe.
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ code: code ?? 1, ...out });
    });
  });
}

export interface Ran {
  /** 255 where `ssh` itself failed. */
  code: number;
  stdout: string;
  stderr: string;
}

/** The machine answers, but has no Docker Engine that does. */
export class EngineMissing extends Error {
  constructor({ address, user, port }: SshAccess) {
    super(`no Docker Engine answers ${user}@${address}, port ${port}`);
  }
}

/** Why a machine can't be reached, in one line for each cause that people can mend. */
export class SshError extends Error {
  constructor(
    readonly access: SshAccess,
    readonly said: string,
  ) {
    super(describe(access, said.trim()));
  }
}

/** Why `ssh` and what is built on it get nowhere. */
export type SshFault = "another host key" | "no such host key" | "key refused" | "unreachable";

/** What `ssh` has said, as one of these. Pure. */
export function sshFault(said: string): SshFault {
  if (/host key verification failed|no .* host key is known|host key .* changed/i.test(said))
    return "another host key";
  if (/no matching host key type/i.test(said)) return "no such host key";
  return /permission denied/i.test(said) ? "key refused" : "unreachable";
}

function describe({ stack, address, port, user, host, hostKey }: SshAccess, said: string): string {
  const at = `${user}@${address}, port ${port}`;
  const fault = sshFault(said);
  if (fault === "another host key")
    return [
      `The host ${host} at ${at} shows another SSH host key than the expected one: another machine may answer there.`,
      `  expected: ${hostKey}`,
      `  fix:      ask the provider's console for the machine's key. If it was installed anew, set muster:host.hostKey; if not, somebody is in between`,
    ].join("\n");
  if (fault === "no such host key")
    return [
      `The host ${host} at ${at} has no SSH host key of the expected kind.`,
      `  expected: ${hostKey}`,
      `  fix:      ask the provider's console for the machine's key and set muster:host.hostKey`,
    ].join("\n");
  if (fault === "key refused")
    return [
      `The host ${host} at ${at} doesn't accept Muster's SSH key.`,
      `  fix: put its public key into ~/.ssh/authorized_keys of ${user} there; ssh-keygen -y -f ${keyFile(stack)} prints it`,
    ].join("\n");
  return [
    `The host ${host} at ${at} can't be reached over SSH.`,
    `  found: ${said === "" ? "no answer" : (said.split("\n").at(-1) ?? said)}`,
    `  fix:   look whether the machine runs, and its firewall lets this address in (muster:machine.sshFrom); where Muster comes through the tunnel (muster:machine.vpn.ssh), connect yours`,
  ].join("\n");
}
