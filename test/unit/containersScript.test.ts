import { spawnSync } from "node:child_process";
import { readFileSync, renameSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { FakeRoot } from "../helpers/shell";
import { projectDir } from "../helpers/stacks";

const script = readFileSync(join(projectDir, "components/services/monitoring/containers.sh"), "utf8");
const ids = { caddy: "a".repeat(64), postgres: "b".repeat(64), own: "c".repeat(64) };

/** A host whose control groups are folders; the script measures once. */
class Host {
  readonly root = new FakeRoot(["/host/cgroup", "/tmp/text", "/tmp", "/muster"]);

  constructor(list: string) {
    this.root.write("/muster/containers", list);
    this.root.write("/programs/hostname", `#!/bin/sh\necho ${ids.own.slice(0, 12)}\n`, 0o755);
    // The one pause ends it.
    this.root.write("/programs/sleep", "#!/bin/sh\nkill $PPID\n", 0o755);
  }

  /** Of version 2. */
  group(path: string, files: Record<string, string> = {}): void {
    const all = {
      "cgroup.events": "populated 1\nfrozen 0\n",
      "memory.current": "3000\n",
      "memory.max": "8000\n",
      "memory.stat": "anon 100\ninactive_file 1000\nactive_file 500\n",
      "memory.events": "low 0\noom 4\noom_kill 2\n",
      "cpu.stat": "usage_usec 70\nuser_usec 60\n",
      ...files,
    };
    this.write(path, all);
  }

  /** Of version 1. */
  oldGroup(path: string, processes = 3): void {
    this.write(`memory/${path}`, {
      // As it is read from another PID namespace.
      "cgroup.procs": "",
      "memory.usage_in_bytes": "3000\n",
      "memory.limit_in_bytes": "8000\n",
      "memory.stat": "inactive_file 1\nactive_file 1\ntotal_inactive_file 1000\ntotal_active_file 500\n",
      "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
    });
    this.write(`pids/${path}`, { "pids.current": `${processes}\n` });
    this.write(`cpuacct/${path}`, { "cpuacct.usage": "70999\n" });
  }

  private write(path: string, files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) this.root.write(`/host/cgroup/${path}/${name}`, text);
    utimesSync(this.root.path(`/host/cgroup/${path}`), 1000, 1000);
  }

  measure(): string[] {
    const path = `${this.root.path("/programs")}:${process.env["PATH"] ?? ""}`;
    spawnSync("sh", ["-c", this.root.redirect(script)], {
      encoding: "utf8",
      env: { PATH: path },
      timeout: 10_000,
    });
    return readFileSync(this.root.path("/tmp/text/containers.prom"), "utf8").trim().split("\n");
  }

  end(): void {
    rmSync(this.root.dir, { recursive: true, force: true });
  }
}

const measured = (service: string): string[] => [
  `muster_container_cpu_microseconds_total{service="${service}"} 70`,
  `muster_container_memory_limit_bytes{service="${service}"} 8000`,
  `muster_container_memory_used_bytes{service="${service}"} 1500`,
  `muster_container_oom_kills_total{service="${service}"} 2`,
  `muster_container_start_time_seconds{service="${service}"} 1000`,
  `muster_container_up{service="${service}"} 1`,
];

describe("the script that looks at containers", () => {
  let host: Host;
  afterEach(() => host.end());
  const sees = (list: string, prepare: (host: Host) => void): string[] => {
    host = new Host(list);
    prepare(host);
    return host.measure();
  };

  const withSystemd = (id: string): string => `system.slice/docker-${id}.scope`;
  it.each<[string, boolean, (id: string) => string]>([
    ["of version 2, with systemd", false, withSystemd],
    ["of version 2", false, (id) => `docker/${id}`],
    [
      "of version 2, for an engine without root",
      false,
      (id) => `user.slice/user-1000.slice/docker-${id}.scope`,
    ],
    ["of version 1, with systemd", true, withSystemd],
    ["of version 1", true, (id) => `docker/${id}`],
    ["of version 1, below another parent", true, (id) => `of/ours/${id}`],
  ])("reads control groups %s", (_, old, place) => {
    const found = sees(`${ids.caddy} caddy\n`, (on) => {
      for (const id of [ids.own, ids.caddy])
        if (old) on.oldGroup(place(id));
        else on.group(place(id));
    });
    expect(found).toEqual(measured("caddy"));
  });

  it("says nothing where it doesn't find even itself", () => {
    expect(() => sees(`${ids.caddy} caddy\n`, (on) => on.group(`docker/${ids.caddy}`))).toThrow("ENOENT");
  });

  it("knows a container that started again by its group's number, whatever the folder's time says", () => {
    const started = (): string => host.measure().find((line) => line.includes("start_time")) ?? "";
    sees(`${ids.caddy} caddy\n`, (on) => [ids.own, ids.caddy].forEach((id) => on.group(`docker/${id}`)));
    expect(started()).toMatch(/ 1000$/);
    utimesSync(host.root.path(`/host/cgroup/docker/${ids.caddy}`), 2000, 2000);
    expect(started()).toMatch(/ 1000$/);
    // The kernel gives no number twice; a file system does, unless the folder is still there.
    renameSync(host.root.path(`/host/cgroup/docker/${ids.caddy}`), host.root.path("/host/cgroup/gone"));
    host.group(`docker/${ids.caddy}`);
    const before = Date.now() / 1000;
    expect(Number(started().split(" ")[1])).toBeGreaterThan(before - 5);
  });

  it("finds itself by its host name, and each of several", () => {
    const found = sees(`- node-exporter\n${ids.caddy} caddy\n`, (on) => {
      on.group(`docker/${ids.own}`);
      on.group(`docker/${ids.caddy}`);
    });
    expect(found).toEqual([...measured("caddy"), ...measured("node-exporter")].sort());
  });

  it.each<[string, (host: Host) => void]>([
    [
      "2",
      (on) => {
        on.group(`docker/${ids.own}`);
        on.group(`docker/${ids.postgres}`, { "cgroup.events": "populated 0\nfrozen 0\n" });
      },
    ],
    [
      "1",
      (on) => {
        on.oldGroup(`docker/${ids.own}`);
        on.oldGroup(`docker/${ids.postgres}`, 0);
      },
    ],
  ])(
    "says of one that is gone, or has no process left (version %s), that it isn't up, and nothing else",
    (_, prepare) => {
      const found = sees(`${ids.caddy} caddy\n${ids.postgres} postgres\n`, prepare);
      expect(found).toEqual([
        'muster_container_up{service="caddy"} 0',
        'muster_container_up{service="postgres"} 0',
      ]);
    },
  );

  it("leaves out what has no number: no limit, and what this kernel doesn't count", () => {
    const found = sees(`${ids.caddy} caddy\n`, (on) => {
      on.group(`docker/${ids.own}`);
      on.group(`docker/${ids.caddy}`, { "memory.max": "max\n", "memory.events": "", "cpu.stat": "" });
    });
    expect(found.map((line) => line.replace(/\{.*/, ""))).toEqual([
      "muster_container_memory_used_bytes",
      "muster_container_start_time_seconds",
      "muster_container_up",
    ]);
  });
});
