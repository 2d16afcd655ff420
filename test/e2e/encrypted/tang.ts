/** A Tang server on this machine: Debian's own, behind a socket. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { tcpOpen } from "../../../probe";

const programs = "/usr/libexec";

export class TangServer {
  private constructor(
    private readonly folder: string,
    private readonly child: ChildProcess,
    readonly url: string,
    /** Of its signing key. */
    readonly thumbprint: string,
  ) {}

  /** Starts one with new keys at an address of this machine. */
  static async start(address: string, port: number): Promise<TangServer> {
    const folder = mkdtempSync(join(tmpdir(), "muster-e2e-tang-"));
    execFileSync(join(programs, "tangd-keygen"), [folder]);
    const [thumbprint = ""] = readdirSync(folder).filter(signs(folder));
    const listen = ["--listen", `${address}:${port}`, "--accept", "--inetd"];
    const child = spawn("systemd-socket-activate", [...listen, join(programs, "tangd"), folder], {
      stdio: ["ignore", "ignore", "ignore"],
    });
    for (let tries = 0; !(await tcpOpen({ host: address, port })).ok; tries += 1)
      if (tries > 100) throw new Error(`no Tang server at ${address}:${port}`);
      else await pause(100);
    return new TangServer(folder, child, `http://${address}:${port}`, thumbprint.replace(".jwk", ""));
  }

  async end(): Promise<void> {
    this.child.kill();
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "close");
    rmSync(this.folder, { recursive: true });
  }
}

const signs =
  (folder: string) =>
  (file: string): boolean =>
    (JSON.parse(readFileSync(join(folder, file), "utf8")) as { alg?: string }).alg === "ES512";
