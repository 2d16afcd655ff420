/** A machine that takes backups over SFTP: Debian's sshd with a host key and one authorized key of its own. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Daemon, type Place } from "./daemon";

const program = "/usr/sbin/sshd";

/** Whether this machine has what it needs: Debian's package openssh-server. */
export const hasSshd = (): boolean => existsSync(program);

export class SshServer {
  private constructor(
    private readonly folder: string,
    private readonly daemon: Daemon,
    readonly host: string,
    readonly port: number,
  ) {}

  /** The user to sign in as: the one who runs the tests. */
  readonly user = userInfo().username;

  /**
   * @param sshPort above 1023, so that it runs without root too.
   * @param shell lets its user run commands as well.
   */
  static async start(place: Place, sshPort = 2222, shell = false): Promise<SshServer> {
    const folder = mkdtempSync(join(tmpdir(), "muster-e2e-ssh-"));
    const server = new SshServer(
      folder,
      new Daemon(place, sshPort, [program, "-D", "-e", "-f", join(folder, "sshd_config")]),
      place.address,
      sshPort,
    );
    try {
      makeKey(server.path("host_key"));
      makeKey(server.path("client_key"));
      copyFileSync(server.path("client_key.pub"), server.path("authorized_keys"));
      mkdirSync(server.backups);
      writeFileSync(server.path("sshd_config"), configuration(folder, place.address, sshPort, shell));
      // Started as root, it insists on this folder.
      if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
      await server.daemon.start();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** An empty folder to keep a repository in, for `muster:backup.target.path`. */
  get backups(): string {
    return this.path("backups");
  }

  /** For `muster:backup.target.hostKey`: type and key, without name and comment. */
  get hostKey(): string {
    return readFileSync(this.path("host_key.pub"), "utf8").trim().split(" ").slice(0, 2).join(" ");
  }

  /** For `muster:backupSshKey`. */
  get privateKey(): string {
    return readFileSync(this.path("client_key"), "utf8");
  }

  /** What it has logged. */
  get log(): string {
    return this.daemon.log;
  }

  /** Cuts the line: open connections break, and new ones are refused. */
  async drop(): Promise<void> {
    await this.daemon.stop();
  }

  /** Mends it again. */
  async resume(): Promise<void> {
    await this.daemon.start();
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private path(name: string): string {
    return join(this.folder, name);
  }
}

function makeKey(path: string): void {
  const { status, stderr } = spawnSync(
    "ssh-keygen",
    ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path],
    {
      encoding: "utf8",
    },
  );
  if (status !== 0) throw new Error(`ssh-keygen: ${stderr}`);
  chmodSync(path, 0o600);
}

const configuration = (folder: string, address: string, port: number, shell: boolean): string => `
ListenAddress ${address}:${port}
HostKey ${folder}/host_key
AuthorizedKeysFile ${folder}/authorized_keys
PidFile none
# The folder of temporary files above these is anyone's.
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM no
Subsystem sftp internal-sftp
${shell ? "" : "ForceCommand internal-sftp\n"}`;
