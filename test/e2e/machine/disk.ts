/** A data disk of throwaway machines: a sparse file behind a loop device. It outlives every machine. */
import { execFileSync } from "node:child_process";
import { existsSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const losetup = (...args: string[]): string => execFileSync("losetup", args, { encoding: "utf8" }).trim();

export class DataDisk {
  private constructor(
    private readonly file: string,
    /** Of this machine, and of the machine that it is attached to. */
    readonly device: string,
  ) {}

  /** An empty disk; one of that name that an earlier run left goes first. */
  static create(name: string, sizeGiB: number): DataDisk {
    const file = join(tmpdir(), `muster-e2e-disk-${name}`);
    removeFile(file);
    writeFileSync(file, "");
    truncateSync(file, sizeGiB * 1024 ** 3);
    return new DataDisk(file, losetup("--find", "--show", file));
  }

  /** Makes it larger, as a provider does it while the machine runs. */
  grow(sizeGiB: number): void {
    truncateSync(this.file, sizeGiB * 1024 ** 3);
    losetup("--set-capacity", this.device);
  }

  /** The kernel's numbers for it. */
  get numbers(): { major: number; minor: number } {
    const { rdev } = statSync(this.device);
    // As glibc's gnu_dev_major and gnu_dev_minor, for numbers of this size.
    return { major: (rdev >> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >> 12) & 0xfff00) };
  }

  /** Gone for good. No machine may have it mounted any more. */
  remove(): void {
    removeFile(this.file);
  }
}

/** The kernel keeps a device that is in use until it isn't any more. */
function removeFile(file: string): void {
  const devices = existsSync(file) ? losetup("--noheadings", "--output", "NAME", "--associated", file) : "";
  for (const device of devices.split("\n").filter((line) => line !== "")) losetup("--detach", device);
  rmSync(file, { force: true });
}
