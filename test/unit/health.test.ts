import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Expectation, healthFile, scriptedHealth } from "../../components/services/health";
import { fill } from "../../components/services/text";

/** The script's shell is busybox in a container; a test's is any that has its built-ins. */
const shell =
  spawnSync("busybox", ["true"]).status === 0
    ? { program: "busybox", args: ["sh"] }
    : { program: "bash", args: [] };

/** Runs the script again and again, with a clock and a `kill` of the test's own. */
class Container {
  private readonly dir = mkdtempSync(join(tmpdir(), "muster-health-"));
  private readonly script: string;

  constructor(expectations: readonly Expectation[], limitSeconds = 8) {
    const busybox = join(this.dir, "busybox");
    writeFileSync(busybox, '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
    const original = fill(healthFile(expectations).content, () => "10.0.0.1");
    this.script = original
      .replace("since=/tmp/", `since=${this.dir}/`)
      .replace("/muster/busybox", busybox)
      .replace("read -r -t 8 ", `read -r -t ${limitSeconds} `)
      .replace("/proc/uptime", join(this.dir, "uptime"));
    // Process 1 is this machine's here: the fake must have its place.
    expect(this.script).not.toMatch(/\/proc\/|=\/tmp\/failing/);
  }

  check(uptimeSeconds: number): { healthy: boolean; signals: string[]; output: string } {
    writeFileSync(join(this.dir, "uptime"), `${uptimeSeconds}.37 1000.00\n`);
    writeFileSync(join(this.dir, "signals"), "");
    const fake = `export check=$$; kill() { case "$*" in *" 1") echo "$*" >> ${this.dir}/signals ;; *) command kill "$@" ;; esac; }\n`;
    const began = Date.now();
    const { status, stdout } = spawnSync(shell.program, [...shell.args, "-c", fake + this.script], {
      encoding: "utf8",
      env: { ...process.env, MUSTER_HEALTH: `${this.dir}/${uptimeSeconds}/` },
    });
    // Nothing of the tests' lasts longer, but for what hangs.
    expect(Date.now() - began).toBeLessThan(8000);
    // One that was killed could see to nothing any more.
    if (status !== null) expect(this.leftBehind(uptimeSeconds)).toEqual([]);
    const signals = readFileSync(join(this.dir, "signals"), "utf8").split("\n").filter(Boolean);
    return { healthy: status === 0, signals, output: stdout };
  }

  /**
   * Commands of the processes that the check at that time has started and not ended. One that was told to end gets time
   * to do so on a busy machine, less than any of them would run by itself.
   */
  private leftBehind(uptimeSeconds: number): string[] {
    const end = Date.now() + 4000;
    let left = this.running(uptimeSeconds);
    while (left.length > 0 && Date.now() < end) {
      spawnSync("sleep", ["0.05"]);
      left = this.running(uptimeSeconds);
    }
    return left;
  }

  private running(uptimeSeconds: number): string[] {
    const mark = `MUSTER_HEALTH=${this.dir}/${uptimeSeconds}/`;
    return readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry))
      .flatMap((pid) => {
        try {
          const mine = readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark);
          return mine ? [readFileSync(`/proc/${pid}/cmdline`, "utf8")] : [];
        } catch {
          return []; // Gone meanwhile, or somebody else's.
        }
      });
  }

  works(name: string, does: boolean): void {
    if (does) writeFileSync(join(this.dir, name), "");
    else rmSync(join(this.dir, name), { force: true });
  }

  remove(): void {
    rmSync(this.dir, { recursive: true });
  }

  static of(restartAfterSeconds?: number): Container {
    const patience = restartAfterSeconds === undefined ? {} : { restartAfterSeconds };
    return new Container([
      { name: "one", command: '[ -e "${busybox%/*}/one" ]', ...patience },
      { name: "two", command: '[ -e "${busybox%/*}/two" ]' },
    ]);
  }
}

describe("a health check that mends", () => {
  let container: Container;
  afterEach(() => {
    container.remove();
  });

  it("is healthy only while everything holds", () => {
    container = Container.of(60);
    container.works("one", true);
    expect(container.check(100)).toMatchObject({ healthy: false, output: "two has failed for 0 s\n" });
    container.works("two", true);
    expect(container.check(101)).toEqual({ healthy: true, signals: [], output: "" });
    container.works("one", false);
    expect(container.check(102)).toMatchObject({ healthy: false, output: "one has failed for 0 s\n" });
  });

  it("ends the main process once something has failed for too long, and harder where that doesn't help", () => {
    container = Container.of(60);
    container.works("two", true);
    expect(container.check(1000).signals).toEqual([]);
    expect(container.check(1059).signals).toEqual([]);
    expect(container.check(1060)).toMatchObject({ healthy: false, signals: ["-TERM 1"] });
    expect(container.check(1179).signals).toEqual(["-TERM 1"]);
    expect(container.check(1180).signals).toEqual(["-TERM 1", "-QUIT 1"]);
  });

  it("counts anew after a time in which it held", () => {
    container = Container.of(60);
    container.works("two", true);
    expect(container.check(1000).healthy).toBe(false);
    container.works("one", true);
    expect(container.check(1050).healthy).toBe(true);
    container.works("one", false);
    expect(container.check(1070).signals).toEqual([]);
    expect(container.check(1129).signals).toEqual([]);
    expect(container.check(1130).signals).toEqual(["-TERM 1"]);
  });

  it("takes for failed what hangs, also where the check itself is ended meanwhile", () => {
    container = new Container([{ name: "one", command: "sleep 30", restartAfterSeconds: 60 }], 0.3);
    expect(container.check(1000)).toMatchObject({ healthy: false, signals: [] });
    expect(container.check(1060)).toMatchObject({ healthy: false, signals: ["-TERM 1"] });
    container.remove();
    const command = '[ -e "${busybox%/*}/calm" ] || kill -KILL $check; false';
    container = new Container([{ name: "one", command, restartAfterSeconds: 60 }]);
    expect(container.check(1000).output).toBe("");
    container.works("calm", true);
    expect(container.check(1060).output).toBe("one has failed for 60 s\n");
  });

  it("leaves alone for ever what may take its time", () => {
    container = Container.of();
    container.works("two", true);
    expect(container.check(10).signals).toEqual([]);
    expect(container.check(100_000)).toMatchObject({ healthy: false, signals: [] });
  });
});

it("is run with the busybox that Muster ships, whatever the image has", () => {
  expect(scriptedHealth({ startSeconds: 60 }).command).toEqual([
    "/muster/busybox",
    "sh",
    "/muster/health.sh",
  ]);
});
