/** A data disk of throwaway machines: a sparse file behind a loop device. It outlives every machine. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const losetup = (...args: string[]): string => execFileSync("losetup", args, { encoding: "utf8" }).trim();

export class DataDisk {
  private constructor(
    private readonly folder: string,
    /** Of this machine, and of the machine that it is attached to. */
    readonly device: string,
  ) {}

  /** An empty disk. */
  static create(sizeGiB: number): DataDisk {
    const folder = mkdtempSync(join(tmpdir(), "muster-e2e-disk-"));
    const file = fileIn(folder);
    writeFileSync(file, "");
    truncateSync(file, sizeGiB * 1024 ** 3);
    try {
      return new DataDisk(folder, losetup("--find", "--show", file));
    } catch (error) {
      rmSync(folder, { recursive: true });
      throw error;
    }
  }

  /** Makes it larger, as a provider does it while the machine runs. */
  grow(sizeGiB: number): void {
    truncateSync(fileIn(this.folder), sizeGiB * 1024 ** 3);
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
    losetup("--detach", this.device);
    rmSync(this.folder, { recursive: true });
  }
}

const fileIn = (folder: string): string => join(folder, "disk");
