/** A way over SSH to an address that a machine reaches, as an administrator takes it to a port that isn't open. */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { tcpOpen } from "../../probe";
import { freeTcpPort } from "../helpers/freePort";
import type { ThrowawayMachine } from "./machine/throwaway";

const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"];

export class SshLine {
  private constructor(
    private readonly child: ChildProcess,
    /** On loopback. */
    readonly port: number,
  ) {}

  /** @param inside as the machine reaches it, `ADDRESS:PORT`. */
  static async open(machine: ThrowawayMachine, keyFile: string, inside: string): Promise<SshLine> {
    const port = await freeTcpPort();
    const child = spawn("ssh", [
      ...["-F", "/dev/null", "-N", "-i", keyFile, ...options.flatMap((option) => ["-o", option])],
      ...["-L", `127.0.0.1:${port}:${inside}`, `root@${machine.address}`],
    ]);
    for (let tries = 0; !(await tcpOpen({ host: "127.0.0.1", port })).ok; tries += 1)
      if (tries > 100) throw new Error(`no connection over SSH to ${inside} of ${machine.name}`);
      else await pause(100);
    return new SshLine(child, port);
  }

  get open(): boolean {
    return this.child.exitCode === null;
  }

  close(): void {
    this.child.kill();
  }
}
