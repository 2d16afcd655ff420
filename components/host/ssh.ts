/**
 * How anything reaches a machine over SSH. Nobody's agent, user or ssh configuration decides where containers land,
 * and no connection is made to a machine whose key isn't the expected one. Pure.
 */
import type { HostSettings } from "../../stacks/settings/schema";
import type { Topology } from "../../stacks/topology";
import { mainHost, mediaHost } from "../../stacks/topology/hosts";
import { sshAddress } from "../../stacks/topology/tunnel";

/** Where a Docker Engine answers: `unix:///path/to/docker.sock`, or a machine that has one. */
export type EngineAddress = string | SshAccess;

export interface SshAccess {
  stack: string;
  /** Name of the host within the stack. */
  host: string;
  address: string;
  port: number;
  user: string;
  /** The machine's public key, such as `ssh-ed25519 AAAA...`. */
  hostKey: string;
  /** Folder of the key and the connections. Default: the stack's own. */
  folder?: string;
  /** How long a connection may take to be made. Default: 20. */
  patienceSeconds?: number;
}

/**
 * Folder of a stack's key and connections. Relative, since plugins run in the project's folder: state that holds it
 * is the same for every clone; and short, since a socket's path may have hardly a hundred characters.
 */
export const sshFolder = (stack: string): string => `.muster/ssh/${stack}`;
export const keyFile = (stack: string): string => `${sshFolder(stack)}/key`;
/** Where an access has its key and its connections. */
export const folderOf = ({ stack, folder = sshFolder(stack) }: Pick<SshAccess, "stack" | "folder">): string =>
  folder;
/** Socket of the connection that others may share. */
export const controlFile = (access: SshAccess): string => `${folderOf(access)}/${access.host}.ctl`;
/** The machine's Docker socket, as it stands on this machine while a process keeps a tunnel open. */
export const socketFile = (access: SshAccess, pid: number): string =>
  `${folderOf(access)}/${access.host}.${pid}.sock`;
/** What a machine is called in errors and in its key's record. */
const alias = ({ stack, host }: SshAccess): string => `muster-${stack}-${host}`;

/** Options by which a machine is known by its key alone, and we by ours. */
function pinnedOptions(name: string, hostKey: string, patienceSeconds = 20): Record<string, string> {
  const [keyType = ""] = hostKey.split(" ");
  return {
    IdentitiesOnly: "yes",
    IdentityAgent: "none",
    BatchMode: "yes",
    PreferredAuthentications: "publickey",
    StrictHostKeyChecking: "yes",
    UpdateHostKeys: "no",
    CheckHostIP: "no",
    UserKnownHostsFile: "/dev/null",
    GlobalKnownHostsFile: "/dev/null",
    HostKeyAlias: name,
    KnownHostsCommand: `/bin/echo ${name} ${hostKey}`,
    HostKeyAlgorithms: keyType,
    ForwardAgent: "no",
    ConnectTimeout: String(patienceSeconds),
  };
}

/** As words of a command, with nobody's configuration. */
const optionWords = (key: string, options: Readonly<Record<string, string>>): string[] => [
  ...["-F", "/dev/null", "-i", key],
  ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
];

/** Options of every `ssh` that we or the Docker provider start. */
export function sshOptions(access: SshAccess, role: "client" | "master" = "client"): string[] {
  return optionWords(`${folderOf(access)}/key`, {
    ...pinnedOptions(alias(access), access.hostKey, access.patienceSeconds),
    ServerAliveInterval: "15",
    ServerAliveCountMax: "4",
    // Clients share the connection of a tunnel where one is open.
    ControlMaster: role === "master" ? "yes" : "no",
    ControlPath: controlFile(access),
    LogLevel: "ERROR",
  });
}

/** A folder of another machine, over SFTP. */
export interface SftpPlace {
  host: string;
  port: number;
  user: string;
  hostKey: string;
}

/** Arguments of an `sftp` that reads its commands from standard input. */
export const sftpArguments = (
  { host, port, user, hostKey }: SftpPlace,
  key: string,
  patienceSeconds?: number,
): string[] => [
  ...optionWords(key, {
    ...pinnedOptions("muster-sftp", hostKey, patienceSeconds),
    ControlPath: "none",
    LogLevel: "ERROR",
  }),
  ...["-b", "-", "-P", String(port), "--", `${user}@${host}`],
];

/** Address for the Docker provider, which starts `ssh` with the options above. */
export const dockerHost = ({ user, address, port }: SshAccess): string => `ssh://${user}@${address}:${port}`;

/** Arguments of an `ssh` that runs a command there. */
export const commandArguments = (access: SshAccess, command: string): string[] => [
  ...sshOptions(access),
  ...["-T", "-l", access.user, "-p", String(access.port), "--", access.address, command],
];

/** Arguments of an `ssh` that brings the machine's Docker socket here, and whose connection others may share. */
export const tunnelArguments = (access: SshAccess, socket: string): string[] => [
  ...["-N", "-o", "ExitOnForwardFailure=yes", "-o", "StreamLocalBindUnlink=yes"],
  ...["-L", `${socket}:/var/run/docker.sock`],
  ...sshOptions(access, "master"),
  ...["-l", access.user, "-p", String(access.port), "--", access.address],
];

/** Arguments of an `ssh` that asks whether a connection is there to be shared. */
export const checkArguments = (access: SshAccess): string[] => [
  ...["-O", "check", ...sshOptions(access)],
  ...["-l", access.user, "-p", String(access.port), "--", access.address],
];

/** A server that is there already, as its settings describe it. */
export type Server = Omit<Extract<HostSettings, { provider: "existing" }>, "provider" | "media">;

/** The servers of a stack that are there already, by the names of their hosts. */
export function serversOf({ settings: { host } }: Pick<Topology, "settings">): Record<string, Server> {
  if (host.provider !== "existing") return {};
  return { [mainHost]: host, ...(host.media === undefined ? {} : { [mediaHost]: host.media }) };
}

/** How a server that is there already is reached. */
export function accessOf(
  topology: Pick<Topology, "stack" | "settings" | "hosts">,
  host: string,
  { address, port, user, hostKey }: Server,
): SshAccess {
  return { stack: topology.stack, host, address: sshAddress(topology, host, address), port, user, hostKey };
}
