import fc from "fast-check";
import { type ContainerPlan, containerArgs, goDuration } from "../../components/platform/container";
import { containerName } from "../../components/platform/names";

const plan: ContainerPlan = {
  name: "muster-test-app",
  image: "app:1.2.3",
  user: { uid: 12, gid: 34 },
  memoryMiB: 64,
  cpus: 0.5,
  sandbox: {},
  entrypoint: undefined,
  command: undefined,
  environment: ["A=1"],
  labels: { "muster.stack": "test" },
  mounts: [{ volume: "v", path: "/v", readOnly: false }],
  networks: [],
  ports: [],
  health: { command: ["true"], intervalSeconds: 90, timeoutSeconds: 5, retries: 3, startSeconds: 3600 },
  lifetime: "service",
  stopGraceSeconds: 7,
};

describe("goDuration", () => {
  it.each([
    [0, "0s"],
    [5, "5s"],
    [59, "59s"],
    [60, "1m0s"],
    [90, "1m30s"],
    [3600, "1h0m0s"],
    [3661, "1h1m1s"],
  ])("writes %i seconds as %s", (seconds, text) => {
    expect(goDuration(seconds)).toBe(text);
  });

  it("loses no second", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (seconds) => {
        const [, h = "0", m = "0", s = "0"] =
          /^(?:(\d+)h)?(?:(\d+)m)?(\d+)s$/.exec(goDuration(seconds)) ?? [];
        expect(Number(h) * 3600 + Number(m) * 60 + Number(s)).toBe(seconds);
        expect(Number(m)).toBeLessThan(60);
        expect(Number(s)).toBeLessThan(60);
      }),
    );
  });
});

describe("a container", () => {
  it("is hardened where its sandbox says nothing", () => {
    expect(containerArgs(plan)).toEqual({
      name: "muster-test-app",
      image: "app:1.2.3",
      user: "12:34",
      envs: ["A=1"],
      labels: [{ label: "muster.stack", value: "test" }],
      mounts: [{ type: "volume", source: "v", target: "/v", readOnly: false }],
      networkMode: "none",
      memory: 64,
      memorySwap: 64,
      cpuShares: 512,
      readOnly: true,
      capabilities: { drops: ["ALL"], adds: [] },
      securityOpts: ["no-new-privileges:true"],
      tmpfs: {},
      healthcheck: {
        tests: ["CMD", "true"],
        interval: "1m30s",
        timeout: "5s",
        startPeriod: "1h0m0s",
        retries: 3,
      },
      wait: true,
      waitTimeout: 3600,
      restart: "unless-stopped",
      mustRun: true,
      logDriver: "json-file",
      logOpts: { "max-size": "10m", "max-file": "3" },
      destroyGraceSeconds: 7,
      stopTimeout: 7,
    });
  });

  it("gets each exception that its sandbox names, and its own user's temporary folders", () => {
    const sandbox: ContainerPlan["sandbox"] = {
      writableRoot: { value: true, reason: "r" },
      capabilities: { value: ["CAP_CHOWN"], reason: "r" },
      temporary: { value: { "/tmp": 16 }, reason: "r" },
      sharedMemoryMiB: { value: 128, reason: "r" },
    };
    expect(containerArgs({ ...plan, sandbox })).toMatchObject({
      readOnly: false,
      capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN"] },
      tmpfs: { "/tmp": "rw,nosuid,nodev,noexec,size=16m,mode=0700,uid=12,gid=34" },
      shmSize: 128,
    });
  });

  it("sees folders of the host only where its sandbox names them, and changes nothing there", () => {
    const { mounts } = containerArgs({
      ...plan,
      mounts: [],
      sandbox: { hostFolders: { value: { "/host/cgroup": "/sys/fs/cgroup" }, reason: "r" } },
    });
    expect(mounts).toEqual([
      { type: "bind", source: "/sys/fs/cgroup", target: "/host/cgroup", readOnly: true },
    ]);
  });

  it("that is a job runs once", () => {
    expect(containerArgs({ ...plan, lifetime: "job" })).toMatchObject({ restart: "no", mustRun: false });
  });

  it("is on its networks alone, with an alias only where it has one, and publishes its ports", () => {
    const networks = [{ name: "own", alias: "app" }, { name: "other" }];
    const ports = [{ number: 80, published: 8080, bind: "127.0.0.1", protocol: "tcp" as const }];
    expect(containerArgs({ ...plan, networks, ports })).toMatchObject({
      networkMode: "bridge",
      networksAdvanced: [{ name: "own", aliases: ["app"] }, { name: "other" }],
      ports: [{ internal: 80, external: 8080, ip: "127.0.0.1", protocol: "tcp" }],
    });
  });

  it("runs its own command only where it has one", () => {
    expect(containerArgs(plan)).not.toHaveProperty("command");
    expect(containerArgs(plan)).not.toHaveProperty("entrypoints");
    expect(containerArgs({ ...plan, entrypoint: ["e"], command: ["c"] })).toMatchObject({
      entrypoints: ["e"],
      command: ["c"],
    });
  });

  it("is called after its stack and service", () => {
    expect(containerName("local", "caddy")).toBe("muster-local-caddy");
  });
});
